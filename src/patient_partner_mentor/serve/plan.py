"""What a server is to be: whose, where, and with what."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jupyter_server.auth.identity import IdentityProvider

from .book import ADDRESS

Identity = Literal["one-person", "hub-user", "public"]


@dataclass(frozen=True)
class Owner:
    """Whose server it is on a Hub, and how the Hub is asked who comes. It is made where JupyterHub is imported.

    :param account: the Hub's name for the person
    :param base: the path of the person's server, with slashes at both ends
    :param listen: opens what to listen at
    :param provider: knows the owner, and nobody else; its ``sign_in(handler)`` gives the address of the Hub's sign-in
    :param routes: the addresses of signing in
    :param headers: of every answer
    :param secure: whether people have TLS all the way, so that cookies go by it alone
    :param active: tells the Hub that somebody is here
    """

    account: str
    base: str
    listen: Callable[[], list[Any]]
    provider: IdentityProvider
    routes: tuple[tuple[str, Any], ...]
    headers: dict[str, str]
    cookie_secret: bytes
    secure: bool
    active: Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Plan:
    """What a server is to be.

    :param root: the course's folder; :param book: the built book; :param policy: the book's own
    :param data: the data folder of the one person whose server it is
    :param key: of one person's server, for this start
    :param come: is told when a browser has come with the key
    :param owner: who the server is for, on a Hub
    :param host: the one name under which the server answers; behind a Hub's proxy it has the Hub's
    :param warm: kernels in waiting; :param most: kernels at once
    """

    root: Path
    book: Path
    policy: str
    identity: Identity
    data: Path
    key: str | None = None
    come: Callable[[], None] | None = None
    owner: Owner | None = None
    host: str = ADDRESS
    warm: int = 2
    most: int = 24

    @property
    def base(self) -> str:
        """The path before ``course/`` and ``apps/``, with slashes at both ends."""
        return self.owner.base if self.owner else "/"

    @property
    def environment(self) -> dict[str, str]:
        """Of every kernel: who it is for, and none of the owner's own start-up files."""
        profile = self.data / "ipython" / "profile_default"
        profile.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PPM_", "JUPYTERHUB_"))}
        public = self.identity == "public"
        return kept | {
            "PPM_HOST": "public" if public else "kernel",
            "PPM_DATA": "" if public else str(self.data),
            "PPM_ACCOUNT": self.owner.account if self.owner else "",
            "PPM_COURSE": str(self.root),
            "PPM_FRONT": "served",
            "IPYTHONDIR": str(profile.parent),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }
