"""How a Hub is set up: from settings alone, with no Hub running."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jupyterhub.auth import DummyAuthenticator, PAMAuthenticator
from jupyterhub.services import service as stock
from traitlets.config import Config

from patient_partner_mentor.errors import CurriculumError
from patient_partner_mentor.hub.authenticator import CourseAuthenticator
from patient_partner_mentor.hub.configure import configure
from patient_partner_mentor.hub.hub_settings import HubSettings, hub_settings, load_hub_settings
from patient_partner_mentor.hub.look import template_vars
from patient_partner_mentor.hub.parts import LOOK, ServiceSpawner
from patient_partner_mentor.hub.persons import Persons
from patient_partner_mentor.hub.sockets import socket_of

ROOT = Path(__file__).parents[2]


def settings(**more: Any) -> HubSettings:
    """Settings of a Hub for two courses."""
    data = {
        "state": "/srv/ppm/hub",
        "root": str(ROOT),
        "sockets": "/run/ppm",
        "group": "ppm",
        "service": {"settings": "/srv/ppm/service.yml"},
        "courses": {
            "ppm-a": {"folder": "/srv/ppm/a", "learners": ["Ana", "ben"], "facilitators": ["fay"], "grader": "grader-a"},
            "ppm-b": {"folder": "/srv/ppm/b", "learners": ["ben", "cleo"], "facilitators": ["gus"]},
        },
    }
    return hub_settings(data | more, "these settings")


def configured(**more: Any) -> Config:
    """The configuration that comes of settings."""
    c = Config()
    configure(settings(**more), c)
    return c


def roles(c: Config) -> dict[str, dict[str, Any]]:
    """The Hub's roles by name."""
    return {role["name"]: role for role in c.JupyterHub.load_roles}


def services(c: Config) -> dict[str, dict[str, Any]]:
    """The Hub's services by name."""
    return {service["name"]: service for service in c.JupyterHub.services}


def test_each_course_has_its_groups() -> None:
    """A learner of two courses is in both groups; names are as the Hub writes them."""
    groups = configured().JupyterHub.load_groups
    assert {name: group["users"] for name, group in groups.items()} == {
        "nbgrader-ppm-a": ["ana", "ben"],
        "formgrade-ppm-a": ["fay"],
        "nbgrader-ppm-b": ["ben", "cleo"],
        "formgrade-ppm-b": ["gus"],
    }


def test_a_service_that_ended_is_seen_soon() -> None:
    """Also where a Hub's settings are read more than once."""
    configured()
    configured()
    ended = stock._ServiceSpawner()  # noqa: SLF001 - the Hub makes one for each service
    assert ended.poll_interval == LOOK < 5


def test_a_formgrader_is_for_its_own_facilitators() -> None:
    """One service a course, linked directly, and a role that no other course's people have."""
    c = configured()
    assert set(services(c)) == {"course", "ppm-a", "ppm-b"}
    ours = services(c)["ppm-a"]
    assert ours["environment"]["JUPYTERHUB_DEFAULT_URL"] == "/formgrader"
    assert (ours["user"], ours["cwd"], ours["oauth_no_confirm"]) == ("grader-a", "/srv/ppm/a", True)
    assert roles(c)["formgrade-ppm-a"] == {"name": "formgrade-ppm-a", "groups": ["formgrade-ppm-a"], "scopes": ["access:services!service=ppm-a"]}
    assert "groups!group=nbgrader-ppm-b" not in roles(c)["grader-ppm-a"]["scopes"]
    assert services(c)["ppm-b"]["environment"]["JUPYTERHUB_USER"] == "grader-ppm-b"


def test_nbgraders_pages_for_learners_are_off() -> None:
    """Only the formgrader is on, by our pages, and only at the facilitators'."""
    said = " ".join(services(configured())["ppm-a"]["command"])
    assert "'patient_partner_mentor.cohort.formgrader_pages': True" in said
    for name in ("assignment_list", "course_list", "validate_assignment", "formgrader"):
        assert f"'nbgrader.server_extensions.{name}': False" in said


