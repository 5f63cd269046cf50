"""JupyterHub's own parts where it has no setting: services and servers at sockets, services looked after sooner, signing out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import tornado.httpserver
from jupyterhub import objects
from jupyterhub.handlers.login import LogoutHandler
from jupyterhub.proxy import ConfigurableHTTPProxy
from jupyterhub.services import service
from jupyterhub.utils import unix_socket_in_use
from traitlets import Any as AnyTrait, Bool, Integer, List

from ..errors import CourseError
from .memory import give_back
from .small_bodies import LittleAtATime
from .sockets import Door, socket_of

KEPT_OPEN = Path(__file__).parent / "kept_open.cjs"
_NODE = "NODE_OPTIONS"
LOOK = 3  # seconds between two looks at a service: while it is away, learners read that the course is
_HOST = objects.Server.host
_LOGOUT = LogoutHandler.get


class SocketProxy(ConfigurableHTTPProxy):
    """The proxy, whose door for the Hub is a socket, and perhaps the one for the world."""

    doors = List(AnyTrait(), help="The folders of the Hub's and the proxy's sockets; the Hub's comes first.").tag(config=True)
    others = Bool(False, help="Whether other accounts have sockets beside them.").tag(config=True)
    _begun = False

    async def start(self) -> None:
        """Make the folders, clear away what a killed proxy left, and start it."""
        if not self._begun and self.doors and unix_socket_in_use(str(self.doors[0].socket)):
            raise CourseError(f"Another Hub runs with the sockets in {self.doors[0].folder.parent}. Stop it first.")
        for door in self.doors:
            door.make(self.others)
        self._check_previous_process()
        for door in self.doors[1:]:
            door.socket.unlink(missing_ok=True)
        self._begun = True
        with _node_options(f'--require "{KEPT_OPEN}"'):
            await super().start()


@contextmanager
def _node_options(more: str) -> Iterator[None]:
    """What Node is told when the proxy is started, however the settings start it: JupyterHub hands it the Hub's own environment."""
    before = os.environ.get(_NODE)
    os.environ[_NODE] = f"{before or ''} {more}".strip()
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_NODE, None)
        else:
            os.environ[_NODE] = before


class ServiceSpawner(service._ServiceSpawner):  # noqa: SLF001 - there is no other way in
    """Starts a service of the Hub, with the folder of its socket, and looks every few seconds whether it has ended."""

    poll_interval = Integer(LOOK)
    doors: ClassVar[dict[Path, Door]] = {}
    others: ClassVar[bool] = False

    def start(self) -> Any:
        """Make the folder, and start the program."""
        found = socket_of(self.environment.get("JUPYTERHUB_SERVICE_URL", ""))
        if found in self.doors:
            self.doors[found].make(self.others)
        return super().start()


def _host(server: objects.Server) -> str:
    """Where a part is asked: JupyterHub keeps a service's host and port, and a socket's path stands as the host."""
    return f"http+unix://{server.ip}" if server.ip.startswith("%2f") else str(_HOST.fget(server))


async def _sign_out(handler: LogoutHandler) -> None:
    """Sign out when a page of ours or the person asks; a link or picture on a page of another site only gets the question."""
    ours = ("same-origin", "none", *(["same-site"] if handler.subdomain_host else []))
    if handler.current_user and handler.request.headers.get("Sec-Fetch-Site") not in ours:
        handler.set_header("Cache-Control", "no-store")
        handler.finish(await handler.render_template("leave.html"))
    else:
        await _LOGOUT(handler)


def use_parts(doors: list[Door], others: bool) -> None:
    """Have JupyterHub use what stands here.

    :param doors: of the services that the Hub starts; :param others: whether other accounts have sockets beside them
    """
    give_back()
    ServiceSpawner.doors, ServiceSpawner.others = {door.socket: door for door in doors}, others
    service._ServiceSpawner = ServiceSpawner  # noqa: SLF001
    objects.Server.host = property(_host)
    LogoutHandler.get, LogoutHandler.post = _sign_out, _LOGOUT  # a form carries the page's own token, which the Hub looks at
    tornado.httpserver.HTTPServer = LittleAtATime  # where the Hub takes it from when it starts
