"""Answers the messages of a form beside a kernel: load an answer, save one, notice what the words include."""

from __future__ import annotations

import logging
from base64 import b64encode
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from .. import COURSE_ID
from ..credit import language
from ..credit.noticing import notice
from ..curriculum import Slug, find_course
from ..errors import JournalError, RecordError
from ..reflections import ANSWERS, LIMIT, Revision, read_answer
from .journal import Aside, JournalFolder

KINDS = ("load", "save", "notice", "all", "document")
LOGGER = logging.getLogger(__name__)


class Place(BaseModel):
    """Which answer is asked for."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)
    module: Slug
    step: Slug


class Keeper:
    """One form's counterpart in the kernel. It checks each change, and says when it is on disk.

    What was moved aside is known to all keepers of a kernel, so that each form of the module can say so.

    :param journals: where answers are kept; without it nothing is kept, and only noticing is answered
    """

    asides: ClassVar[dict[tuple[Path, str], Aside]] = {}

    def __init__(self, journals: JournalFolder | None) -> None:
        self.journals = journals

    def reply(self, message: Any) -> dict[str, Any]:
        """The reply to a message of the browser: ``{"kind": "reply", "id", "ok", ...}``, with a ``reason`` if not ok.

        It raises nothing, and neither a reply nor the log holds any words of the learner's but those asked for.
        """
        known = message if isinstance(message, dict) else {}
        answer: dict[str, Any] = {"kind": "reply", "id": str(known.get("id", ""))[:64]}
        try:
            work = {kind: getattr(self, f"_{kind}") for kind in KINDS}[known["kind"]]
            return answer | {"ok": True} | work(known)
        except JournalError as error:
            return answer | {"ok": False, "reason": error.reason}
        except (RecordError, KeyError, TypeError, ValueError):
            return answer | {"ok": False, "reason": "refused"}
        except Exception as error:  # whatever it is, no traceback may carry a learner's words into a log
            LOGGER.error("A message of kind %s was not answered: %s", known["kind"], type(error).__name__)  # noqa: TRY400 - no trace
            return answer | {"ok": False, "reason": "refused"}

    def _load(self, message: dict[str, Any]) -> dict[str, Any]:
        place = Place.model_validate(message)
        journal, aside = self._journals().read(place.module)
        answer = journal.answer(place.step) if journal else None
        return {"answer": answer.model_dump(mode="json") if answer else None, **self._said(place.module, aside)}

    def _save(self, message: dict[str, Any]) -> dict[str, Any]:
        draft = read_answer(message["answer"])
        if draft.course != COURSE_ID:
            raise RecordError("The answer belongs to another course.")
        seen = Revision.model_validate(message["seen"]) if message.get("seen") else None
        kept, aside = self._journals().save(draft, seen)
        return {"answer": kept.model_dump(mode="json"), **self._said(draft.module, aside)}

    def _notice(self, message: dict[str, Any]) -> dict[str, Any]:
        text = str(message["text"])[:LIMIT]
        words = [str(word)[:100] for word in message.get("key_words") or []][:100]
        return {"found": list(notice(text, language.find(text), words))}

    def _all(self, _message: dict[str, Any]) -> dict[str, Any]:
        journals = self.journals.all() if self.journals else []
        answers = [one for journal in journals for one in (*journal.answers, journal.next_step) if one]
        return {"answers": [one.model_dump(mode="json") for one in answers]}

    def _document(self, message: dict[str, Any]) -> dict[str, Any]:
        from .document import portfolio_document  # late: a word processor's format takes time to import

        answers = [read_answer(one) for one in message["answers"][:ANSWERS]]
        made = portfolio_document(find_course(), answers, datetime.now().astimezone().date())
        return {"data": b64encode(made).decode("ascii")}

    def _journals(self) -> JournalFolder:
        if self.journals is None:
            raise RecordError("Nothing is kept here.")
        return self.journals

    def _said(self, module: str, aside: Aside | None) -> dict[str, bool]:
        """What a learner is told of a file that was moved aside, for as long as this kernel runs."""
        place = (self._journals().folder, module)
        if aside:
            self.asides[place] = aside
        return {self.asides[place]: True} if place in self.asides else {}
