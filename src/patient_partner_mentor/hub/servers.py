"""Servers of learners' own: none, unless the settings say so; then each as the learner's own system account."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from jupyterhub.spawner import LocalProcessSpawner, Spawner
from traitlets import Unicode

from .hub_settings import SERVICE, HubSettings
from .look import course_root
from .sockets import Door, encoded, part

LEARNER = Path(__file__).parent / "learner"  # settings of Jupyter and nbgrader for learners' servers


class NoServer(Spawner):
    """Starts nothing: on this Hub, learners work in the course itself."""

    async def start(self) -> Any:
        """Refuse."""
        raise RuntimeError("This Hub starts no servers for learners.")

    async def stop(self, now: bool = False) -> None:
        """Nothing runs."""

    async def poll(self) -> int:
        """It does not run."""
        return 0


class OwnServer(LocalProcessSpawner):
    """A learner's own server, run as the learner's own system account, at a socket in a folder that this account alone may enter."""

    sockets = Unicode(help="The folder of all sockets.").tag(config=True)

    def account(self) -> str:
        """The system account that the server runs as."""
        return str(self.user.name)

    async def start(self) -> Any:
        """Make the folder, and have the server listen in it: JupyterHub keeps host and port, and the path is the host."""
        door = Door(part(Path(self.sockets), "user", self.user.name + (f" {self.name}" if self.name else "")), self.account())
        door.make(walked_by_others=True)
        self.ip, self.port = encoded(door.socket), 1
        return await super().start()


def own_servers(settings: HubSettings, c: Any) -> None:
    """Have each learner's server run as the learner's own system account, with no more rights at the Hub than it needs."""
    c.JupyterHub.spawner_class = f"{__name__}.OwnServer"
    c.OwnServer.sockets = str(settings.sockets_folder)
    c.Spawner.hub_connect_url = settings.origin  # no other way to the Hub is open to a learner's account
    c.Spawner.cmd = _apps(settings) if settings.servers == "apps" else [sys.executable, "-m", "patient_partner_mentor.hub.notebook_server"]
    c.Spawner.default_url = "/course/" if settings.servers == "apps" else "/lab"
    c.Spawner.mem_limit = settings.resources.memory  # kept by spawners that can, such as systemd's and Kubernetes'
    c.Spawner.server_token_scopes = [
        "users:activity!user",
        "access:servers!server",
        "read:users:groups!user",
        "read:users:name!user",
        f"access:services!service={SERVICE}",
    ]
    c.Spawner.environment = _environment(settings)
    minutes = settings.resources.idle_minutes
    c.Spawner.args = [f"--MappingKernelManager.cull_idle_timeout={60 * minutes}", f"--ServerApp.shutdown_no_activity_timeout={60 * minutes}"] if settings.servers == "lab" else []


def _apps(settings: HubSettings) -> list[str]:
    """The course's own server with the modules as apps; see docs/decisions/0017."""
    root = course_root(settings)
    return [sys.executable, "-m", "patient_partner_mentor.cli", "--root", str(root), "learner", "--book", str(settings.book or root / "_build" / "html")]


def _environment(settings: HubSettings) -> dict[str, str]:
    """Where a learner's programs find the course; the learner's journal stands in the learner's own data folder."""
    found = {
        "PPM_HOST": "kernel",
        "PPM_SERVICE_URL": f"{settings.origin}{settings.prefix}services/{SERVICE}/",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "JUPYTER_CONFIG_PATH": str(LEARNER),
    }
    if settings.root:
        found["PPM_COURSE"] = str(settings.root)
    return found
