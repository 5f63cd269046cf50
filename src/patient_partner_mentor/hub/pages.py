"""The pages of the course service: the built cohort book, the list of courses, and errors as pages in the course's look."""

from __future__ import annotations

import json
import mimetypes
import re
from html import escape, unescape
from pathlib import Path
from typing import NoReturn

from ..interface import text
from .face import COURSE, Face
from .refusals import Refused
from .taking import whole

START = "book/welcome.html"
FRAME = "app-shell.html"
OPEN = ("_static/", "course.webmanifest")
SIGNED_IN = "@SIGNED-IN@"  # who is signed in, as text
WORKER = "sw.js"  # an offline copy would show one account's pages to the next
STRICT = "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'"
_POLICY = re.compile(r'<meta http-equiv="?Content-Security-Policy"?\s+content="([^"]+)"', re.I)
_SCRIPTS = re.compile(r"<script defer [^>]*></script>\n?")  # they look for forms to write in, and find none
_PLAIN = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*")
_FOREVER = "public, max-age=31536000, immutable"
_HASHED = re.compile(r"\.[0-9a-f]{8,}\.\w+$")
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
{styles}</head>
<body>
<main id="main" class="page">
<h1>{title}</h1>
{body}</main>
</body>
</html>
"""


class Pages:
    """The built book of a course, and small pages that look like it.

    :param book: the folder of the built cohort book; the frame that the build draws for pages of others stands beside it
    """

    def __init__(self, book: Path) -> None:
        self.book = book.resolve()
        start, frame = self.book / START, self.book.parent / FRAME
        found = _POLICY.search(start.read_text("utf-8")) if start.is_file() else None
        # what the book's own pages say of themselves, as a header, with what only a header can say
        self.policy = f"{unescape(found[1]) if found else STRICT}; frame-ancestors 'none'"
        self._frame = frame.read_text("utf-8") if frame.is_file() else None

    def file(self, name: str) -> bytes:
        """A file of the book.

        :raises Refused: when there is none of this name; links do not lead out of the book
        """
        path = self.book / name
        if not _PLAIN.fullmatch(name) or not path.is_file() or not path.resolve().is_relative_to(self.book):
            raise Refused("not-here")
        return path.read_bytes()

    def framed(self, title: str, body: str, home: str) -> str:
        """A page in the book's own frame, with its menu and help box; a small one where the build drew no frame.

        :param home: the course's own address
        """
        if self._frame is None:
            return self.small(title, body, home)
        return _SCRIPTS.sub("", self._frame).replace('"../../', f'"{home}').replace("@TITLE@", escape(title)).replace("@BODY@", f"<h1>{escape(title)}</h1>\n{body}")

    def small(self, title: str, body: str, home: str) -> str:
        """A small page, for whoever is in no course.

        :param home: the address of a course, which the book's style sheet stands under
        """
        style = next((path.name for path in sorted((self.book / "_static").glob("course.*.css"))), None)
        styles = f'<link rel="stylesheet" href="{escape(home)}_static/{style}">\n' if style else ""
        return _PAGE.format(title=escape(title), styles=styles, body=body)


class Page(Face):
    """A handler that people look at."""

    def refuse(self, refused: Refused) -> None:
        """A page with the sentence and the way back, in the book's frame for members of its course."""
        ppm, course = self.settings["ppm"], self.path_kwargs.get("course", "")
        member = self.who is not None and course in self.who.courses
        home = f"{ppm.prefix}{course if member else next(iter(ppm.settings.courses))}/"
        body = f'<p role="alert">{escape(str(refused))}</p>\n<p><a href="{escape(ppm.prefix)}">{escape(text("service.home"))}</a></p>\n'
        pages = ppm.book_of(course)
        page = pages.framed(text("service.trouble_title"), body, home) if member else pages.small(text("service.trouble_title"), body, home)
        self.page(filled(page.encode(), self.values(course)) if member else page.encode(), refused.status)

    def page(self, content: bytes | str, status: int = 200) -> None:
        """Answer with a page."""
        self.set_status(status)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(content)

    def values(self, course: str) -> dict[str, str]:
        """What the markers of a page are filled with."""
        assert self.who
        prefix, auth = self.settings["ppm"].prefix, self.hub_auth
        home = f"{prefix}{course}/"
        return {SIGNED_IN: text("home.signed_in", account=self.who.account), "@ACCOUNT@": self.who.account, "@API@": f"{home}api/", "@HOME@": f"{home}{START}", "@LEAVE@": f"{prefix}leave", "@LOGOUT@": f"{auth.hub_host}{auth.hub_prefix}logout"}

    async def signed_in(self) -> bool:
        """Whether somebody is; otherwise the browser is on its way to the Hub's sign-in.

        :raises Refused: when it is a script, picture or the like that asks: they cannot follow
        """
        if await self.identify(cookies=True):
            return True
        if self.request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
            raise Refused("sign-in")
        self.redirect(self.get_login_url())
        return False


class Missing(Page):
    """Any other address."""

    async def begin(self) -> NoReturn:
        """There is nothing."""
        raise Refused("not-here")


