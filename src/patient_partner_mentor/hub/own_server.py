"""A learner's own server on a Hub: the apps with a journal in the learner's own folder, for that learner alone.

JupyterHub starts it (``ppm learner``) with its ``JUPYTERHUB_*`` settings in the environment. There is no file, terminal or
notebook address in it; whoever is not its owner is sent to the Hub's sign-in, and then refused.
"""

from __future__ import annotations

import hashlib
import os
import socket
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlparse

from jupyter_server.auth.identity import IdentityProvider, User
from jupyterhub import __version__
from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler, HubOAuthenticated
from tornado.httpclient import AsyncHTTPClient, HTTPError as HTTPClientError
from tornado.netutil import bind_sockets
from tornado.web import HTTPError, RequestHandler

from ..errors import CourseError
from .sockets import listen, socket_of

NEEDED = ("JUPYTERHUB_API_TOKEN", "JUPYTERHUB_API_URL", "JUPYTERHUB_SERVICE_PREFIX", "JUPYTERHUB_SERVICE_URL", "JUPYTERHUB_USER", "JUPYTERHUB_CLIENT_ID")
CACHE = 4  # seconds that the Hub's word on a sign-in is kept: so long a copied cookie works after its owner has signed out


class HubIdentity(IdentityProvider):
    """Who asks: the server's owner, by the Hub's word, or nobody."""

    def __init__(self, account: str, base: str, hub: HubOAuth, **values: Any) -> None:
        super().__init__(**values)
        self.account, self.base, self.hub = account, base, hub
        self.seen: datetime | None = None  # when the owner was last here

    def get_user(self, handler: Any) -> User | None:  # type: ignore[override]
        """The owner, if the sign-in in the cookie is the owner's and still holds."""
        cookie = handler.get_secure_cookie(self.hub.cookie_name)
        try:
            model = cookie and self.hub.user_for_token(cookie.decode("ascii", "replace"), session_id=self.hub.get_session_id(handler))
        except HTTPError:  # the Hub does not answer, or does not know the sign-in
            model = None
        if not model or model.get("name") != self.account or not self.hub.check_scopes(self.hub.access_scopes, model):
            return None
        self.seen = datetime.now(UTC)
        return User(self.account)

    def sign_in(self, handler: RequestHandler) -> str:
        """The address that leads to the Hub's sign-in and back."""
        return f"{self.base}sign-in?next={quote(handler.request.uri or self.base, safe='')}"

    def get_handlers(self) -> list[tuple[str, object]]:
        """No pages of jupyter_server's."""
        return []


class SignInHandler(HubOAuthenticated, RequestHandler):
    """On the way to the Hub's sign-in, and back from it."""

    def get(self) -> None:
        """Lead on."""
        identity: HubIdentity = self.settings["identity_provider"]
        there = self.get_query_argument("next", identity.base)
        if identity.get_user(self):
            self.redirect(there if there.startswith(identity.base) and ".." not in there else identity.base)
        elif self.hub_auth.get_user(self):
            raise HTTPError(403)  # somebody else, whom the sign-in would lead round in a circle
        else:
            self.redirect(self.get_login_url())

    def write_error(self, status_code: int, **_: Any) -> None:
        """One sentence."""
        from ..interface import text

        self.finish(text("service.not-yours") if status_code == 403 else text("service.trouble"))


class Activity:
    """Tells the Hub that the owner was here, so that a server in use is not taken for an idle one."""

    def __init__(self, identity: HubIdentity, address: str, token: str) -> None:
        self.identity, self.address, self.token = identity, address, token
        self.told: datetime | None = None

    async def __call__(self) -> None:
        """Tell, if there is news."""
        seen = self.identity.seen
        if not seen or seen == self.told or not self.address:
            return
        when = seen.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        body = f'{{"servers": {{"": {{"last_activity": "{when}"}}}}, "last_activity": "{when}"}}'
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        try:
            await AsyncHTTPClient().fetch(self.address, method="POST", headers=headers, body=body)
        except (HTTPClientError, OSError):  # the next minute comes
            return
        self.told = seen


def owner_of_this_server() -> dict[str, Any]:
    """What ``serve.plan.Owner`` holds, out of the environment that the Hub gives a server.

    :raises CourseError: when this was not started by a Hub
    """
    if missing := [name for name in NEEDED if not os.environ.get(name)]:
        raise CourseError(f"This server is started by JupyterHub, and {missing[0]} is not set. For a server on your own computer, run: make serve")
    account, base = os.environ["JUPYTERHUB_USER"], os.environ["JUPYTERHUB_SERVICE_PREFIX"]
    token, where = os.environ["JUPYTERHUB_API_TOKEN"], os.environ["JUPYTERHUB_SERVICE_URL"]
    hub = HubOAuth.instance(cache_max_age=CACHE)
    identity = HubIdentity(account, base, hub)
    return {
        "account": account,
        "base": base,
        "listen": lambda: _listen(where),
        "provider": identity,
        "routes": ((rf"{base}oauth_callback", HubOAuthCallbackHandler), (rf"{base}sign-in", SignInHandler)),
        "headers": {"X-JupyterHub-Version": __version__},
        "cookie_secret": hashlib.sha256(b"ppm-own-server:" + token.encode()).digest(),
        "secure": os.environ.get("JUPYTERHUB_PUBLIC_URL", "").startswith("https:"),
        "active": Activity(identity, os.environ.get("JUPYTERHUB_ACTIVITY_URL", ""), token),
    }


def _listen(where: str) -> list[socket.socket]:
    """Listen where the Hub says.

    :raises OSError: when it cannot be
    """
    at, port = socket_of(where), urlparse(where)
    return [listen(at)] if at else bind_sockets(port.port or 8888, port.hostname or "127.0.0.1")