def test_learners_have_no_server_and_no_token_unless_told() -> None:
    """Their role lets them open the course service, and nothing else."""
    c = configured()
    assert roles(c)["user"]["scopes"] == ["read:users!user", "users:activity!user", "access:services!service=course"]
    assert c.JupyterHub.default_url == "/services/course/"
    assert c.JupyterHub.redirect_to_server is False
    assert c.JupyterHub.spawner_class.endswith("NoServer")


@pytest.mark.parametrize("kind", ["apps", "lab"])
def test_a_hub_may_give_servers(kind: str) -> None:
    """Then hand-ins go by the Hub's name of the learner, whatever the system calls the account."""
    c = configured(servers=kind)
    assert "self" in roles(c)["user"]["scopes"]
    assert c.Spawner.environment["PPM_HOST"] == "kernel"


def test_every_part_listens_where_nobody_else_can() -> None:
    """At a socket in a folder of its own: the Hub, the proxy's door for the Hub, and every service. Only the way in is a port."""
    c = configured()
    addresses = [c.JupyterHub.hub_bind_url, c.ConfigurableHTTPProxy.api_url, *[one["url"] for one in services(c).values()]]
    sockets = [socket_of(one) for one in addresses]
    assert sockets == [Path("/run/ppm", name, "sock") for name in ("hub", "proxy", "service", "grader-ppm-a", "grader-ppm-b")]
    doors = {door.folder.name: door for door in (*c.SocketProxy.doors, *ServiceSpawner.doors.values())}
    assert {name: (door.owner, door.group) for name, door in doors.items()} == {
        "hub": ("", "ppm"),
        "proxy": ("", ""),
        "service": ("", "ppm"),
        "grader-ppm-a": ("grader-a", ""),
        "grader-ppm-b": ("", ""),
    }
    assert c.JupyterHub.bind_url == "http://127.0.0.1:8000/"
    assert configured(url="http://0.0.0.0:80/hubs/").JupyterHub.default_url == "/hubs/services/course/"


def test_behind_a_server_with_tls_all_follows_from_one_address() -> None:
    """What people use is said once; the proxy may listen at a socket for that server alone."""
    c = configured(url="http://127.0.0.1:8000/hubs/", public_url="https://course.example.org/hubs/", front_group="www-data")
    assert c.JupyterHub.public_url == "https://course.example.org/hubs/"
    assert c.JupyterHub.bind_url.endswith("/hubs/") and socket_of(c.JupyterHub.bind_url) == Path("/run/ppm/front/sock")
    assert c.SocketProxy.doors[-1].group == "www-data"


@pytest.mark.parametrize(
    ("sign_in", "authenticator", "roster", "scopes"),
    [
        ({"by": "pam"}, PAMAuthenticator, "address", ["admin:users", "groups!group=nbgrader-ppm-a", "groups!group=nbgrader-ppm-b"]),
        ({"by": "accounts"}, CourseAuthenticator, "yes", ["read:groups!group=nbgrader-ppm-a", "read:groups!group=nbgrader-ppm-b"]),
        ({"by": "jupyterhub.auth.DummyAuthenticator", "roster": False}, DummyAuthenticator, "no", None),
        ({"by": "dummy"}, DummyAuthenticator, "address", ["admin:users", "groups!group=nbgrader-ppm-a", "groups!group=nbgrader-ppm-b"]),
    ],
)
def test_the_way_to_sign_in_is_a_setting(sign_in: dict[str, Any], authenticator: type, roster: str, scopes: list[str] | None) -> None:
    """Any class has the page for persons put into it; the roster's rights are no larger than it needs."""
    c = configured(sign_in=sign_in)
    assert issubclass(c.JupyterHub.authenticator_class, authenticator) and issubclass(c.JupyterHub.authenticator_class, Persons)
    assert services(c)["course"]["environment"]["PPM_PERSONS"] == "yes"
    assert c.Authenticator.allowed_users == {"ana", "ben", "cleo", "fay", "gus"}
    assert services(c)["course"]["environment"]["PPM_ROSTER"] == roster
    assert roles(c).get("roster", {}).get("scopes") == scopes


