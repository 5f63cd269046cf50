"""What every handler of the course service has in common: headers, quiet logs, errors as JSON."""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path
from typing import Any

from tornado.web import HTTPError

from ..errors import NewerRecordError, RecordError
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
_BY_STATUS = {403: "not-yours", 404: "not-here", 405: "not-here", 413: "too-large"}


class Face(Known):
    """A handler that says what it did not do, and why."""

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

    def body(self, largest: int) -> bytes:
        """What was sent.

        :raises Refused: when it is larger than that
        """
        if len(self.request.body) > largest:
            raise Refused("too-large")
        return self.request.body

    def data(self, largest: int) -> dict[str, Any]:
        """What was sent, as the JSON object that it is.

        :raises Refused: when it is none, or too large
        """
        try:
            found = json.loads(self.body(largest).decode("utf-8"))
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Refused("damaged")
        return found

    def answer(self, data: Any, status: int = 200) -> None:
        """Answer with JSON; bytes are JSON already."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(data if isinstance(data, bytes) else json.dumps(data, ensure_ascii=False))

    def write_error(self, status_code: int, **details: Any) -> None:
        """A sentence and a reason; never a trace, a path or what was sent."""
        error = details.get("exc_info", (None, None))[1]
        if isinstance(error, NewerRecordError | RecordError):
            refused = Refused("newer" if isinstance(error, NewerRecordError) else "damaged")
        else:
            refused = error if isinstance(error, Refused) else Refused(_BY_STATUS.get(status_code, "damaged" if 400 <= status_code < 500 else "trouble"))
        self.refuse(refused)

    def refuse(self, refused: Refused) -> None:
        """Answer with why it was not done."""
        self.answer({"message": str(refused), "reason": refused.reason}, refused.status)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Refusals are no news. Of anything else the place is told, and no value: that may be somebody's words."""
        if isinstance(value, HTTPError | Refused | RecordError):
            return
        places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(tb)[-6:]]
        log.error("%s at %s", typ.__name__, " < ".join(reversed(places)))


def log_request(handler: Any) -> None:
    """One line a request: what was asked of which part, how it went, how long it took. Addresses name people and steps."""
    part = type(handler).__name__
    log.info("%s %s %d %d ms", handler.request.method, part, handler.get_status(), 1000 * handler.request.request_time())
