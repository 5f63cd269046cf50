"""The facilitators' pages: where they start, and the roster. Plain forms without a script; only facilitators get them."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import re
import sys
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, exists, func, select
from tornado.httputil import HTTPInputError

from ..interface import text
from . import keeping, keeping_pages, mailbox, pages, public, roster_pages, wishes, wishes_pages
from .face import COURSE, ROSTER
from .hub_api import Added, HubApi
from .identity import plain_name
from .refusals import Refused
from .roster import LARGEST, Person, read_roster
from .tables import hand_ins

GRADEBOOK_SECONDS = 120
_META_POLICY = re.compile(r'<meta http-equiv="?Content-Security-Policy"?[^>]*>\n?', re.I)


class _FacilitatorPage(pages.Page):
    """A page in the course's frame, for facilitators of the course alone."""

    async def begin(self) -> None:
        """Know who asks, and that they are a facilitator of this course."""
        if self.request.method == "GET":
            if not await self.signed_in():
                return
        else:
            await self.signs_in()
        who = self.facilitator(self.path_kwargs["course"])
        if self.request.method != "GET":
            self.settings["ppm"].rates.write(who.account, self.announced)
        await self.admit(who.account)

    async def form(self) -> None:
        """Read the form that was sent; one without the page's own token is nobody's.

        :raises Refused: when it is none, or comes from elsewhere
        """
        self.request.body = self.sent(self.largest())
        try:
            await self.beside(self.request._parse_body)  # noqa: SLF001 - what tornado does for a handler that takes its body whole
        except HTTPInputError:
            raise Refused("damaged") from None
        await self.identify(cookies=True)
        self.facilitator(self.path_kwargs["course"])

    def draw(self, course: str, title: str, body: str, status: int = 200) -> None:
        """Answer with the page; its forms may send to this service, which the book's own pages need not."""
        ppm = self.settings["ppm"]
        book = ppm.book_of(course)
        page = _META_POLICY.sub("", book.framed(title, body, f"{ppm.prefix}{course}/"))
        self.set_header("Content-Security-Policy", book.policy.replace("form-action 'none'", "form-action 'self'"))
        self.page(pages.filled(page.encode(), self.values(course)), status)

    def hub(self) -> HubApi:
        """The Hub, for the roster.

        :raises Refused: where the settings have no roster
        """
        mode = os.environ.get(ROSTER, "no")
        if mode not in ("yes", "address"):
            raise Refused("roster")
        return HubApi(self.hub_auth, links=mode == "yes")

    @property
    def base(self) -> str:
        """The path that the Hub stands under."""
        return str(self.hub_auth.hub_prefix).removesuffix("hub/")


class Start(_FacilitatorPage):
    """Where facilitators start."""

    async def get(self, course: str) -> None:
        """Answer with the ways on, and with what waits to be read."""
        if not self.who:
            return
        store = self.settings["ppm"].store
        waiting, wished, agreed, shown = await store.read(lambda c: (_waiting(c, course), wishes.standing(c, course), mailbox.agreed(c, course), wishes.shown_until(c, course)))
        newest = max((one["time"] for one in wished if not one["closed_at"]), default="")
        if newest > shown:
            with suppress(Refused):  # a store that takes nothing can still be read from
                await store.write(wishes.was_shown, course, newest)
        names = {module.name: module for module in self.settings["ppm"].course.modules}
        rows = [(names[name].number, names[name].title, count) for name, count in waiting if name in names]
        ways = {"formgrader": f"{self.base}services/{course}/formgrader", "roster": "roster", "learners": pages.START}
        going, doubt = await store.read(lambda c: (keeping.standing(c, course), keeping.clock_in_doubt(c)))
        more = keeping_pages.standing_html(going, doubt) + wishes_pages.wishes_html(wished, names, self.xsrf_token.decode()) + wishes_pages.agreed_html(agreed)
        title = self.settings["ppm"].settings.courses[course].title
        self.draw(course, text("desk.title"), roster_pages.start(title, ways, sorted(rows), more, f"{self.settings['ppm'].prefix}leave", self.password_page))

    async def post(self, course: str) -> None:
        """Close a wish, or open it again; then the page is shown anew, and loading it once more does nothing."""
        await self.form()
        doing, key = self.get_body_argument("do", ""), self.get_body_argument("wish", "")
        if doing not in ("close", "open") or not (key.isascii() and key.isdigit() and len(key) <= 9):
            raise Refused("damaged")
        store = self.settings["ppm"].store
        if doing == "close":
            await store.write(wishes.close, course, int(key), self.who.account)
        else:
            await store.write(wishes.open_again, course, int(key))
        self.redirect(f"{self.settings['ppm'].prefix}{course}/facilitator#wishes", status=303)


