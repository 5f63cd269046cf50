"""The face for nbgrader: its exchange over HTTP. Only a Hub token in the Authorization header opens it, never a cookie."""

from __future__ import annotations

import re
import secrets
from typing import ClassVar

from .. import archives
from . import erasing, mailbox
from .face import COURSE, Face
from .identity import plain_name
from .journals import Learner
from .refusals import Refused
from .taking import whole

ASSIGNMENT = r"(?P<assignment>[A-Za-z0-9][A-Za-z0-9_.-]{0,79})"
_USER, _ID = r"(?P<user>[^/]{1,400})", r"(?P<id>[a-z0-9]{8,64})"
_NOTEBOOK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_ .-]{0,79}")


class _Exchange(Face):
    async def begin(self) -> None:
        """Know who asks, by token, and that they are in the course."""
        if not await self.identify(cookies=False):
            raise Refused("sign-in")
        course = self.path_kwargs.get("course")
        if course and self.member(course) and course not in self.who.facilitator_of:
            rates = self.settings["ppm"].rates
            if self.request.method in ("GET", "HEAD"):
                rates.ask(self.who.account)
            else:
                rates.write(self.who.account, self.announced)
        if self.request.method == "PUT":  # before any of it is read
            self.facilitator(self.path_kwargs["course"])
        await self.admit(self.who.account)

    def check_xsrf_cookie(self) -> None:
        """Nothing to check: a browser's cookie opens nothing here."""

    def owner(self, course: str, user: str) -> Learner:
        """Whose hand-in is asked for: a learner's own, or anybody's for a facilitator.

        :raises Refused: otherwise
        """
        who = self.member(course)
        if not plain_name(user) or (course not in who.facilitator_of and user != who.account):
            raise Refused("not-yours")
        return Learner(course, user)

    async def archive(self, largest: int) -> bytes:
        """The archive that was sent, looked through and packed anew, with no more in it than its files.

        :raises Refused: when it is none, too large, or holds what it may not
        """
        quotas = self.settings["ppm"].settings.quotas
        try:
            return await self.beside(_anew, self.sent(largest), max(quotas.unpacked, largest), quotas.files)
        except archives.BadArchive:
            raise Refused("damaged") from None

    async def file(self, content: bytes, kind: str = "application/zip") -> None:
        """Answer with a file that no browser opens by itself."""
        self.set_header("Content-Disposition", "attachment")
        await self.stream(whole(content), kind)


class Courses(_Exchange):
    """The courses of who asks."""

    def get(self) -> None:
        """Answer with their names, and with the name that the Hub has for who asks."""
        self.answer({"courses": self.who.courses, "facilitator_of": sorted(self.who.facilitator_of), "user": self.who.account})


class Assignments(_Exchange):
    """The released assignments of a course, or one of them."""

    sends: ClassVar = {"PUT": "assignment"}

    async def get(self, course: str, assignment: str | None = None) -> None:
        """Answer with their names and times, or with the archive."""
        if assignment is None:
            self.answer(await self.store.read(mailbox.names, course))
        else:
            await self.file(await self.store.read(mailbox.assignment, course, assignment))

    async def put(self, course: str, assignment: str) -> None:
        """Release one; over a released one only with ``?replace=yes``."""
        self.facilitator(course)
        content = await self.archive(self.settings["ppm"].settings.quotas.assignment)
        await self.store.write(mailbox.release, course, assignment, content, self.get_query_argument("replace", "") == "yes")
        self.answer({"released": assignment})

    async def delete(self, course: str, assignment: str) -> None:
        """Take one in."""
        self.facilitator(course)
        await self.store.write(mailbox.withdraw, course, assignment)
        self.answer({"withdrawn": assignment})


