"""The one server: the built book and the modules as Voila apps, on one port, under one name. Voila is imported in serve/ only."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from tornado.ioloop import PeriodicCallback
from tornado.netutil import bind_sockets
from tornado.web import Application, RedirectHandler
from traitlets.config import Config
from voila.app import Voila
from voila.configuration import VoilaConfiguration
from voila.execute import VoilaExecutor
from voila.notebook_renderer import NotebookRenderer

from ..advice import start
from ..curriculum import load_course
from ..errors import CourseError
from ..interface import text
from .book import ADDRESS, HEADERS, BookHandler
from .handlers import PING, AppHandler, KernelHandler, KeyHandler, Missing, OwnBookHandler, SocketHandler, StartHandler
from .notebooks import PORTFOLIO, CourseContents
from .plan import Plan
from .pool import Pool
from .shell import SHELL_FILE, shell
from .token import CourseIdentity

HERE = Path(__file__).parent
ALLOWED_MESSAGES = ["comm_open", "comm_close", "comm_msg", "comm_info_request", "kernel_info_request"]
_KERNEL = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_NAME = r"([a-z0-9-]+)"


class CourseServer(Voila):
    """Voila with our notebooks, our page, our kernels in waiting and our book; no file, contents, terminal or session API."""

    name = "voila"

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan, self.base = plan, plan.base
        self.course = load_course(plan.root)
        self.config = Config({
            # a kernel that died stays dead, and its page gets another: one that is started again has run nothing
            "KernelManager": {"transport": "ipc" if os.name == "posix" else "tcp", "autorestart": False},
            "VoilaExecutor": {"timeout": 60},
        })
        self.voila_configuration = VoilaConfiguration(parent=self, template="course", allow_template_override="NO", allow_theme_override="NO", show_tracebacks=False)
        self.root_dir = str(plan.root)
        self.template_paths, self.static_paths = [str(HERE / "template")], []
        self.base_url = self.server_url = plan.base
        self.log.setLevel("ERROR")
        self.token, self.auto_token = None, False
        self.connection_dir = tempfile.mkdtemp(prefix="ppm-")

    def application(self, port: int) -> Any:
        """The web application for a port; ``close`` it when it is over."""
        settings = self.init_settings()
        self.kernel_manager.allowed_message_types = ALLOWED_MESSAGES
        self.contents_manager = settings["contents_manager"] = CourseContents(self.plan.root, self.course, parent=self)
        owner = self.plan.owner
        settings["identity_provider"] = owner.provider if owner else CourseIdentity(self.plan.key, port, parent=self)
        secure = {"secure": True} if owner and owner.secure else {}
        settings |= {
            "ppm_server": self,
            "policy": self.plan.policy,
            "headers": HEADERS | (owner.headers if owner else {}),
            "cookie_secret": owner.cookie_secret if owner else os.urandom(32),
            "xsrf_cookies": True,
            "xsrf_cookie_kwargs": {"samesite": "Strict", "path": f"{self.base}apps", **secure},
            "cookies": {"path": self.base, **secure},
            "kernel_websocket_connection_class": ZMQChannelsWebsocketConnection,
            "compress_response": True,
            "static_hash_cache": False,
            "ws_ping_interval": PING,
            "log_function": lambda handler: None,
            "allow_remote_access": True,  # the host patterns below are stricter
        }
        self.pool = Pool(self.kernel_manager, self.plan.environment, self.plan.warm, self.plan.most, self.course.modules[0].name, self.made, self.stamp)
        self.app = Application(**settings)
        self.app.add_handlers(".*" if owner else self.plan.host.replace(".", r"\.") + "$", self._routes())
        if not owner and self.plan.host == ADDRESS:  # one name only, so that a browser keeps one set of drafts
            self.app.add_handlers(r"localhost$", [(r"/(.*)", RedirectHandler, {"url": f"http://{ADDRESS}:{port}/{{0}}", "permanent": False})])
        return self.app

    def _routes(self) -> list[tuple[Any, ...]]:
        b, owner = self.base, self.plan.owner
        book = {"path": str(self.plan.book), "default_filename": "index.html", "apps": True}
        return [
            (b, KeyHandler),
            *(owner.routes if owner else ()),
            (rf"{b}course/(.*)", OwnBookHandler if owner else BookHandler, book),
            (rf"{b}apps/((?:book/|_static/|search\.html|searchindex\.js).*)", RedirectHandler, {"url": f"{b}course/{{0}}", "permanent": False}),
            (rf"{b}apps/notebooks/apps/portfolio\.html", AppHandler),
            (rf"{b}apps/notebooks/{_NAME}/module\.html", AppHandler),
            (rf"{b}apps/notebooks/({_NAME[1:-1]}/[a-z0-9-]+\.html)", RedirectHandler, {"url": f"{b}course/notebooks/{{0}}", "permanent": False}),
            (rf"{b}apps/api/start/{_NAME}", StartHandler),
            (rf"{b}apps/api/kernels/{_KERNEL}", KernelHandler),
            (rf"{b}apps/api/kernels/{_KERNEL}/channels", SocketHandler),
            (rf"{b}.*" if owner else rf"{b}apps/.*", Missing),
        ]

    def frame(self, title: str, module: Any) -> tuple[str, str]:
        """What stands before and after a page's own content."""
        return shell(self.plan.book, self.base, title, module, len(self.course.modules))

    async def render(self, notebook: str, kernel: str) -> Any:
        """The page of a notebook, piece by piece, run in this kernel by Voila's own renderer."""
        module = self.contents_manager.modules.get(notebook)
        loaded = self.contents_manager.get(notebook)["content"]
        before, after = self.frame(loaded.metadata["title"], module)
        before = before.replace("<title>", f'<meta name="ppm-socket" data-socket="{self.base}apps/api/kernels/{kernel}/channels">\n<title>', 1)
        if notebook == PORTFOLIO:
            before = before.replace("</head>", f'<script defer src="{self._script("portfolio")}"></script>\n</head>')
        book_page = f"{self.base}course/notebooks/{notebook}/module.html" if module else f"{self.base}course/book/my-reflections.html"
        resources = {
            "before": before,
            "after": after,
            "name": notebook.rsplit("/", 1)[-1],
            "base": self.base,
            "book_page": book_page,
        } | {key: text(f"app.{key}") for key in ("broken", "waiting", "again", "started_again", "portfolio")}
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
        renderer.resources["ppm"] = resources | {"states": lambda: _states(renderer.executor)}
        async for piece, _ in renderer.generate_content_generator(kernel, self.kernel_manager.get_kernel(kernel)):
            yield piece

    async def made(self, notebook: str, kernel: str) -> str:
        """The page of a notebook as a whole, run in this kernel."""
        return "".join([piece async for piece in self.render(notebook, kernel)])

    def stamp(self, notebook: str) -> tuple[int, ...]:
        """When what a page is made of was last changed: the notebook, the modules' data, and the book's frame."""
        files = [self.contents_manager.file(notebook), *sorted(self.plan.root.glob("notebooks/*/module.yml")), self.plan.book.parent / SHELL_FILE]
        return tuple(file.stat().st_mtime_ns for file in files)

    def _script(self, stem: str) -> str:
        found = next((self.plan.book / "_static").glob(f"{stem}.*.js"))
        return f"{self.base}course/_static/{found.name}"

    def sweeping(self) -> PeriodicCallback:
        """Looks after the kernels every second; start it on the server's loop."""
        return PeriodicCallback(self.pool.sweep, 1000)


