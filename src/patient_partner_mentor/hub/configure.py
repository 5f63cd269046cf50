"""Set a JupyterHub up for cohorts: ``configure(settings, c)`` in a ``jupyterhub_config.py``. Needs no running Hub.

Learners get no server of their own unless the settings say so: they sign in and are in the course. Facilitators get
nbgrader's formgrader as a service of the Hub, one for each course. What is decided here, and why: docs/decisions/0016.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from .hub_settings import SERVICE, HubCourse, HubSettings, from_environment
from .look import template_vars
from .proxy import installed_proxy
from .sockets import Door, address, part, service_address

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
ACCOUNTS = "patient_partner_mentor.hub.authenticator.CourseAuthenticator"
BUILT_IN = {"pam": "pam", "accounts": ACCOUNTS}
QUICK = {"interrupt_timeout": 1, "term_timeout": 3, "kill_timeout": 2}  # seconds; the Hub's own take over half a minute
# nbgrader's own parts: the course service takes the place of most, and PAGES of the last
EXTRAS = ("assignment_list", "course_list", "validate_assignment", "formgrader")
PAGES = "patient_partner_mentor.cohort.formgrader_pages"  # loads nbgrader's formgrader
OTHERS = ("jupyter_server_terminals", "voila.server_extension", "jupyterlab", "jupyter_lsp", "notebook", "notebook_shim", "jupyterlab_jupytext")
# What the Hub's own pages for operators need; ours say less in themselves, see templates/layout.html.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def configure(settings: HubSettings, c: Any, proxy_folder: Path | None = None) -> None:
    """Set everything of the Hub that cohorts need.

    :param c: the configuration, as a ``jupyterhub_config.py`` gets it from ``get_config()``
    :param proxy_folder: where npm installed JupyterHub's proxy, for settings that name no ``proxy_command``
    :raises CourseError: when the help text of the course, or a value from the environment, cannot be had
    """
    _hub(settings, c, proxy_folder)
    _sign_in(settings, c)
    _people(settings, c)
    _services(settings, c)
    _learners_servers(settings, c)


def _hub(settings: HubSettings, c: Any, proxy_folder: Path | None) -> None:
    state = settings.state
    hub, proxy, front = (_door(settings, name) for name in ("hub", "proxy", "front"))
    c.JupyterHub.bind_url = address(front.socket, settings.prefix) if settings.front_group else settings.url
    c.JupyterHub.public_url = settings.public_url
    c.JupyterHub.hub_bind_url = c.JupyterHub.hub_connect_url = address(hub.socket)
    c.JupyterHub.hub_socket_mode = hub.mode
    c.JupyterHub.db_url = f"sqlite:///{state / 'jupyterhub.sqlite'}"
    c.JupyterHub.cookie_secret_file = str(state / "cookie_secret")
    c.JupyterHub.cleanup_servers = True
    c.JupyterHub.cleanup_proxy = True
    c.JupyterHub.default_url = f"{settings.prefix}services/{SERVICE}/"
    c.JupyterHub.redirect_to_server = False
    c.JupyterHub.template_paths = [str(TEMPLATES)]
    c.JupyterHub.template_vars = template_vars(settings)
    headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}
    c.JupyterHub.tornado_settings = {"headers": headers, "cookie_options": cookie_options(settings)}
    if settings.root:
        c.JupyterHub.logo_file = str(settings.root / "assets" / "logo.svg")
    c.JupyterHub.proxy_class = "patient_partner_mentor.hub.parts.SocketProxy"
    c.SocketProxy.doors = [hub, proxy, *([front] if settings.front_group else [])]
    c.SocketProxy.others = settings.others
    c.ConfigurableHTTPProxy.command = list(settings.proxy_command or installed_proxy(proxy_folder))
    c.ConfigurableHTTPProxy.api_url = address(proxy.socket)
    c.ConfigurableHTTPProxy.log_level = "WARN"  # it would log addresses
    c.ConfigurableHTTPProxy.pid_file = str(state / "proxy.pid")
    for name, seconds in QUICK.items():
        setattr(c.LocalProcessSpawner, name, seconds)


def cookie_options(settings: HubSettings) -> dict[str, Any]:
    """What each cookie says besides its path: not to be sent by other sites' forms, and by TLS alone where people have TLS."""
    return {"samesite": "Lax"} | ({"secure": True} if settings.origin.startswith("https:") else {})


