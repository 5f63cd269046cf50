"""The key to the apps on one person's computer: kept from one start to the next, and out of the address after the first visit."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from jupyter_server.auth.identity import IdentityProvider, User
from tornado.web import RequestHandler

TOKEN_FILE = "server-token"
LASTS = 400  # days that a browser keeps the key: the longest that browsers allow


def keep_token(folder: Path) -> str:
    """The token of this person's data folder, made when there is none; only its owner may read it."""
    path = folder / TOKEN_FILE
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        found = path.read_text("ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        found = ""
    if len(found) < 32:
        found = secrets.token_urlsafe(32)
        draft = folder / f".{TOKEN_FILE}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(found)
        draft.replace(path)
    path.chmod(0o600)
    return found


class CourseIdentity(IdentityProvider):
    """Who asks: whoever holds the key, or, on a server without accounts, anybody.

    :param key: the token, or nothing for a public server
    :param port: of the server: browsers share cookies between ports
    """

    sign_in = None  # there is no page for it: the address that was printed is the way in

    def __init__(self, key: str | None, port: int, **values: object) -> None:
        super().__init__(**values)
        self.key, self.cookie = key, f"ppm-key-{port}"

    def get_user(self, handler: RequestHandler) -> User | None:  # type: ignore[override]
        """The user, if the key in the cookie is the right one."""
        if self.key is None:
            return User("anybody")
        return User("learner") if self.fits(handler.get_cookie(self.cookie)) else None

    def fits(self, given: str | None) -> bool:
        """Compare in a time that tells nothing."""
        return self.key is not None and given is not None and hmac.compare_digest(given.encode(), self.key.encode())

    def hand_over(self, handler: RequestHandler) -> None:
        """Give the browser the key as a cookie that no script and no other site can read or use."""
        handler.set_cookie(self.cookie, str(self.key), path="/apps", httponly=True, samesite="Strict", expires_days=LASTS)

    def get_handlers(self) -> list[tuple[str, object]]:
        """No pages of signing in."""
        return []
