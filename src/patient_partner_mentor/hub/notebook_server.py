"""JupyterHub's notebook server at a socket, started by the Hub as ``python -m`` this module: JupyterLab of a learner's own."""

from __future__ import annotations

import os
import tempfile
from typing import Any

from jupyter_server.serverapp import DEFAULT_JUPYTER_SERVER_PORT
from jupyterhub.singleuser.extension import JupyterHubSingleUser

from .sockets import socket_of


class NotebookServer(JupyterHubSingleUser):
    """JupyterHub's own server of this kind, which listens at the socket that the Hub names, or at its port."""

    @classmethod
    def get_extension_package(cls) -> str:
        """Where jupyter_server finds this."""
        return cls.__module__

    def load_config_file(self) -> None:
        """JupyterHub's settings, and where to listen."""
        super().load_config_file()
        self.config.KernelManager.transport = "ipc"  # what a kernel says at a port is heard by every account of the machine
        at = socket_of(os.environ["JUPYTERHUB_SERVICE_URL"])
        if at:
            at.unlink(missing_ok=True)  # of one that was killed, or lost its Hub
            ours = self.config.ServerApp
            ours.sock, ours.ip, ours.port = str(at), "localhost", DEFAULT_JUPYTER_SERVER_PORT
        self.serverapp.update_config(self.config)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": __name__, "app": NotebookServer}]


if __name__ == "__main__":
    from patient_partner_mentor.hub.notebook_server import NotebookServer as Started  # under its own name, by which jupyter_server finds it

    with tempfile.TemporaryDirectory(prefix="ppm-") as run:  # of its owner alone, with a path that is short enough for sockets
        os.environ["JUPYTER_RUNTIME_DIR"] = run
        Started.launch_instance()
