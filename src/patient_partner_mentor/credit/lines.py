"""The check for files of lines, one answer a line as JSON: what ``ppm check`` runs.

A line is ``{"id", "module", "step", "text", "status", "language"}``; ``earlier``, ``enough``, ``again``, ``lighter``,
``shared`` and ``language`` may be absent. Its answer is ``{"id", "state", "points", "elements", "language", "message"}``,
or ``{"id", "error"}`` for a line that cannot be read; no error holds any of the text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..curriculum import Course, Module, Step
from ..errors import CurriculumError
from ..interface import Mode, text
from ..reflections import LIMIT, Status, split_parts
from . import language
from .check import check
from .noticing import notice


class Line(BaseModel):
    """One answer to check; ``module`` is a folder's name and ``step`` a number."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, strict=True)

    id: str | int
    module: str
    step: Annotated[int, Field(ge=1)]
    text: Annotated[str, Field(max_length=LIMIT)] = ""
    status: Status = "written"
    language: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{2,20}$")] | None = None
    earlier: tuple[str, ...] = ()
    enough: bool = False
    again: bool = False
    lighter: bool = False
    shared: bool = True


def check_lines(lines: Iterable[str], course: Course, mode: Mode = "alone") -> Iterator[dict[str, Any]]:
    """One answer for each line that is not blank, in order; a broken one does not stop the rest.

    :param mode: whether the messages are those of somebody alone or of a cohort
    """
    for number, raw in enumerate(lines, 1):
        if raw.strip():
            yield _answer(raw, number, course, mode)


def own_words(answer: str, parts: tuple[str, ...]) -> str:
    """The learner's own words: a text without the labels of its parts."""
    values = split_parts(parts, answer) if parts else None
    return "\n".join(values) if values is not None else answer


def _answer(raw: str, number: int, course: Course, mode: Mode) -> dict[str, Any]:
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        return {"id": None, "error": f"Line {number} is not JSON. Each line is one object in braces; write it on one line and check the quotation marks."}
    known = data.get("id") if isinstance(data, dict) else None
    name = known if isinstance(known, str | int) and not isinstance(known, bool) else None
    try:
        line = Line.model_validate_json(raw)
        module, step = _place(line, course)
    except ValidationError as error:
        return {"id": name, "error": f"Line {number}: {_problems(error)} Change the line and check it again."}
    except CurriculumError as error:
        return {"id": name, "error": f"Line {number}: {error}"}
    return {"id": line.id} | _checked(line, step, mode)


def _checked(line: Line, step: Step, mode: Mode) -> dict[str, Any]:
    words = own_words(line.text, step.parts)
    found_language = line.language or language.find(words)
    outcome = check(
        words,
        status=line.status,
        shared=line.shared,
        prompt="\n".join(((step.lighter if line.lighter and step.lighter else step.prompt), *step.parts)),
        earlier=line.earlier,
        language=found_language,
        enough=line.enough,
        again=line.again,
        lighter=line.lighter,
    )
    readable = line.status in ("open", "written") and line.shared
    return {
        "state": outcome.state,
        "points": outcome.points,
        "elements": list(notice(words, found_language, step.key_words)) if readable else [],
        "language": found_language,
        "message": text(f"credit.{outcome.reason}", mode="cohort" if outcome.reason == "kept" else mode),
    }


def _place(line: Line, course: Course) -> tuple[Module, Step]:
    for module in course.modules:
        if module.name == line.module:
            return module, module.step(line.step)
    raise CurriculumError("there is no module of that name. The names are " + ", ".join(m.name for m in course.modules) + ".")


def _problems(error: ValidationError) -> str:
    return " ".join(
        f"{'.'.join(map(str, p['loc'])) or 'the line'}: {p['msg']}." for p in error.errors(include_url=False, include_input=False, include_context=False)
    )
