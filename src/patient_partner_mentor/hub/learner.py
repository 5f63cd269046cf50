"""The face for learners: the journal, sharing, consents, comments, a copy and erasure, over HTTP with JSON.

Whose data it is comes from who is signed in, and from nowhere else: no address here names an account.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, get_args
from urllib.parse import unquote

from ..curriculum import Module
from ..handins import parse_hand_in
from ..limits import ANSWER, Limit, Unreadable, read_json
from ..reflections import NEXT_STEP, Answer, Revision, read_answer, read_record
from .. import COURSE_ID
from . import erasing, journals, keeping, sharing, wishes
from .face import COURSE, SLUG, Face
from .refusals import Refused
from .taking import Taking, whole
from .terms import terms

ACCOUNT = "X-PPM-Account"  # whose page asks: a page that was open before somebody else signed in is not served
_HASH = "0123456789abcdef"
_MODULE = rf"(?P<module>{SLUG})"
_STEP = rf"(?P<step>{SLUG})"


class _Learner(Face):
    async def begin(self) -> None:
        """Know who asks, and that they are in the course."""
        await self.identify(cookies=True)
        who = self.member(self.path_kwargs["course"])
        if unquote(self.request.headers.get(ACCOUNT, who.account)) != who.account:
            raise Refused("other-account")
        rates = self.settings["ppm"].rates
        if self.request.method in ("GET", "HEAD"):
            rates.ask(who.account)
        else:
            rates.write(who.account, self.announced)
        await self.admit(who.account)

    def counted(self, size: int) -> None:
        """Count the bytes of an answer before they are read.

        :raises Refused: when this account read too much
        """
        self.settings["ppm"].rates.give(self.who.account, size)

    def module(self, id: str) -> Module:
        """The module of this address.

        :raises Refused: when the course has none of this id
        """
        found = self.settings["ppm"].modules.get(id)
        if not found:
            raise Refused("unknown")
        return found


class Journals(_Learner):
    """All journals of who asks, or the journal of one module."""

    heavy = True

    async def get(self, course: str, module: str | None = None) -> None:
        """Answer with them."""
        of_one = module and self.module(module).id
        taking = Taking(self.store, self.learner(course), self.counted)
        await self.stream(taking.around(b'{"journal": ' if of_one else b'{"journals": ', taking.journals(of_one), b"}"))


class Step(_Learner):
    """One answer."""

    sends: ClassVar = {"PUT": "answer"}

    async def put(self, course: str, module: str, step: str) -> None:
        """Save it, and answer with what is kept."""
        quotas = self.settings["ppm"].settings.quotas
        given, seen = await self.beside(_change, self.sent(self.largest()), replace(ANSWER, size=self.largest()))
        if (given.course, given.module, given.step) != (COURSE_ID, module, step) or not _has(self.module(module), step):
            raise Refused("unknown")
        kept = await self.store.write(journals.save, self.learner(course), given, seen, quotas)
        await self.stream(whole(b'{"answer": ' + kept + b"}"))


class State(_Learner):
    """What the course's pages need to know at once."""

    async def get(self, course: str) -> None:
        """Answer with each module's state, the consents and the course's own terms."""
        ppm, who = self.settings["ppm"], self.learner(course)
        modules, consent, leaving = await self.store.read(lambda c: (sharing.states(c, who, ppm.course), sharing.consent(c, who), keeping.leaving(c, course)))
        said = ppm.settings.courses[course]
        own = said.model_dump(mode="json", include={"title", "readers", "reading_days", "contact", "secrecy", "time_zone", "words_days", "record_days", "ends"})
        told = {"terms": terms(said), "account": who.account, "facilitator": course in self.who.facilitator_of, "password": self.password_page}
        self.answer({"modules": modules, "consent": consent, "leaving": leaving} | told | own)


class Consent(_Learner):
    """What the learner agrees to."""

    async def get(self, course: str) -> None:
        """Answer with it."""
        self.answer({"consent": await self.store.read(sharing.consent, self.learner(course))})

    async def put(self, course: str) -> None:
        """Change it."""
        data = await self.data()
        chosen = [data.get(name) for name in ("course", "quotes", "research")]
        seen = data.get("seen")
        if not all(isinstance(one, bool) for one in chosen) or not isinstance(seen, str) or not 8 <= len(seen) <= 64 or seen.strip(_HASH):
            raise Refused("damaged")
        quotas = self.settings["ppm"].settings.quotas
        self.answer({"consent": await self.store.write(sharing.set_consent, self.learner(course), *chosen, seen, quotas)})


