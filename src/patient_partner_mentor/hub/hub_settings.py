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
from .sockets import LONGEST

SETTINGS = "PPM_HUB_SETTINGS"
SERVICE = "course"  # the course service's name at the Hub: it stands at /services/course/
Account = Annotated[str, StringConstraints(pattern=r"^[\w][\w.@+-]{0,127}$", to_lower=True)]
Servers = Literal["none", "apps", "lab"]
LONGEST_FOLDER = LONGEST - len("/grader-") - 24 - len("/sock")


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class HubCourse(_Settings):
    """One course: its nbgrader folder, and its people as far as they are known when the Hub starts."""

    folder: Path
    learners: tuple[Account, ...] = ()
    facilitators: tuple[Account, ...] = ()
    grader: str = ""  # the system account that the formgrader runs as; nothing: the Hub's own
    token: str | None = None  # of the formgrader's service, for nbgrader's commands in a terminal; without one the Hub makes one


class CourseService(_Settings):
    """The course service: started by the Hub, or by somebody else when ``token`` says how the Hub knows it."""

    settings: Path
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
    public_url: str = ""
    state: Path
    sockets: Path | None = None
    group: str = ""  # the system group of the accounts that services and graders run as, where these are not the Hub's
    front_group: str = ""  # the system group of the server with TLS, when the proxy is to listen at a socket for it
    root: Path | None = None
    book: Path | None = None  # the built book, for learners' own servers with apps
    service: CourseService
    courses: Annotated[dict[CourseName, HubCourse], Field(min_length=1)]
    sign_in: SignIn = SignIn()
    admins: tuple[Account, ...] = ()
    servers: Servers = "none"
    resources: Resources = Resources()
    proxy_command: tuple[str, ...] = ()  # nothing: as npm installed it in the clone, else by its name
    with_parent: bool = False  # everything ends with the program that started the Hub: for a trial

    @field_validator("url", "public_url")
    @classmethod
    def _whole(cls, value: str) -> str:
        where = urlparse(value)
        if value and (where.scheme not in ("http", "https") or not where.hostname or where.query):
            raise ValueError("this is like 'http://127.0.0.1:8000/', or with a path before the last slash")
        return value if value.endswith("/") or not value else value + "/"

    @model_validator(mode="after")
    def _apart(self) -> HubSettings:
        if SERVICE in self.courses:
            raise ValueError(f"a course cannot be called '{SERVICE}', since the course service is")
        if self.public_url and urlparse(self.public_url).path != self.prefix:
            raise ValueError(f"public_url and url end in different paths ('{urlparse(self.public_url).path}' and '{self.prefix}'); the server with TLS passes paths on as they are")
        if self.front_group and not self.public_url:
            raise ValueError("front_group is for a server with TLS in front, so it needs public_url too: the address that people use")
        return self

    @model_validator(mode="after")
    def _sockets(self) -> HubSettings:
        if self.accounts and not self.group:
            raise ValueError(f"'{self.accounts[0]}' is another account than the Hub's. Make a system group for these accounts (groupadd ppm; usermod -aG ppm {self.accounts[0]}) and name it as group")
        if (self.accounts or self.front_group or self.servers != "none") and not self.sockets:
            raise ValueError("other accounts have to get at the sockets, and not at the state. Name a folder for them as sockets, such as /run/ppm")
        if len(os.fsencode(self.sockets_folder)) > LONGEST_FOLDER:
            raise ValueError(f"the path of a socket would be too long for the system. Name a folder of at most {LONGEST_FOLDER} letters as sockets, such as /run/ppm")
        return self

    @property
    def prefix(self) -> str:
        """The path that everything stands under, with slashes at both ends."""
        return urlparse(self.url).path

    @property
    def origin(self) -> str:
        """The address that people use, without its path."""
        where = urlparse(self.public_url or self.url)
        return f"{where.scheme}://{where.netloc}"

    @property
    def accounts(self) -> list[str]:
        """The system accounts besides the Hub's own that parts of it run as."""
        return sorted({account for account in (self.service.system_account, *[one.grader for one in self.courses.values()]) if account})

    @property
    def others(self) -> bool:
        """Whether other accounts have sockets beside the Hub's."""
        return bool(self.accounts or self.front_group or self.servers != "none")

    @property
    def sockets_folder(self) -> Path:
        """Where the parts listen, each in a folder of its own."""
        return self.sockets or self.state / "sockets"


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