class Front(Page):
    """The front door: the only course of who asks, or the list of them."""

    async def get(self) -> None:
        """Lead on, or list."""
        if not await self.signed_in():
            return
        ppm = self.settings["ppm"]
        mine = [(name, ppm.settings.courses[name].title) for name in self.who.courses]
        if len(mine) == 1:
            self.redirect(f"{ppm.prefix}{mine[0][0]}/")
        else:
            items = "".join(f'<li><a href="{escape(ppm.prefix + name)}/">{escape(title)}</a></li>\n' for name, title in mine)
            body = f"<ul>\n{items}</ul>\n" if mine else f"<p>{escape(text('service.none'))}</p>\n"
            title = text("service.choose") if mine else text("service.title")
            self.page(ppm.pages.small(title, body, f"{ppm.prefix}{next(iter(ppm.settings.courses))}/"))


class Home(Page):
    """A course's own address."""

    async def get(self, course: str) -> None:
        """Lead to the welcome page, or to the facilitators' start."""
        if await self.signed_in():
            self.member(course)
            from .facilitator import home_of  # late: its pages stand on these

            self.redirect(home_of(self.settings["ppm"], self.who, course))


class Book(Page):
    """Pages and files of the cohort book. What the pages look like is open, since browsers fetch fonts without cookies."""

    async def get(self, course: str, name: str) -> None:
        """Answer with a file; a page is told whose it is."""
        ppm = self.settings["ppm"]
        pages = ppm.book_of(course)
        if course in ppm.settings.courses and name.startswith(OPEN):
            self.set_header("Cache-Control", _FOREVER if _HASHED.search(name) else "public, max-age=3600")
            return await self._send(name, pages.file(name))
        if not await self.signed_in():
            return None
        self.member(course)
        content = pages.file(name if name != WORKER else "")
        if name.endswith(".html"):
            self.set_header("Content-Security-Policy", pages.policy)
            content = filled(content, self.values(course))
            self.xsrf_token  # noqa: B018 - sets the cookie that the page's own requests answer with
        return await self._send(name, content)

    head = get

    async def _send(self, name: str, content: bytes) -> None:
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        await self.stream(whole(content), f"{kind}; charset=utf-8" if kind.startswith("text/") or kind.endswith(("javascript", "json")) else kind)


class Leave(Page):
    """The way out: this service's cookie goes, then the Hub's. A link on a page of another site does not lead there by itself."""

    async def get(self) -> None:
        """Sign out, if a page of ours or the person asks; else ask the person."""
        try:
            await self.identify(cookies=True)
        except Refused:  # whoever may not come in may still leave
            pass
        if self.request.headers.get("Sec-Fetch-Site") in ("same-origin", "none"):
            return self._out()
        ppm, token = self.settings["ppm"], self.xsrf_token.decode()
        form = f'<form method="post" action="leave"><input type="hidden" name="_xsrf" value="{escape(token)}"><p><button type="submit">{escape(text("hub.sign_out"))}</button></p></form>\n'
        body = f'<p>{escape(text("hub.leave_text"))}</p>\n{form}<p><a href="{escape(ppm.prefix)}">{escape(text("hub.to_course"))}</a></p>\n'
        self.set_header("Content-Security-Policy", ppm.policy.replace("form-action 'none'", f"form-action 'self' {self.hub_auth.hub_host}".rstrip()))
        return self.page(ppm.pages.small(text("hub.leave"), body, f"{ppm.prefix}{next(iter(ppm.settings.courses))}/"))

    async def post(self) -> None:
        """Sign out."""
        self.request.body = self.sent(self.largest())
        self.request._parse_body()  # noqa: SLF001 - what tornado does for a handler that takes its body whole; this one is a few bytes
        try:
            await self.identify(cookies=True)
        except Refused:
            if not self.who:
                raise
        if not self.who:  # a form without the page's own token is nobody's
            raise Refused("sign-in")
        self._out()

    def _out(self) -> None:
        self.sign_out()
        self.redirect(f"{self.hub_auth.hub_host}{self.hub_auth.hub_prefix}logout")


class Health(Face):
    """Whether the service and its store are well; says nothing else."""

    async def get(self) -> None:
        """Answer 200 when they are."""
        await self.store.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar())
        self.answer({"well": True})


def filled(page: bytes, values: dict[str, str]) -> bytes:
    """A page with its markers replaced: one by text, the others by what stands safely inside a JSON string inside a script element."""
    for marker, value in values.items():
        safe = escape(value) if marker == SIGNED_IN else json.dumps(value)[1:-1].replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").replace("'", "\\u0027")
        page = page.replace(marker.encode(), safe.encode())
    return page


ROUTES = [
    (r"", Front),
    (r"health", Health),
    (r"leave", Leave),
    (rf"{COURSE}/?", Home),
    (rf"{COURSE}/(?P<name>(?:book|notebooks|_static|_images|_downloads)/.+|[\w.-]+\.\w+)", Book),
]
