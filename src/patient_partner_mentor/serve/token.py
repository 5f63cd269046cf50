"""The key to the apps on one person's computer: made anew at each start, and out of the address after the first visit."""

from __future__ import annotations

import contextlib
import hmac
import secrets
from pathlib import Path

from jupyter_server.auth.identity import IdentityProvider, User
from tornado.web import RequestHandler

TOKEN_FILE = "server-token"  # where an earlier version kept one key for all starts


def new_key(folder: Path) -> str:
    """A key for this start. It is kept nowhere; the one that an earlier version kept in the data folder goes.

    :param folder: the person's data folder
    """
    with contextlib.suppress(OSError):
        (folder / TOKEN_FILE).unlink(missing_ok=True)
    return secrets.token_urlsafe(32)


class CourseIdentity(IdentityProvider):
    """Who asks: whoever came with the key of this start, or, on a server without accounts, anybody.

    Browsers send a cookie to every port of a computer, whoever listens there. So the cookie is not the key, nothing can be
    made of it after this start, and a browser forgets it when it is closed.

    :param key: the key, or nothing for a public server
    :param port: of the server: browsers share cookies between ports
    """

    sign_in = None  # there is no page for it: the address that was printed is the way in

    def __init__(self, key: str | None, port: int, **values: object) -> None:
        super().__init__(**values)
        self.key, self.cookie = key, f"ppm-key-{port}"
        self._known = secrets.token_urlsafe(32)  # what a browser shows that came with the key

    def get_user(self, handler: RequestHandler) -> User | None:  # type: ignore[override]
        """The user, if the cookie is one that was given out at this start."""
        if self.key is None:
            return User("anybody")
        return User("learner") if _same(handler.get_cookie(self.cookie), self._known) else None

    def fits(self, given: str | None) -> bool:
        """Whether this is the key."""
        return self.key is not None and _same(given, self.key)

    def hand_over(self, handler: RequestHandler) -> None:
        """Give the browser a cookie that no script and no other site can read or use."""
        handler.set_cookie(self.cookie, self._known, path="/apps", httponly=True, samesite="Strict")

    def get_handlers(self) -> list[tuple[str, object]]:
        """No pages of signing in."""
        return []


def _same(given: str | None, right: str) -> bool:
    """Compare in a time that tells nothing."""
    return given is not None and hmac.compare_digest(given.encode("utf-8", "surrogatepass"), right.encode())
