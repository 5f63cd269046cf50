"""What every handler of the course service has in common: headers, quiet logs, errors as JSON, and how it reads and answers.

A body is read only when it is known who sends it and how much of it is taken; what was sent is looked at in a thread beside the
event loop; a large answer leaves piece by piece, as fast as it is taken.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import traceback
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, stream_request_body

from ..errors import NewerRecordError, RecordError
from ..limits import SMALL, Limit, Unreadable, read_json
from . import listening, public
from .admission import LARGE
from .identity import Identity, Known
from .journals import Learner
from .refusals import Refused
from .store import Store

log = logging.getLogger("ppm.service")
COURSE = r"(?P<course>[a-zA-Z0-9][a-zA-Z0-9_-]{0,62})"
SLUG = r"[a-z0-9]+(?:-[a-z0-9]+)*"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
ROSTER = "PPM_ROSTER"  # 'yes' with join links, 'address' where others look after passwords, anything else for no roster
_BY_STATUS = {403: "not-yours", 404: "not-here", 405: "not-here", 413: "too-large"}
WHOLE = 65_536  # bytes of an answer that leaves at once
TAKEN_SECONDS = 30  # in which a piece of an answer is taken
_GZIP = 16 + zlib.MAX_WBITS  # https://docs.python.org/3/library/zlib.html#zlib.compressobj

JSON = "application/json; charset=utf-8"
_PACKED = ("text/", "application/json", "application/javascript", "text/javascript", "image/svg+xml", "application/manifest+json")

_Result = TypeVar("_Result")


@stream_request_body
class Face(Known):
    """A handler that says what it did not do, and why."""

    heavy = False  # whether it reads much for an answer: one such at a time for each account
    sends: ClassVar[dict[str, str]] = {}  # by method, the quota of what comes with it; else a few kB are enough

    def initialize(self) -> None:
        """Nothing was sent yet."""
        self._sent: list[bytes] = []
        self._size = 0
        self._heard_out = False
        self._leave: Callable[[], None] | None = None

    async def _execute(self, transforms: Any, *args: bytes, **values: bytes) -> None:
        """Tornado's own way through a request; whoever was let in is let out, however it ends."""
        try:
            await super()._execute(transforms, *args, **values)
        finally:
            if self._leave:
                self._leave()
                self._leave = None

    async def prepare(self) -> None:
        """Know who asks, and whether it is their turn, before any of the body is kept.

        A refusal leaves when the body has been read into nothing. Where more would come than is worth hearing out, none of it is read.
        """
        try:
            await self.begin()
        except Exception as error:
            if isinstance(error, Refused) and error.reason == "too-often":
                await listening.hold()  # whoever asks in a loop asks more slowly
            if self.announced <= listening.HEARD_OUT:
                self._hear_out(error)
                return
            self.log_exception(type(error), error, error.__traceback__)
            self.set_header("Connection", "close")
            async with listening.lingering(self.request.connection):
                self.refuse(refusal_of(error))

    def _hear_out(self, error: Exception) -> None:
        """Have the error answered when the body is over, as if the method had met it."""

        def refused(*_: str, **__: str) -> None:
            raise error

        self._heard_out = True
        listening.hear_out(self.request.connection)
        setattr(self, (self.request.method or "GET").lower(), refused)

    async def begin(self) -> None:
        """What a handler finds out before it reads."""

    def data_received(self, chunk: bytes) -> None:
        """A piece of the body."""
        if self._heard_out:
            return
        self._size += len(chunk)
        self._sent.append(chunk)

    def largest(self) -> int:
        """How many bytes this request may send: what its quota says, and what stands round it."""
        name = self.sends.get(self.request.method or "")
        return SMALL.size + (getattr(self.settings["ppm"].settings.quotas, name) if name else 0)

    @property
    def announced(self) -> int:
        """How many bytes this request says that it sends; where it does not say, the most that it may."""
        if "Transfer-Encoding" in self.request.headers:
            return self.largest()
        said = self.request.headers.get("Content-Length", "0")
        return int(said) if said.isdecimal() and len(said) < 16 else 2**62

    async def admit(self, account: str) -> None:
        """Take the body of who is known now, once it is their turn.

        :raises Refused: when it is too large, or too many of this account wait
        """
        if self.announced > self.largest():
            raise Refused("too-large")
        self._leave = await self.settings["ppm"].admission.enter(account, self.heavy or self.announced > LARGE)
        listening.expect(self.request.connection, self.largest())

    def set_default_headers(self) -> None:
        """Every answer carries the policy; nothing with an account in it is kept by a browser."""
        for name, value in HEADERS.items():
            self.set_header(name, value)
        self.set_header("Content-Security-Policy", self.settings["ppm"].policy)
        self.clear_header("Server")

    def compute_etag(self) -> None:
        """None: nothing here is kept by a browser, and what is never changes under its name."""

    @property
    def store(self) -> Store:
        """The store."""
        return self.settings["ppm"].store

    @property
    def password_page(self) -> str:
        """Where people change their password; nothing where others look after passwords."""
        return f"{self.hub_auth.hub_host}{self.hub_auth.hub_prefix}password" if os.environ.get(ROSTER) == "yes" else ""

    def member(self, course: str) -> Identity:
        """Who asks, who is in this course.

        :raises Refused: otherwise; also when there is no such course, which is nobody's business
        """
        if not self.who:
            raise Refused("sign-in")
        if course not in self.who.courses:
            raise Refused("not-yours")
        return self.who

    def facilitator(self, course: str) -> Identity:
        """Who asks, who is a facilitator of this course.

        :raises Refused: otherwise
        """
        who = self.member(course)
        if course not in who.facilitator_of:
            raise Refused("not-yours")
        return who

    def learner(self, course: str) -> Learner:
        """The account of who asks, as the owner of what it writes. A facilitator may try the course out."""
        return Learner(course, self.member(course).account)

    async def beside(self, work: Callable[..., _Result], *values: Any) -> _Result:
        """What ``work(*values)`` returns, found in a thread beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.settings["ppm"].reading, work, *values)

    def sent(self, largest: int) -> bytes:
        """What was sent.

        :raises Refused: when it is larger than that
        """
        if self._size > largest:
            raise Refused("too-large")
        body, self._sent = b"".join(self._sent), []
        return body

    async def data(self, limit: Limit = SMALL) -> dict[str, Any]:
        """What was sent, as the JSON object that it is.

        :raises Refused: when it is none, or too large
        """
        found = await self.beside(read_json, self.sent(limit.size), limit)
        if not isinstance(found, dict):
            raise Refused("damaged")
        return found

    def answer(self, data: Any, status: int = 200) -> None:
        """Answer with JSON; bytes are JSON already."""
        self.set_status(status)
        self.set_header("Content-Type", JSON)
        self.finish(data if isinstance(data, bytes) else json.dumps(data, ensure_ascii=False))

    async def stream(self, pieces: AsyncIterator[bytes], kind: str = JSON) -> None:
        """Answer with what comes. What is large is packed beside the loop, and the next piece waits until it is taken."""
        first = b""
        async for piece in pieces:
            first += piece
            if len(first) > WHOLE:
                break
        self.set_header("Content-Type", kind)
        if len(first) <= WHOLE:
            self.finish(first)
            return
        pack = None
        if "gzip" in self.request.headers.get("Accept-Encoding", "") and kind.startswith(_PACKED):
            pack = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
            self.set_header("Content-Encoding", "gzip")
        try:
            await self._give(first, pack)
            async for piece in pieces:
                await self._give(piece, pack)
            if pack:
                self.write(pack.flush())
            self.finish()
        except (StreamClosedError, TimeoutError):  # gone, or not taken in time
            self.request.connection.stream.close()
        except Exception:  # a part of an answer must not look like the whole
            self.request.connection.stream.close()
            raise

    async def _give(self, piece: bytes, pack: Any) -> None:
        for start in range(0, len(piece), WHOLE):
            part = piece[start : start + WHOLE]
            part = await self.beside(pack.compress, part) if pack else part
            if part:
                self.write(part)
                await listening.within(self.flush(), TAKEN_SECONDS)

    def write_error(self, status_code: int, **details: Any) -> None:
        """A sentence and a reason; never a trace, a path or what was sent."""
        self.refuse(refusal_of(details.get("exc_info", (None, None))[1], status_code))

    def refuse(self, refused: Refused) -> None:
        """Answer with why it was not done."""
        self.answer({"message": str(refused), "reason": refused.reason}, refused.status)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Refusals are no news. Of anything else the place is told, and no value: that may be somebody's words."""
        if isinstance(value, HTTPError | Refused | RecordError | Unreadable):
            return
        places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(tb)[-6:]]
        log.error("%s at %s", typ.__name__, " < ".join(reversed(places)))


def refusal_of(error: BaseException | None, status: int = 500) -> Refused:
    """What is said of an error.

    :param status: what Tornado makes of one that is not ours
    """
    if isinstance(error, Refused):
        return error
    if isinstance(error, NewerRecordError | RecordError):
        return Refused("newer" if isinstance(error, NewerRecordError) else "damaged")
    if isinstance(error, Unreadable):
        return Refused("too-large" if error.why in ("large", "slow") else "damaged")
    return Refused(_BY_STATUS.get(status, "damaged" if 400 <= status < 500 else "trouble"))


def log_request(handler: Any) -> None:
    """One line a request: what was asked of which part, how it went, how long it took. Addresses name people and steps."""
    public.look_at(handler.request)
    part = type(handler).__name__
    log.info("%s %s %d %d ms", handler.request.method, part, handler.get_status(), 1000 * handler.request.request_time())