class Submissions(_Exchange):
    """Hand-ins of a course or of one assignment."""

    heavy = True  # little packed can be much unpacked
    sends: ClassVar = {"POST": "archive"}

    async def get(self, course: str, assignment: str | None = None) -> None:
        """A facilitator gets each learner's newest, or all with ``?history=yes``; a learner gets all of her own."""
        everybody = course in self.member(course).facilitator_of and self.get_query_argument("mine", "") != "yes"
        history = not everybody or self.get_query_argument("history", "") == "yes"
        self.answer(await self.store.read(mailbox.listing, course, assignment, None if everybody else self.who.account, history))

    async def post(self, course: str, assignment: str) -> None:
        """Take the files of 'nbgrader submit'. Who and when is said here."""
        ppm, who = self.settings["ppm"], self.learner(course)
        content = await self.archive(ppm.settings.quotas.archive)
        if assignment not in ppm.assignments and assignment not in await self.store.read(mailbox.names, course):
            raise Refused("not-here")
        self.answer(await self.store.write(mailbox.submit, who, assignment, secrets.token_hex(16), content, ppm.settings.quotas))


class Submission(_Exchange):
    """One hand-in."""

    heavy = True

    async def get(self, course: str, assignment: str, user: str, id: str) -> None:
        """Answer with its archive."""
        owner = self.owner(course, user)
        collecting = course in self.who.facilitator_of and user != self.who.account
        ask = self.store.write if collecting else self.store.read
        await self.file(await ask(mailbox.fetch, owner, assignment, id, collecting))


class Opened(_Exchange):
    """A hand-in that a person has open in the formgrader."""

    async def put(self, course: str, assignment: str, user: str) -> None:
        """Note it; ``time`` is the hand-in's."""
        self.facilitator(course)
        await self.store.write(mailbox.opened, self.owner(course, user), assignment, self.get_query_argument("time", ""))
        self.answer({"opened": True})


class Feedback(_Exchange):
    """The feedback page of one hand-in."""

    heavy = True
    sends: ClassVar = {"PUT": "feedback"}

    async def put(self, course: str, assignment: str, user: str, id: str) -> None:
        """Deliver it."""
        self.facilitator(course)
        page = self.sent(self.settings["ppm"].settings.quotas.feedback)
        self.answer(await self.store.write(mailbox.deliver, self.owner(course, user), assignment, id, self.notebook(), page))

    async def get(self, course: str, assignment: str, user: str, id: str) -> None:
        """Answer with it."""
        await self.file(await self.store.read(mailbox.feedback_page, self.owner(course, user), assignment, id, self.notebook()), "text/plain; charset=utf-8")

    def notebook(self) -> str:
        """Which notebook's page it is; ours have one."""
        name = self.get_query_argument("notebook", mailbox.NOTEBOOK)
        if not _NOTEBOOK.fullmatch(name):
            raise Refused("not-here")
        return name


class Replies(_Exchange):
    """What learners answered to comments."""

    async def get(self, course: str) -> None:
        """Answer with it."""
        self.facilitator(course)
        self.answer(await self.store.read(mailbox.replies, course))


class Agreed(_Exchange):
    """What learners agreed to."""

    async def get(self, course: str) -> None:
        """Answer with it."""
        self.facilitator(course)
        self.answer(await self.store.read(mailbox.agreed, course))


class EraseLearner(_Exchange):
    """The erasure of one learner's data, by a facilitator."""

    async def post(self, course: str, user: str) -> None:
        """Erase, and answer with what was removed and what is left with whom."""
        self.facilitator(course)
        report = await self.store.write(erasing.erase, self.owner(course, user), "facilitator")
        self.answer(await self.settings["ppm"].tidy.told(report))


def _anew(sent: bytes, limit: int, files: int) -> bytes:
    return archives.packed(archives.unpacked(sent, limit, files, mailbox.OWN_FILES))


_C = rf"exchange/{COURSE}"
ROUTES = [
    (r"exchange/courses", Courses),
    (rf"{_C}/assignments", Assignments),
    (rf"{_C}/assignments/{ASSIGNMENT}", Assignments),
    (rf"{_C}/submissions", Submissions),
    (rf"{_C}/submissions/{ASSIGNMENT}", Submissions),
    (rf"{_C}/submissions/{ASSIGNMENT}/{_USER}/{_ID}", Submission),
    (rf"{_C}/opened/{ASSIGNMENT}/{_USER}", Opened),
    (rf"{_C}/feedback/{ASSIGNMENT}/{_USER}/{_ID}", Feedback),
    (rf"{_C}/replies", Replies),
    (rf"{_C}/consents", Agreed),
    (rf"{_C}/erase/{_USER}", EraseLearner),
]
