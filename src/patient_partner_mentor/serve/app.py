"""The one server: the built book and the modules as Voila apps, on one port, under one name. Voila is imported here only."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_core.utils import ensure_async
from tornado.ioloop import PeriodicCallback
from tornado.netutil import bind_sockets
from tornado.web import HTTPError, RedirectHandler, RequestHandler
from traitlets.config import Config
from voila.app import Voila
from voila.configuration import VoilaConfiguration
from voila.execute import VoilaExecutor
from voila.notebook_renderer import NotebookRenderer
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from ..curriculum import load_course
from ..errors import CourseError
from ..interface import text
from .book import ADDRESS, HEADERS, handlers
from .notebooks import PORTFOLIO, CourseContents
from .pool import Full, Pool
from .shell import shell
from .token import CourseIdentity

Identity = Literal["one-person", "public"]
HERE = Path(__file__).parent
ALLOWED_MESSAGES = ["comm_open", "comm_close", "comm_msg", "comm_info_request", "kernel_info_request"]
_KERNEL = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_NAME = r"([a-z0-9-]+)"
TRIES = 3  # kernels that are tried in place of one that is gone
_DEFERRED = re.compile(r"<script defer [^>]*></script>\n?")


@dataclass(frozen=True)
class Plan:
    """What a server is to be.

    :param root: the course's folder; :param book: the built book; :param policy: the book's own
    :param data: the data folder of the one person whose server it is
    :param key: the token, or nothing for a public server
    :param host: the one name under which the server answers
    :param warm: kernels in waiting; :param most: kernels at once
    """

    root: Path
    book: Path
    policy: str
    identity: Identity
    data: Path
    key: str | None
    host: str = ADDRESS
    warm: int = 2
    most: int = 24

    @property
    def environment(self) -> dict[str, str]:
        """Of every kernel: who it is for, and none of the owner's own start-up files."""
        profile = self.data / "ipython" / "profile_default"
        profile.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PPM_", "JUPYTERHUB_"))}
        return kept | {
            "PPM_HOST": "kernel" if self.identity == "one-person" else "public",
            "PPM_DATA": str(self.data) if self.identity == "one-person" else "",
            "PPM_COURSE": str(self.root),
            "PPM_FRONT": "served",
            "IPYTHONDIR": str(profile.parent),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }


class AppBase(JupyterHandler):
    """What the apps' handlers have in common: the key, the name of a notebook, and errors without words of anybody's."""

    @property
    def server(self) -> CourseServer:
        """The server that this handler belongs to."""
        return self.settings["ppm_server"]

    def set_default_headers(self) -> None:
        """The book's policy, with the websocket's origin written out: not every browser takes 'self' for it."""
        super().set_default_headers()
        secure = "s" if self.request.protocol == "https" else ""
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
        if self.settings["identity_provider"].get_user(self) is None:
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
            kernel = await self.server.pool.take()
        except Full:
            raise HTTPError(503) from None
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.set_header("Cache-Control", "no-store")
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
                kernel = await self.server.pool.take()
            except Full:
                return None
            try:
                async for _piece in self.server.render(notebook, kernel):
                    pass
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
        server.pool.met(self.path_args[0])
        await super().prepare(*args, **values)

    def write_error(self, status_code: int, **_: Any) -> None:
        """A refused socket gets no page."""
        self.finish()

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Nothing of what was sent goes into a log."""


class KeyHandler(RequestHandler):
    """The front door: takes the key out of the address, and leads to the book."""

    def get(self) -> None:
        """Hand the key over as a cookie, if it is the right one."""
        given = self.get_query_argument("token", None)
        identity: CourseIdentity = self.settings["identity_provider"]
        if given is not None and identity.fits(given):
            identity.hand_over(self)
        self.redirect(self.settings["ppm_server"].base + "course/")

    def set_default_headers(self) -> None:
        """No address with a key goes anywhere."""
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-store")


class CourseServer(Voila):
    """Voila with our notebooks, our page, our kernels in waiting and our book; no file, contents, terminal or session API."""

    name = "voila"

    def __init__(self, plan: Plan, base: str = "/") -> None:
        super().__init__()
        self.plan, self.base = plan, base
        self.course = load_course(plan.root)
        self.config = Config({
            "KernelManager": {"transport": "ipc" if os.name == "posix" else "tcp"},
            "VoilaExecutor": {"timeout": 60},
        })
        self.voila_configuration = VoilaConfiguration(parent=self, template="course", allow_template_override="NO", allow_theme_override="NO", show_tracebacks=False)
        self.root_dir = str(plan.root)
        self.template_paths, self.static_paths = [str(HERE / "template")], []
        self.base_url = self.server_url = base
        self.log.setLevel("ERROR")
        self.token, self.auto_token = None, False
        self.connection_dir = tempfile.mkdtemp(prefix="ppm-")

    def application(self, port: int) -> Any:
        """The web application for a port; ``close`` it when it is over."""
        from tornado.web import Application

        settings = self.init_settings()
        self.kernel_manager.allowed_message_types = ALLOWED_MESSAGES
        self.contents_manager = settings["contents_manager"] = CourseContents(self.plan.root, self.course, parent=self)
        identity = settings["identity_provider"] = CourseIdentity(self.plan.key, parent=self)
        identity.cookie = f"ppm-key-{port}"
        settings |= {
            "ppm_server": self,
            "policy": self.plan.policy,
            "headers": dict(HEADERS),
            "xsrf_cookies": True,
            "xsrf_cookie_kwargs": {"samesite": "Strict", "path": f"{self.base}apps"},
            "kernel_websocket_connection_class": ZMQChannelsWebsocketConnection,
            "compress_response": True,
            "static_hash_cache": False,
            "ws_ping_interval": 20_000,  # ms; a socket that is silent for longer than the next one is lost
            "ws_ping_timeout": 20_000,
            "log_function": lambda handler: None,
            "allow_remote_access": True,  # the host patterns below are stricter
        }
        self.pool = Pool(self.kernel_manager, self.plan.environment, self.plan.warm, self.plan.most)
        self.app = Application(**settings)
        b = self.base
        ours = [
            (b, KeyHandler),
            *handlers(self.plan.book, apps=str(port))[1:],
            (rf"{b}apps/((?:book/|_static/|search\.html|searchindex\.js).*)", RedirectHandler, {"url": f"{b}course/{{0}}", "permanent": False}),
            (rf"{b}apps/notebooks/apps/portfolio\.html", AppHandler),
            (rf"{b}apps/notebooks/{_NAME}/module\.html", AppHandler),
            (rf"{b}apps/notebooks/({_NAME[1:-1]}/[a-z0-9-]+\.html)", RedirectHandler, {"url": f"{b}course/notebooks/{{0}}", "permanent": False}),
            (rf"{b}apps/api/start/{_NAME}", StartHandler),
            (rf"{b}apps/api/kernels/{_KERNEL}", KernelHandler),
            (rf"{b}apps/api/kernels/{_KERNEL}/channels", SocketHandler),
            (rf"{b}apps/.*", Missing),
        ]
        name = self.plan.host.replace(".", r"\.")
        self.app.add_handlers(rf"{name}$", ours)
        if self.plan.host == ADDRESS:  # one name only, so that a browser keeps one set of drafts
            self.app.add_handlers(r"localhost$", [(r"/(.*)", RedirectHandler, {"url": f"http://{ADDRESS}:{port}/{{0}}", "permanent": False})])
        return self.app

    def frame(self, title: str, module: Any) -> tuple[str, str]:
        """What stands before and after a page's own content."""
        return shell(self.plan.book, self.base, title, module, len(self.course.modules))

    async def render(self, notebook: str, kernel: str) -> Any:
        """The page of a notebook, piece by piece, run in this kernel by Voila's own renderer."""
        module = self.contents_manager.modules.get(notebook)
        loaded = self.contents_manager.get(notebook)["content"]
        before, after = self.frame(loaded.metadata["title"], module)
        if notebook == PORTFOLIO:
            before = before.replace("</head>", f'<script defer src="{self._script("portfolio")}"></script>\n</head>')
        book_page = f"{self.base}course/notebooks/{notebook}/module.html" if module else f"{self.base}course/book/my-reflections.html"
        resources = {
            "before": before,
            "after": after,
            "name": notebook.rsplit("/", 1)[-1],
            "base": self.base,
            "book_page": book_page,
        } | {key: text(f"app.{key}") for key in ("broken", "waiting", "again", "portfolio")}
        resources["back"] = text("app.back" if module else "app.back_reflections")
        resources["portfolio_page"] = f"{self.base}apps/notebooks/apps/portfolio.html" if module else None
        renderer = Renderer(
            voila_configuration=self.voila_configuration,
            traitlet_config=self.config,
            notebook_path=notebook,
            template_paths=self.template_paths,
            config_manager=self.config_manager,
            contents_manager=self.contents_manager,
            base_url=self.base,
            kernel_spec_manager=self.kernel_spec_manager,
            page_config={},
            mathjax_url="",
            mathjax_config="",
        )
        renderer.log = self.log
        renderer.client = self.pool.client(kernel)
        await renderer.initialize()
        renderer.resources["ppm"] = resources
        async for piece, _ in renderer.generate_content_generator(kernel, self.kernel_manager.get_kernel(kernel)):
            yield piece

    def _script(self, stem: str) -> str:
        found = next((self.plan.book / "_static").glob(f"{stem}.*.js"))
        return f"{self.base}course/_static/{found.name}"

    def sweeping(self) -> PeriodicCallback:
        """Looks after the kernels every second; start it on the server's loop."""
        return PeriodicCallback(self.pool.sweep, 1000)


class Renderer(NotebookRenderer):
    """Voila's renderer on a kernel that is warm: it does not wait once more for what is ready."""

    client: Any = None

    async def _jinja_kernel_start(self, nb: Any, kernel_id: str, kernel_future: Any) -> str:
        self.executor = VoilaExecutor(nb, km=await ensure_async(kernel_future), config=self.traitlet_config, show_tracebacks=False)
        self.executor.kc = self.client
        self.kernel_started = True
        return kernel_id


class Missing(AppBase):
    """Whatever else is asked for under the apps."""

    def prepare(self) -> None:  # type: ignore[override]
        """There is nothing here."""
        raise HTTPError(404)


def sockets(port: int) -> list[Any]:
    """Listening sockets on the loopback address.

    :raises CourseError: when the port is taken
    """
    try:
        return bind_sockets(port, ADDRESS)
    except OSError:
        raise CourseError(
            f"Port {port} on this computer is taken, perhaps by the course itself in another window. "
            f"Open http://{ADDRESS}:{port}/ to see, or choose another port: make serve PORT={port + 1}"
        ) from None