class RosterPage(_FacilitatorPage):
    """The roster: paste, look at what was understood, add."""

    async def get(self, course: str) -> None:
        """Answer with the learners of the course, and the box to paste into."""
        if self.who:
            await self._paste(course)

    async def post(self, course: str) -> None:
        """Look at a list, add its people, make new links, or give the list for nbgrader."""
        await self.form()
        doing, pasted = self.get_body_argument("do", "look"), self.get_body_argument("list", "", strip=False)[: LARGEST + 1]
        hub = self.hub()
        if doing == "links":
            people = tuple(Person(0, member.account) for member in await hub.members(course) if member.joined is False)
            return await self._added(course, await hub.add(course, people) if people else [], people, "")
        if doing == "renew":
            account = self.get_body_argument("account", "")
            if not self._links or not plain_name(account):
                raise Refused("damaged")
            made = await hub.renew(course, account, self.who.account)
            return self.draw(course, text("roster.renewed_title"), roster_pages.renewed(made, public.origin(self.request), self.settings["ppm"].settings.courses[course].title))
        found = read_roster(pasted, "name" if self._links else "email")
        if found.problems or not found.people or doing not in ("add", "csv"):
            known = {member.account for member in await hub.members(course)}
            if doing == "look" and found.people and not found.problems:
                return self.draw(course, text("roster.look_title"), roster_pages.look(found.people, known, pasted, self._token))
            return await self._paste(course, pasted, found.problems, empty=not found.people and not found.problems)
        if doing == "csv":
            return self._csv(found.people)
        added = await hub.add(course, found.people)
        return await self._added(course, added, found.people, pasted)

    def largest(self) -> int:
        """A list, with each letter of it written out as forms do."""
        return 12 * LARGEST

    @property
    def _links(self) -> bool:
        return os.environ.get(ROSTER) == "yes"

    @property
    def _token(self) -> str:
        return self.xsrf_token.decode()

    async def _paste(self, course: str, pasted: str = "", problems: Any = (), empty: bool = False) -> None:
        members = await self.hub().members(course)
        body = roster_pages.paste(members, pasted, problems, empty, self._token, self._links)
        self.draw(course, text("roster.title"), body, 400 if problems or empty else 200)

    async def _added(self, course: str, added: list[Added], people: tuple[Person, ...], pasted: str) -> None:
        ppm = self.settings["ppm"]
        entered = await _gradebook(ppm.settings.courses[course].gradebook, course, people) if pasted else None
        origin = public.origin(self.request)
        body = roster_pages.added(added, people, origin, f"{origin}{self.base}", ppm.settings.courses[course].title, entered, pasted, self._token)
        self.draw(course, text("roster.added_title"), body)

    def _csv(self, people: tuple[Person, ...]) -> None:
        out = io.StringIO()
        lines = csv.writer(out)
        lines.writerow(["id", "first_name", "last_name", "email"])
        lines.writerows([_plain(cell) for cell in (one.account, *one.first_and_last, one.email)] for one in people)
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", 'attachment; filename="roster.csv"')
        self.finish(out.getvalue())


def _plain(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell


def _waiting(connection: Connection, course: str) -> list[tuple[str, int]]:
    """How many learners of each module shared something that nobody has opened yet. What they shared before it does not count."""
    newer = hand_ins.alias()
    same = [newer.c[name] == hand_ins.c[name] for name in ("course", "assignment", "account")]
    newest = ~exists().where(*same, newer.c.time > hand_ins.c.time)
    open_ones = (hand_ins.c.course == course, hand_ins.c.content.is_not(None), hand_ins.c.taken_back.is_(None), hand_ins.c.read_at.is_(None), newest)
    found = connection.execute(select(hand_ins.c.assignment, func.count(hand_ins.c.account.distinct())).where(*open_ones).group_by(hand_ins.c.assignment))
    return [(row[0], row[1]) for row in found]


async def _gradebook(address: str | None, course: str, people: tuple[Person, ...]) -> bool | None:
    """Enter people into nbgrader's gradebook, by a program of its own; nothing where the service has no gradebook."""
    if not address:
        return None
    data = {"gradebook": address, "course": course, "people": [_entry(one) for one in people]}
    command = [sys.executable, "-m", "patient_partner_mentor.cohort.roster"]
    pipe = asyncio.subprocess.PIPE
    program = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL)
    try:
        await asyncio.wait_for(program.communicate(json.dumps(data).encode()), GRADEBOOK_SECONDS)
    except TimeoutError:
        program.kill()
        await program.wait()
    return program.returncode == 0


def _entry(person: Person) -> dict[str, str]:
    first, last = person.first_and_last
    return {"id": person.account, "first_name": first, "last_name": last, "email": person.email}


def home_of(ppm: Any, who: Any, course: str) -> str:
    """Where somebody starts in a course: a facilitator who does not learn in it at the facilitators' page."""
    only = course in who.facilitator_of and course not in who.learner_of
    return f"{ppm.prefix}{course}/facilitator" if only else f"{ppm.prefix}{course}/{pages.START}"


ROUTES = [(rf"{COURSE}/facilitator", Start), (rf"{COURSE}/roster", RosterPage)]
