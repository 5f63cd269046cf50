"""The Hub's web server, which takes small bodies and waits for none for ever. The Hub's own reads all of them before it knows who asks."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import tornado.httpserver
from jupyterhub import orm
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine

ANYBODY = 20_000  # bytes: a sign-in has some hundred, and a thousand strangers at once fill no memory
WITH_TOKEN = 1_000_000  # of a program that the Hub knows: its largest are lists of accounts
PATIENCE: dict[str, Any] = {"max_body_size": ANYBODY, "max_header_size": 65_536, "body_timeout": 20.0}  # bytes, bytes, seconds
_KINDS = ("token", "bearer")


class LittleAtATime(tornado.httpserver.HTTPServer):
    """Tornado's server within these limits."""

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """As ever, within limits."""
        super().initialize(*args, **PATIENCE | kwargs)

    def start_request(self, server_conn: object, request_conn: Any) -> HTTPMessageDelegate:
        """A request begins; how much it may send is known when its headers are."""
        return _Sender(super().start_request(server_conn, request_conn), request_conn, self.request_callback.settings["db"])


class _Sender(HTTPMessageDelegate):
    """Who sends: more is taken of one who has a token of this Hub's."""

    def __init__(self, inner: HTTPMessageDelegate, connection: Any, db: Any) -> None:
        self._inner, self._connection, self._db = inner, connection, db

    def headers_received(self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders) -> Awaitable[None] | None:
        """Look for a token where it matters, before any of the body is read."""
        said = headers.get("Content-Length", "")
        small = said.isdecimal() and len(said) < 16 and int(said) <= ANYBODY
        if not small and ("Transfer-Encoding" in headers or said) and self._known(headers.get("Authorization", "")):
            self._connection.set_max_body_size(WITH_TOKEN)
        return self._inner.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """A piece of the body."""
        return self._inner.data_received(chunk)

    def finish(self) -> None:
        """The body is whole."""
        self._inner.finish()

    def on_connection_close(self) -> None:
        """The other end has hung up."""
        self._inner.on_connection_close()

    def _known(self, authorization: str) -> bool:
        kind, _, token = authorization.partition(" ")
        return kind.lower() in _KINDS and bool(token.strip()) and orm.APIToken.find(self._db, token.strip()) is not None