@pytest.mark.parametrize("name", ["nobody.wrote.ThisAuthenticator", "jupyterhub.auth.NoSuchOne", "pathlib.Path", "nothing"])
def test_a_class_that_is_none_is_named(name: str) -> None:
    """With what to do, before the Hub starts."""
    with pytest.raises(CurriculumError, match=name):
        configured(sign_in={"by": name})


def test_secrets_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value 'env:NAME' is taken from there; without it nothing starts."""
    options = {"by": "dummy", "options": {"DummyAuthenticator": {"password": "env:PPM_TEST_SECRET"}}}
    with pytest.raises(CurriculumError, match="PPM_TEST_SECRET"):
        configured(sign_in=options)
    monkeypatch.setenv("PPM_TEST_SECRET", "made up")
    c = configured(sign_in=options)
    assert c.DummyAuthenticator.password == "made up"


def test_a_service_of_somebody_elses_has_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several replicas are started by the system; the Hub knows them by their token and starts none."""
    monkeypatch.setenv("PPM_TEST_TOKEN", "made up")
    ours = services(configured(service={"settings": "/srv/ppm/service.yml", "token": "env:PPM_TEST_TOKEN", "url": "http://course:10101"}))["course"]
    assert ours == {"name": "course", "url": "http://course:10101", "oauth_no_confirm": True, "api_token": "made up"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"courses": {}}, "courses"),
        ({"courses": {"course": {"folder": "/x"}}}, "cannot be called 'course'"),
        ({"courses": {"a b": {"folder": "/x"}}}, "courses.a b"),
        ({"courses": {"a": {"folder": "/x", "learners": ["no name"]}}}, "courses.a.learners.0"),
        ({"group": ""}, "groupadd ppm; usermod -aG ppm grader-a"),
        ({"sockets": None}, "such as /run/ppm"),
        ({"sockets": "/" + "long/" * 20}, "at most 63 letters"),
        ({"front_group": "www-data"}, "needs public_url"),
        ({"public_url": "https://course.example.org/other/"}, "different paths"),
        ({"public_url": "course.example.org"}, "public_url"),
        ({"url": "course.example.org"}, "url"),
        ({"servers": "many"}, "servers"),
        ({"colour": "green"}, "colour"),
    ],
)
def test_settings_that_cannot_be_are_said(more: dict[str, Any], said: str) -> None:
    """The field, what is expected, and what to do."""
    with pytest.raises(CurriculumError, match=said) as refused:
        settings(**more)
    assert "Mend the file" in str(refused.value)


def test_settings_are_read_from_the_file_that_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As YAML or JSON."""
    with pytest.raises(CurriculumError, match="PPM_HUB_SETTINGS"):
        load_hub_settings()
    file = tmp_path / "hub.yml"
    file.write_text(yaml.safe_dump(settings().model_dump(mode="json")), "utf-8")
    monkeypatch.setenv("PPM_HUB_SETTINGS", str(file))
    assert load_hub_settings() == settings()


def test_the_pages_policy_lets_nothing_in() -> None:
    """What stands in the page is named by its hash; nothing is asked of anybody but the Hub."""
    found = template_vars(settings())
    policy = dict(part.strip().split(" ", 1) for part in found["ppm_policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in found["ppm_policy"] and "http" not in found["ppm_policy"]
    assert policy["script-src"].count("sha256-") == 2


def test_every_field_is_in_the_operators_words(root: Path) -> None:
    """deploy/README.md names each setting of the Hub and of the course service."""
    said = (root / "deploy" / "README.md").read_text("utf-8")
    from patient_partner_mentor.hub import hub_settings as hub, service_settings as service

    for model in (hub.HubSettings, hub.HubCourse, hub.CourseService, hub.SignIn, hub.Resources, service.ServiceSettings, service.CourseSettings, service.Quotas):
        for field in model.model_fields:
            assert f"`{field}`" in said, f"{model.__name__}.{field}"


def test_the_glue_is_a_few_lines(root: Path) -> None:
    """What stands in jupyterhub_config.py is one call."""
    lines = [line for line in (root / "deploy" / "jupyterhub_config.py").read_text("utf-8").splitlines() if line.strip()]
    assert len(lines) <= 5
