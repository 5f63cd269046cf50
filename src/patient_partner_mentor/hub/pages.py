"""The pages of the course service: the built cohort book, the list of courses, and errors as pages in the course's look."""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Sequence
from html import escape, unescape
from pathlib import Path

from ..interface import text
from .face import COURSE, Face
from .refusals import Refused

START = "book/welcome.html"
STRICT = "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'"
_POLICY = re.compile(r'<meta http-equiv="?Content-Security-Policy"?\s+content="([^"]+)"', re.I)
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

    :param book: the folder of the built cohort book
    """

    def __init__(self, book: Path) -> None:
        self.book = book.resolve()
        start = self.book / START
        found = _POLICY.search(start.read_text("utf-8")) if start.is_file() else None
        # what the book's own pages say of themselves, as a header, with what only a header can say
        self.policy = f"{unescape(found[1]) if found else STRICT}; frame-ancestors 'none'"

    def file(self, name: str) -> bytes:
        """A file of the book.

        :raises Refused: when there is none of this name; links do not lead out of the book
        """
        path = self.book / name
        if not _PLAIN.fullmatch(name) or not path.is_file() or not path.resolve().is_relative_to(self.book):
            raise Refused("not-here")
        return path.read_bytes()

    def style(self) -> str | None:
        """The name of the book's style sheet, which has a hash of its content in it."""
        return next((f"_static/{path.name}" for path in sorted((self.book / "_static").glob("course.*.css"))), None)

    def small(self, title: str, body: str, prefix: str, course: str | None) -> str:
        """A small page.

        :param prefix: the service's own address
        :param course: a course, whose address the book's style sheet is under
        """
        style = self.style()
        styles = f'<link rel="stylesheet" href="{escape(prefix)}{course}/{style}">\n' if style and course else ""
        return _PAGE.format(title=escape(title), styles=styles, body=body)

    def trouble(self, sentence: str, prefix: str, course: str | None = None) -> str:
        """An error as a page, with the way back."""
        body = f'<p role="alert">{escape(sentence)}</p>\n<p><a href="{escape(prefix)}">{escape(text("service.home"))}</a></p>\n'
        return self.small(text("service.trouble_title"), body, prefix, course)

    def choose(self, courses: Sequence[tuple[str, str]], prefix: str) -> str:
        """The list of somebody's courses, as (name, title)."""
        if not courses:
            return self.small(text("service.title"), f"<p>{escape(text('service.none'))}</p>\n", prefix, None)
        items = "".join(f'<li><a href="{escape(prefix + name)}/">{escape(title)}</a></li>\n' for name, title in courses)
        return self.small(text("service.choose"), f"<ul>\n{items}</ul>\n", prefix, courses[0][0])


class _Page(Face):
    pages = True

    def leave(self) -> str:
        """The address that signs out, here and at the Hub."""
        return f"{self.settings['ppm'].prefix}leave"

    async def signed_in(self) -> bool:
        """Whether somebody is; otherwise the browser is on its way to the Hub's sign-in."""
        if await self.identify(cookies=True):
            return True
        self.redirect(self.get_login_url())
        return False


class Front(_Page):
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
            self.set_header("Content-Type", "text/html; charset=utf-8")
            self.finish(ppm.pages.choose(mine, ppm.prefix))


class Home(_Page):
    """A course's own address."""

    async def get(self, course: str) -> None:
        """Lead to the welcome page."""
        if await self.signed_in():
            self.member(course)
            self.redirect(f"{self.settings['ppm'].prefix}{course}/{START}")


class Book(_Page):
    """Pages and files of the cohort book. What the pages look like is open, since browsers fetch fonts without cookies."""

    async def get(self, course: str, name: str) -> None:
        """Answer with a file; a page is told whose it is."""
        ppm = self.settings["ppm"]
        pages = ppm.book_of(course)
        if name.startswith("_static/"):
            self.set_header("Cache-Control", _FOREVER if _HASHED.search(name) else "public, max-age=3600")
            return self._send(name, pages.file(name))
        if not await self.signed_in():
            return None
        self.member(course)
        content = pages.file(name)
        if name.endswith(".html"):
            self.set_header("Content-Security-Policy", pages.policy)
            content = _filled(content, self._values(course))
            self.xsrf_token  # noqa: B018 - sets the cookie that the page's own requests answer with
        return self._send(name, content)

    head = get

    def _values(self, course: str) -> dict[str, str]:
        home = f"{self.settings['ppm'].prefix}{course}/"
        return {"@ACCOUNT@": self.who.account, "@API@": f"{home}api/", "@HOME@": f"{home}{START}", "@LEAVE@": self.leave()}

    def _send(self, name: str, content: bytes) -> None:
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        self.set_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") or kind.endswith(("javascript", "json")) else kind)
        self.finish(content)


class Leave(_Page):
    """The way out: this service's cookie goes, then the Hub's."""

    async def get(self) -> None:
        """Sign out."""
        self.hub_auth.clear_cookie(self)
        self.redirect(f"{self.hub_auth.hub_host}{self.hub_auth.hub_prefix}logout")


class Health(Face):
    """Whether the service and its store are well; says nothing else."""

    async def get(self) -> None:
        """Answer 200 when they are."""
        await self.store.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar())
        self.answer({"well": True})


def _filled(page: bytes, values: dict[str, str]) -> bytes:
    """A page with its markers replaced by what stands safely inside a JSON string inside a script element."""
    for marker, value in values.items():
        safe = json.dumps(value)[1:-1].replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").replace("'", "\\u0027")
        page = page.replace(marker.encode(), safe.encode())
    return page


ROUTES = [
    (r"", Front),
    (r"health", Health),
    (r"leave", Leave),
    (rf"{COURSE}/?", Home),
    (rf"{COURSE}/(?P<name>(?:book|notebooks|_static|_images|_downloads)/.+|[\w.-]+\.\w+)", Book),
]