def _states(executor: Any) -> str:
    """What the page's widgets are, for the live client: questions and settings, never an answer; safe inside a script element."""
    shown = {
        id: {"model_name": state["_model_name"], "state": {name: state[name] for name in ("question", "course", "settings") if name in state}}
        for id, state in executor.widget_state.items()
        if state.get("_model_name") == "AnyModel"
    }
    return json.dumps(shown, ensure_ascii=False).replace("<", "\\u003c")


class Renderer(NotebookRenderer):
    """Voila's renderer on a kernel that is warm: it does not wait once more for what is ready."""

    client: Any = None

    async def _jinja_kernel_start(self, nb: Any, kernel_id: str, kernel_future: Any) -> str:
        self.executor = VoilaExecutor(nb, km=await ensure_async(kernel_future), config=self.traitlet_config, show_tracebacks=False)
        self.executor.kc = self.client
        self.kernel_started = True
        return kernel_id


def sockets(port: int, host: str) -> list[Any]:
    """Listening sockets.

    :raises CourseError: when the port is taken
    """
    try:
        return bind_sockets(port, host)
    except OSError:
        raise CourseError(
            f"Port {port} on this computer is taken, perhaps by the course itself in another window. "
            f"Open http://{host}:{port}/ to see, or choose another port: {start('serve', port + 1)}"
        ) from None