def _door(settings: HubSettings, kind: str, name: str = "") -> Door:
    """Where a part listens: the Hub and the course service let the group in, all others the proxy alone."""
    folder = part(settings.sockets_folder, kind, name)
    if kind == "front":
        return Door(folder, group=settings.front_group)
    if kind == "grader":
        return Door(folder, settings.courses[name].grader)
    return Door(folder, settings.service.system_account if kind == "service" else "", "" if kind == "proxy" else settings.group)


def course_service_address(settings: HubSettings) -> str:
    """Where the grader's programs ask the course service: straight at its socket, or where its replicas are."""
    path = f"{settings.prefix}services/{SERVICE}/"
    return settings.origin + path if settings.service.token else address(_door(settings, "service").socket, path)


def _sign_in(settings: HubSettings, c: Any) -> None:
    from .persons import with_persons  # late, as with the services below

    sign_in = settings.sign_in
    c.JupyterHub.authenticator_class = with_persons(BUILT_IN.get(sign_in.by, sign_in.by))
    c.Authenticator.allowed_users = set(everybody(settings))
    c.Authenticator.allow_existing_users = True  # whom a facilitator added in the page
    c.Authenticator.admin_users = set(settings.admins)
    if sign_in.by == "accounts":
        c.CourseAuthenticator.accounts_file = str(settings.state / "accounts.json")
        c.CourseAuthenticator.link_days = sign_in.link_days
        c.CourseAuthenticator.public_url = settings.public_url or ""
        c.CourseAuthenticator.trusted = sorted({*settings.admins, *(one for course in settings.courses.values() for one in course.facilitators)})
        c.CourseAuthenticator.address = settings.origin + settings.prefix
    for name, options in sign_in.options.items():
        for option, value in from_environment(options).items():
            setattr(c[name], option, value)


def everybody(settings: HubSettings) -> list[str]:
    """All accounts that the settings name."""
    named = {account for course in settings.courses.values() for account in (*course.learners, *course.facilitators)}
    return sorted(named | set(settings.admins))


def _people(settings: HubSettings, c: Any) -> None:
    groups: dict[str, dict[str, list[str]]] = {}
    for name, course in settings.courses.items():
        groups[f"nbgrader-{name}"] = {"users": list(course.learners)}
        groups[f"formgrade-{name}"] = {"users": list(course.facilitators)}
    c.JupyterHub.load_groups = groups
    c.JupyterHub.load_roles = roles(settings)


def roles(settings: HubSettings) -> list[dict[str, Any]]:
    """Who may what at the Hub. The course service itself decides by groups, and everybody may ask it."""
    course_service = f"access:services!service={SERVICE}"
    own = ["self"] if settings.servers != "none" else ["read:users!user", "users:activity!user"]
    found: list[dict[str, Any]] = [{"name": "user", "scopes": [*own, course_service]}]
    for name in settings.courses:
        found.append({"name": f"formgrade-{name}", "groups": [f"formgrade-{name}"], "scopes": [f"access:services!service={name}"]})
        # who learns here, and no more: whoever facilitates can use this token, and puts people in by the roster's page
        grading = [course_service, f"list:groups!group=nbgrader-{name}", f"read:groups!group=nbgrader-{name}"]
        found.append({"name": f"grader-{name}", "services": [name], "scopes": grading})
    if settings.sign_in.roster:
        scopes = [f"read:groups!group=nbgrader-{name}" for name in settings.courses]
        if settings.sign_in.by != "accounts":  # there the Hub's own page for links does it, and the token may do nothing
            scopes = ["admin:users", *[f"groups!group=nbgrader-{name}" for name in settings.courses]]
        found.append({"name": "roster", "services": [SERVICE], "scopes": scopes})
    return found