class Share(_Learner):
    """What is shared of a module."""

    sends: ClassVar = {"POST": "hand_in"}

    async def get(self, course: str, module: str) -> None:
        """Answer with the newest hand-in that stands, word for word, or with nothing."""
        found = await self.store.read(sharing.newest, self.learner(course), self.module(module).name)
        await self.stream(whole(await self.beside(_as_json, {"shared": found})))

    async def post(self, course: str, module: str) -> None:
        """Take a hand-in, and answer with its receipt."""
        quotas = self.settings["ppm"].settings.quotas
        given = await self.beside(parse_hand_in, self.sent(quotas.hand_in))
        here = self.module(module)
        if (given.course, given.module) != (COURSE_ID, module) or not all(_has(here, one.step) for one in given.answers):
            raise Refused("unknown")
        self.answer(await self.store.write(sharing.share, self.learner(course), here.name, given, quotas))

    async def delete(self, course: str, module: str) -> None:
        """Take back what was shared, and say whether it was read."""
        done = await self.store.write(sharing.take_back, self.learner(course), self.module(module).name)
        self.answer(await self.settings["ppm"].tidy.told(done))


class Comments(_Learner):
    """The comments on a module."""

    async def get(self, course: str, module: str) -> None:
        """Answer with them."""
        self.answer({"comments": await self.store.read(sharing.module_comments, self.learner(course), self.module(module).name)})

    async def put(self, course: str, module: str, step: str) -> None:
        """Mark those on a step as read, or answer the newest with one of three words."""
        data = await self.data()
        reply = data.get("reply")
        if (reply is None and data.get("read") is not True) or (reply is not None and reply not in get_args(sharing.Reply)):
            raise Refused("damaged")
        found = await self.store.write(sharing.answer_comment, self.learner(course), self.module(module).name, step, reply)
        self.answer({"comments": found})


class Wish(_Learner):
    """A wish of the learner's: for a call, for a reply, for another way than writing."""

    async def delete(self, course: str, module: str, step: str, kind: str) -> None:
        """Withdraw it, and answer with those that stand."""
        await self._change(wishes.withdraw, course, module, step, kind)

    async def put(self, course: str, module: str, step: str, kind: str) -> None:
        """Ask again for what was withdrawn, and answer with those that stand."""
        await self._change(wishes.ask_again, course, module, step, kind)

    async def _change(self, doing: Callable[..., None], course: str, module: str, step: str, kind: str) -> None:
        who, name = self.learner(course), self.module(module).name
        await self.store.write(doing, who, name, step, kind)
        self.answer({"wishes": (await self.store.read(wishes.of_learner, who)).get(name, [])})


class Copy(_Learner):
    """Everything that the service holds of who asks."""

    heavy = True

    async def get(self, course: str) -> None:
        """Answer with it, as a file to keep."""
        self.set_header("Content-Disposition", 'attachment; filename="my-course.json"')
        await self.stream(Taking(self.store, self.learner(course), self.counted).everything())


class Erase(_Learner):
    """The erasure of everything that the service holds of who asks."""

    async def post(self, course: str) -> None:
        """Erase, and answer with what was removed and what is left with whom."""
        if (await self.data()).get("sure") is not True:
            raise Refused("sure")
        report = await self.store.write(erasing.erase, self.learner(course), "learner")
        self.answer(await self.settings["ppm"].tidy.told(report))


def _change(raw: bytes, limit: Limit) -> tuple[Answer, Revision | None]:
    data = read_json(raw, limit)
    if not isinstance(data, dict):
        raise Unreadable("broken")
    return read_answer(data.get("answer")), None if data.get("seen") is None else read_record(Revision, data["seen"])


def _as_json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode()


def _has(module: Module, step: str) -> bool:
    return step == NEXT_STEP or any(one.id == step for one in module.steps)


ROUTES = [
    (rf"{COURSE}/api/journal", Journals),
    (rf"{COURSE}/api/journal/{_MODULE}", Journals),
    (rf"{COURSE}/api/journal/{_MODULE}/{_STEP}", Step),
    (rf"{COURSE}/api/state", State),
    (rf"{COURSE}/api/consent", Consent),
    (rf"{COURSE}/api/share/{_MODULE}", Share),
    (rf"{COURSE}/api/comments/{_MODULE}", Comments),
    (rf"{COURSE}/api/comments/{_MODULE}/{_STEP}", Comments),
    (rf"{COURSE}/api/wishes/{_MODULE}/{_STEP}/(?P<kind>[a-z-]{{1,16}})", Wish),
    (rf"{COURSE}/api/copy", Copy),
    (rf"{COURSE}/api/erase", Erase),
]
