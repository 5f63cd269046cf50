"""Requests to a Hub's parts that listen at Unix sockets, for the course service's client and for nbgrader's own questions."""

from __future__ import annotations

import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from ..hub.sockets import socket_of

SCHEME = "http+unix://"


class _Connection(HTTPConnection):
    """A connection to a socket.

    :param path: of the socket
    """

    def __init__(self, path: str, **values: Any) -> None:
        super().__init__("localhost", **values)
        self._path = path

    def _new_conn(self) -> socket.socket:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(self.timeout)
        try:
            made.connect(self._path)
        except OSError:
            made.close()
            raise
        return made


class _Pool(HTTPConnectionPool):
    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def _new_conn(self) -> _Connection:
        return _Connection(self._path, timeout=self.timeout.connect_timeout)


class _SocketAdapter(HTTPAdapter):
    """Sends to the socket that the address names."""

    def __init__(self) -> None:
        super().__init__()
        self._pools: dict[str, _Pool] = {}

    def get_connection_with_tls_context(self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None) -> _Pool:  # noqa: ARG002 - as requests calls it
        """The connections to it."""
        path = str(socket_of(request.url or ""))
        return self._pools.setdefault(path, _Pool(path))

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            pool.close()
        super().close()

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:  # noqa: ARG002 - as requests calls it
        """The path alone."""
        return request.path_url


def session() -> requests.Session:
    """A session of requests that can also ask at sockets. No proxy or .netrc of the account's stands between."""
    made = requests.Session()
    made.trust_env = False
    made.mount(SCHEME, _SocketAdapter())
    return made


def for_nbgrader() -> None:
    """Have nbgrader, which asks the Hub with the plain module, ask at sockets too."""
    from nbgrader.auth import jupyterhub

    if jupyterhub.requests is requests:
        jupyterhub.requests = session()
