"""The settings of a JupyterHub for cohorts: one file, named by ``PPM_HUB_SETTINGS``, as JSON or YAML.

Every field is described for operators in ``deploy/README.md``. A small one::

    url: http://127.0.0.1:8000/
    state: /srv/ppm/hub
    service: {settings: /srv/ppm/service.yml}
    courses:
      ppm-2026: {folder: /srv/ppm/courses/ppm-2026, facilitators: [fay]}
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlparse

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from ..errors import CurriculumError
from .service_settings import CourseName
from .settings_file import checked, read_settings

SETTINGS = "PPM_HUB_SETTINGS"
SERVICE = "course"  # the course service's name at the Hub: it stands at /services/course/
Account = Annotated[str, StringConstraints(pattern=r"^[\w][\w.@+-]{0,127}$", to_lower=True)]
Port = Annotated[int, Field(ge=1, le=65535)]
Servers = Literal["none", "apps", "lab"]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class HubCourse(_Settings):
    """One course: its nbgrader folder, and its people as far as they are known when the Hub starts."""

    folder: Path
    learners: tuple[Account, ...] = ()
    facilitators: tuple[Account, ...] = ()
    grader: str = ""  # the system account that the formgrader runs as; nothing: the Hub's own
    port: Port = 10111
    token: str | None = None  # of the formgrader's service, for nbgrader's commands in a terminal; without one the Hub makes one


class CourseService(_Settings):
    """The course service: started by the Hub, or by somebody else when ``token`` says how the Hub knows it."""

    settings: Path
    port: Port = 10101
    token: str | None = None
    url: str | None = None
    system_account: str = ""


class SignIn(_Settings):
    """How people sign in.

    :param by: ``pam``, ``accounts`` (passwords of ours, with join links), or the name of an Authenticator's class
    :param options: settings of Authenticator classes; a value ``env:NAME`` is taken from the environment
    """

    by: str = "pam"
    options: dict[str, dict[str, Any]] = {}
    roster: bool = True  # whether facilitators may add learners in a page
    link_days: Annotated[int, Field(ge=1, le=90)] = 14


class Resources(_Settings):
    """What a learner's own server may take, where learners get one."""

    memory: str | None = "512M"
    idle_minutes: Annotated[int, Field(ge=5)] = 30


class HubSettings(_Settings):
    """All settings of the Hub; see the module's own words."""

    url: str = "http://127.0.0.1:8000/"
    state: Path
    root: Path | None = None
    book: Path | None = None  # the built book, for learners' own servers with apps
    service: CourseService
    courses: Annotated[dict[CourseName, HubCourse], Field(min_length=1)]
    sign_in: SignIn = SignIn()
    admins: tuple[Account, ...] = ()
    servers: Servers = "none"
    resources: Resources = Resources()
    hub_port: Port = 8081
    proxy_port: Port = 8001
    proxy_command: tuple[str, ...] = ("configurable-http-proxy",)
    with_parent: bool = False  # everything ends with the program that started the Hub: for a trial

    @field_validator("url")
    @classmethod
    def _whole(cls, value: str) -> str:
        where = urlparse(value)
        if where.scheme not in ("http", "https") or not where.hostname or where.query:
            raise ValueError("this is like 'http://127.0.0.1:8000/', or with a path before the last slash")
        return value if value.endswith("/") else value + "/"

    @model_validator(mode="after")
    def _apart(self) -> HubSettings:
        if SERVICE in self.courses:
            raise ValueError(f"a course cannot be called '{SERVICE}', since the course service is")
        ports = [self.hub_port, self.proxy_port, self.service.port, urlparse(self.url).port, *[one.port for one in self.courses.values()]]
        twice = sorted({port for port in ports if port and ports.count(port) > 1})
        if twice:
            raise ValueError(f"port {twice[0]} is given twice; each course, the service, the Hub and the proxy need one of their own")
        return self

    @property
    def prefix(self) -> str:
        """The path that everything stands under, with slashes at both ends."""
        return urlparse(self.url).path


def load_hub_settings(path: Path | None = None) -> HubSettings:
    """The settings out of their file.

    :param path: by default what ``PPM_HUB_SETTINGS`` names
    :raises CurriculumError: with the field, what was expected and what to do
    """
    return read_settings(HubSettings, path, SETTINGS, "the Hub")


def hub_settings(data: Any, named: str) -> HubSettings:
    """The settings out of plain data.

    :param named: what to call them in an error
    :raises CurriculumError: with the field, what was expected and what to do
    """
    return checked(HubSettings, data, named, "the Hub")


def from_environment(options: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Options with what ``env:NAME`` stands for, so that no secret needs to stand in the file.

    :raises CurriculumError: when there is no such variable
    """
    found = {}
    for name, value in options.items():
        if isinstance(value, str) and value.startswith("env:"):
            if value[4:] not in environment:
                raise CurriculumError(f"The settings take {name} from the environment variable {value[4:]}, and it is not set. Set it and start the Hub again.")
            value = environment[value[4:]]
        found[name] = value
    return found
