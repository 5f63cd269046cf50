"""The handlers of the apps: a module's page, its kernel, its socket, and the front door."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import Finish, HTTPError, RequestHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from ..errors import CourseError
from ..interface import text
from .book import BookHandler
from .notebooks import PORTFOLIO
from .pool import Full
from .token import CourseIdentity

if TYPE_CHECKING:
    from .app import CourseServer

NOBODY = "this-device"  # whose the drafts of a page are that nobody signed in for
PING = 20_000  # ms between two pings of a page's socket
TRIES = 3  # kernels that are tried in place of one that is gone
_DEFERRED = re.compile(r"<script defer [^>]*></script>\n?")


class AppBase(JupyterHandler):
    """What the apps' handlers have in common: the key, the name of a notebook, and errors without words of anybody's."""

    @property
    def server(self) -> CourseServer:
        """The server that this handler belongs to."""
        return self.settings["ppm_server"]

    def set_default_headers(self) -> None:
        """The book's policy, with the websocket's origin written out: not every browser takes 'self' for it."""
        super().set_default_headers()
        seen = self.request.headers.get("X-Forwarded-Proto", self.request.protocol).split(",")[0].strip()  # by the browser; proxies between add theirs
        secure = "s" if seen == "https" else ""
        self.set_header("Content-Security-Policy", self.settings["policy"].replace("connect-src 'self'", f"connect-src 'self' ws{secure}://{self.request.host}"))

    def named(self, name: str | None) -> str:
        """A notebook's name.

        :raises HTTPError: 404 for one that the course does not have
        """
        found = PORTFOLIO if name is None else name
        if found not in self.server.contents_manager.names or (name and "/" in name):
            raise HTTPError(404)
        return found

    def checked(self) -> None:
        """Let in whoever holds the key.

        :raises HTTPError: 403 for others
        """
        identity = self.settings["identity_provider"]
        if identity.get_user(self) is None:
            if identity.sign_in and self.request.method == "GET" and self.request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate":
                self.redirect(identity.sign_in(self))
                raise Finish
            raise HTTPError(403)

    def from_here(self) -> None:
        """A change is asked for by a page of ours only.

        :raises HTTPError: 403 for one of another site
        """
        if self.request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise HTTPError(403)
        origin = self.request.headers.get("Origin")
        if origin is not None and origin.split("://", 1)[-1] != self.request.host:
            raise HTTPError(403)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """No address, no body and no trace of a learner's words in a log."""
        if not isinstance(value, HTTPError):
            self.server.log.error("A request was not answered: %s", getattr(typ, "__name__", typ))

    def write_error(self, status_code: int, **_: Any) -> None:
        """A page that says what happened and where to go on."""
        title, words = ("app.key_title", "app.key") if status_code == 403 else ("app.full_title", "app.full") if status_code == 503 else ("course.page_missing", "course.page_missing_text")
        try:
            before, after = self.server.frame(text(title), None)
            before = _DEFERRED.sub("", before)  # they look for forms
        except CourseError:
            before = after = ""
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.finish(f'{before}<article><h1>{text(title)}</h1><p>{text(words)}</p><p><a class="button" href="{self.server.base}course/">{text("app.to_book")}</a></p></article>{after}')


class AppHandler(AppBase):
    """A module or the portfolio as an app."""

    @allow_unauthenticated  # 'checked' answers with a page of ours, and not with a way to sign in
    async def get(self, name: str | None = None) -> None:
        """The page: its text first, and what the kernel makes as it comes."""
        self.checked()
        notebook = self.named(name)
        self.xsrf_token  # noqa: B018 - sets the cookie that the good-bye of the page needs: without it, stock Voila leaks a kernel a visit
        try:
            kernel, page = await self.server.pool.take(notebook)
        except Full:
            raise HTTPError(503) from None
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.set_header("Cache-Control", "no-store")
        if page:
            self.finish(page)
            return
        try:
            async for piece in self.server.render(notebook, kernel):
                self.write(piece)
                await self.flush()
        except Exception:
            await self.server.pool.left(kernel)
            raise