def _services(settings: HubSettings, c: Any) -> None:
    from .parts import use_parts  # late: it imports all of JupyterHub, which settings alone do not need

    use_parts([_door(settings, "service"), *[_door(settings, "grader", name) for name in settings.courses]], settings.others)
    c.JupyterHub.services = [_course_service(settings), *[_formgrader(settings, name, course) for name, course in settings.courses.items()]]


def _course_service(settings: HubSettings) -> dict[str, Any]:
    ours = settings.service
    found: dict[str, Any] = {"name": SERVICE, "url": ours.url or service_address(_door(settings, "service").socket), "oauth_no_confirm": True}
    if ours.token:
        return found | {"api_token": from_environment({"service.token": ours.token})["service.token"]}
    link = {"none": "no", "accounts": "yes"}.get(settings.sign_in.by if settings.sign_in.roster else "none", "address")
    environment = {"PPM_SERVICE_SETTINGS": str(ours.settings), "PPM_ROSTER": link, "PPM_PERSONS": "yes", "PATH": path(), "JUPYTERHUB_COOKIE_OPTIONS": json.dumps(cookie_options(settings))}
    if "PPM_COOKIE_SECRET" in os.environ:
        environment["PPM_COOKIE_SECRET"] = os.environ["PPM_COOKIE_SECRET"]
    return found | {"command": _program(settings, "patient_partner_mentor.hub.course_service"), "environment": environment, "user": ours.system_account}


def _formgrader(settings: HubSettings, name: str, course: HubCourse) -> dict[str, Any]:
    """nbgrader's formgrader: a notebook server without the rest of nbgrader's pages, for facilitators of the course alone."""
    extensions = {f"nbgrader.server_extensions.{one}": False for one in EXTRAS} | dict.fromkeys(OTHERS, False) | {PAGES: True}
    arguments = [
        f"--ServerApp.root_dir={course.folder}",
        f"--ServerApp.jpserver_extensions={extensions}",
        "--ServerApp.terminals_enabled=False",
        "--log-level=WARN",
    ]
    if not course.grader and hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--allow-root")  # a container's only account; elsewhere the settings name one
    environment = {
        "JUPYTERHUB_DEFAULT_URL": "/formgrader",
        "JUPYTERHUB_USER": course.grader or f"grader-{name}",  # nbgrader asks for a name before it asks the Hub
        "PPM_SERVICE_URL": course_service_address(settings),
        "JUPYTERHUB_COOKIE_OPTIONS": json.dumps(cookie_options(settings)),
        "PATH": path(),
    }
    found = {"name": name, "url": service_address(_door(settings, "grader", name).socket), "oauth_no_confirm": True, "cwd": str(course.folder), "user": course.grader}
    if course.token:
        found["api_token"] = from_environment({f"courses.{name}.token": course.token})[f"courses.{name}.token"]
    return found | {"command": [*_program(settings, "patient_partner_mentor.hub.formgrader"), *arguments], "environment": environment}


def path() -> str:
    """The programs' search path, with this environment's own first: nbgrader starts ``alembic`` and ``jupyter`` by name."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def _program(settings: HubSettings, module: str) -> list[str]:
    watched = ["patient_partner_mentor.hub.watched"] if settings.with_parent else []
    return [sys.executable, "-m", *watched, module]


def _learners_servers(settings: HubSettings, c: Any) -> None:
    """Servers of learners' own, where the settings want them."""
    if settings.servers == "none":
        c.JupyterHub.spawner_class = "patient_partner_mentor.hub.servers.NoServer"
        return
    from .servers import own_servers

    own_servers(settings, c)
