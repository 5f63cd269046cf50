"""The course service: ``python -m patient_partner_mentor.hub.course_service``, started by JupyterHub as one of its services.

The Hub says where to listen and who the service is (``JUPYTERHUB_*``); ``PPM_SERVICE_SETTINGS`` names the settings' file.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import secrets
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlparse

from tornado.netutil import bind_sockets
from tornado.web import Application

from ..curriculum import Course, Module, load_course
from ..errors import CourseError
from . import exchange_face, facilitator, learner, pages
from .admission import LARGE_IN_ALL, Admission
from .face import log_request
from .hourly import hourly
from .hub_api import HubApi
from .identity import HubOAuthCallbackHandler, connect_to_hub
from .listening import listener
from .memory import give_back
from .people import People
from .quota import Rates
from .service_settings import ServiceSettings, load_settings
from .sockets import listen, socket_of
from .store import Store
from .tidying import Tidying

ADDRESS = "127.0.0.1"
PORT = 10101
READING = LARGE_IN_ALL + 1  # threads that look at what was sent: one is left for small things


@dataclass
class Service:
    """What every handler finds in the application's settings, under ``ppm``."""

    settings: ServiceSettings
    store: Store
    course: Course
    prefix: str
    pages: pages.Pages
    books: dict[str, pages.Pages]
    rates: Rates
    tidy: Tidying
    admission: Admission = field(default_factory=Admission)
    reading: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(READING, "reading"))
    people: People = field(init=False)
    modules: dict[str, Module] = field(init=False)
    assignments: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.people = People(self.store, HubApi(connect_to_hub(self.settings.cache_seconds), links=False).mark)
        self.modules = {module.id: module for module in self.course.modules}
        self.assignments = frozenset(module.name for module in self.course.modules)

    @property
    def policy(self) -> str:
        """The policy of everything that is no page of a book."""
        return self.pages.policy

    def book_of(self, course: str) -> pages.Pages:
        """A course's book: its own, or the one of all."""
        return self.books.get(course, self.pages)


def service(settings: ServiceSettings, prefix: str) -> Service:
    """The service, with its store open.

    :raises CurriculumError: when the curriculum cannot be read
    """
    root = settings.curriculum or (Path(os.environ["PPM_COURSE"]) if os.environ.get("PPM_COURSE") else Path(__file__).parent.parent / "course")
    course = load_course(root)
    books = {name: pages.Pages(one.book) for name, one in settings.courses.items() if one.book}
    store = Store(settings.store, settings.threads)
    return Service(settings, store, course, prefix, pages.Pages(settings.book), books, Rates.of(settings.quotas), Tidying(store, settings))


def application(ppm: Service) -> Application:
    """The web application, with the exchange's addresses before the courses' own."""
    routes = [(r"oauth_callback", HubOAuthCallbackHandler), *exchange_face.ROUTES, *learner.ROUTES, *facilitator.ROUTES, *pages.ROUTES, (r".*", pages.Missing)]
    return Application(
        [(rf"{ppm.prefix}{pattern}", handler) for pattern, handler in routes],
        ppm=ppm,
        cookie_secret=os.environ.get("PPM_COOKIE_SECRET") or _secret(),
        default_handler_class=pages.Missing,
        compress_response=True,
        xsrf_cookie_kwargs=json.loads(os.environ.get("JUPYTERHUB_COOKIE_OPTIONS", "{}")),  # the others have them from JupyterHub
        log_function=log_request,
    )


def _secret() -> bytes:
    """The key of the cookies: every replica has the same, and nobody without the service's own token can guess it."""
    token = os.environ.get("JUPYTERHUB_API_TOKEN", "")
    return hashlib.sha256(b"ppm-cookies:" + token.encode()).digest() if token else secrets.token_bytes(32)


async def run(settings: ServiceSettings) -> None:
    """Serve until told to stop, then finish what was begun.

    :raises CourseError: when it cannot start
    """
    prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/services/course/")
    where = urlparse(os.environ.get("JUPYTERHUB_SERVICE_URL") or f"http://{ADDRESS}:{PORT}")
    connect_to_hub(settings.cache_seconds)
    ppm = service(settings, prefix)
    server = listener(application(ppm))
    at = socket_of(where.geturl())
    try:
        server.add_sockets([listen(at)] if at else bind_sockets(where.port or PORT, where.hostname or ADDRESS))
    except OSError as error:
        ppm.store.close()
        raise CourseError(f"The course service cannot listen at {at or where.netloc} ({error.strerror}). Is another one running there?") from None
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    keeping = asyncio.create_task(hourly(ppm.store, settings, ppm.tidy))
    logging.getLogger("ppm.service").warning("The course service listens at %s", at or where.netloc)
    await stopped.wait()
    server.stop()
    keeping.cancel()
    await server.close_all_connections()
    await ppm.tidy.close()
    ppm.reading.shutdown()
    ppm.store.close()


def main() -> int:
    """Start the service; an error of ours is one message, never a traceback."""
    logging.basicConfig(format="%(asctime)s %(message)s", level=os.environ.get("PPM_LOG_LEVEL", "INFO"))
    for noisy in ("tornado.application", "tornado.general", "traitlets", "alembic", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)  # they name addresses, people and values
    give_back()
    try:
        asyncio.run(run(load_settings()))
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