class StartHandler(AppBase):
    """A new kernel for a page whose own has gone."""

    @allow_unauthenticated
    async def post(self, name: str) -> None:
        """Run the notebook in another kernel; the page keeps its text and binds its forms to it."""
        self.checked()
        self.from_here()
        notebook = self.named(None if name == "portfolio" else name)
        kernel = await self._started(notebook)
        self.set_status(200 if kernel else 503)
        self.finish({"kernel": kernel} if kernel else {})

    async def _started(self, notebook: str) -> str | None:
        """A kernel that has run the notebook, or nothing when there is none; whatever ended others may end one of these too."""
        for _ in range(TRIES):
            try:
                kernel, page = await self.server.pool.take(notebook)
            except Full:
                return None
            try:
                if not page:
                    await self.server.made(notebook, kernel)
            except Exception:  # noqa: BLE001 - a kernel that died just now; what is wrong with a notebook shows in every try
                await self.server.pool.left(kernel)
            else:
                return kernel
        return None


class KernelHandler(AppBase):
    """Whether a page's kernel is still there, and the page's good-bye."""

    @allow_unauthenticated
    async def get(self, kernel: str) -> None:
        """204 while it runs, 404 when it is gone."""
        self.checked()
        there = kernel in self.server.pool.taken and kernel in self.server.kernel_manager and await self.server.kernel_manager.get_kernel(kernel).is_alive()
        self.set_status(204 if there else 404)
        self.finish()

    @allow_unauthenticated
    async def post(self, kernel: str) -> None:
        """The page is closed: its kernel is not needed any more."""
        self.checked()
        self.from_here()
        await self.server.pool.left(kernel)
        self.set_status(204)
        self.finish()


class SocketHandler(VoilaKernelWebsocketHandler):
    """The kernel's messages, for pages of ours that hold the key."""

    async def prepare(self, *args: Any, **values: Any) -> None:
        """Refuse other sites, other people and kernels in waiting before anything else."""
        server: CourseServer = self.settings["ppm_server"]
        origin = self.request.headers.get("Origin", "").split("://", 1)[-1]
        if self.settings["identity_provider"].get_user(self) is None or origin != self.request.host:
            raise HTTPError(403)
        if self.path_args[0] not in server.pool.taken or self.path_args[0] not in server.kernel_manager:
            raise HTTPError(404)
        server.pool.met(self.path_args[0], self)
        await super().prepare(*args, **values)

    ping_timeout = PING  # what tornado is told, which warns of a longer one, and takes it for seconds

    async def open(self, kernel_id: str) -> None:
        """The socket is open: from now on, one that missed two pings is lost."""
        self.ping_timeout = 2.5 * PING
        await super().open(kernel_id)

    def on_close(self) -> None:
        """The page has gone, or its kernel has."""
        self.settings["ppm_server"].pool.parted(self)
        super().on_close()

    def write_error(self, status_code: int, **_: Any) -> None:
        """A refused socket gets no page."""
        self.finish()

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Nothing of what was sent goes into a log."""


class KeyHandler(RequestHandler):
    """The front door: takes the key out of the address, and leads to the book."""

    def get(self) -> None:
        """Hand the key over as a cookie, if it is the right one."""
        given, identity = self.get_query_argument("token", None), self.settings["identity_provider"]
        if given is not None and isinstance(identity, CourseIdentity) and identity.fits(given):
            identity.hand_over(self)
            if come := self.settings["ppm_server"].plan.come:
                come()
        self.redirect(self.settings["ppm_server"].base + "course/")

    def set_default_headers(self) -> None:
        """No address with a key goes anywhere."""
        for name, value in self.settings["headers"].items():
            self.set_header(name, value)
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-store")


class Missing(AppBase):
    """Whatever else is asked for under the apps."""

    def prepare(self) -> None:  # type: ignore[override]
        """There is nothing here."""
        raise HTTPError(404)


class OwnBookHandler(BookHandler):
    """The book on a person's own server of a Hub: pages for that person only, whose account the drafts are kept under.

    There is no offline copy: it would show one account's pages to the next person at the browser.
    """

    async def get(self, path: str, include_body: bool = True) -> None:
        """A page that says whose it is, or a file."""
        if path == "sw.js":
            raise HTTPError(404)
        if not path.endswith(".html"):
            return await super().get(path or "index.html", include_body)
        identity = self.settings["identity_provider"]
        if identity.get_user(self) is None:
            return self.redirect(identity.sign_in(self))
        self.path = self.parse_url_path(path)
        found = self.absolute_path = self.validate_absolute_path(self.root, self.get_absolute_path(self.root, self.path))
        if found is None:
            return None
        account = json.dumps(self.settings["ppm_server"].plan.owner.account)[1:-1].replace("<", "\\u003c")
        page = Path(found).read_text("utf-8").replace(f'"account": "{NOBODY}"', f'"account": "{account}"')
        self.set_extra_headers(path)
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.set_header("Cache-Control", "no-store")
        return await self.finish(page if include_body else "")
