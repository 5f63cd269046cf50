"""What is said and asked before anything of a learner is erased: whom it would be, what goes and what stays."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from nbgrader import api
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from .. import advice
from ..errors import CohortError
from .client import ServiceError, connect
from .erasing import possible, writable
from .folder import CourseFolder
from .gradebook import engine, reading
from .removing import PARTS

NEAR, ALIKE = 5, 0.5  # how many names are offered, and how alike they are at least


@dataclass(frozen=True)
class Plan:
    """What an erasure would do.

    :param known: whether anything of the learner is in the folder or the gradebook, or was shared
    :param near: names that there are, most alike first
    """

    learner: str
    module: str
    ask_service: bool
    known: bool
    near: list[str]

    def lines(self) -> list[str]:
        """What goes and what stays, for the one who decides."""
        name = advice.quoted(self.learner)
        if self.module:
            goes = [f"the words of {name} in {self.module} that were collected here, with their graded copy, feedback page and your comments on them"]
            stays = ["the credit of that module, all other modules, and what the course service holds"]
        else:
            goes = [f"everything of {name} in this folder and the gradebook, the credit and your comments too"]
            if self.ask_service:
                goes.append(f"everything of {name} at the course service: the whole journal, what was shared, comments, and what was agreed to. The learner cannot get it back")
            stays = ["the account at the Hub, backups until they are destroyed, and paper" + ("" if self.ask_service else "; and what the course service holds")]
        said = ["This removes:", *(f"- {one}" for one in goes), "This stays:", *(f"- {one}" for one in stays)]
        return said if self.known else [*said, f"Nothing of {name} is here, and nothing was shared.{self.alike()}"]

    def alike(self) -> str:
        """A sentence with the names near it, or nothing."""
        return f" Names near it: {', '.join(map(advice.quoted, self.near))}." if self.near else ""

    def nobody(self) -> CohortError:
        """The error that there is nobody of this name."""
        places = "in this folder, its gradebook or at the course service" if self.ask_service else "in this folder or its gradebook"
        return CohortError(f"There is nothing of '{advice.quoted(self.learner)}' {places}, so nothing was erased.{self.alike() or ' Is it the name as the Hub has it?'}")


def planned(folder: CourseFolder, learner: str, module: str, ask_service: bool) -> Plan:
    """Look whom an erasure would be of, and change nothing.

    What a learner keeps in the journal and never shared is told to nobody, so only the erasure itself finds out whether
    the service holds it.

    :raises CohortError: if the name or the module can be nobody's, or nothing of the learner is where it is looked for
    """
    if not possible(learner):
        raise CohortError("This is no learner's account. Give the name as the Hub has it.")
    if module:
        folder.module(module)
    ask_service = ask_service and not module
    names = _here(folder) | _gradebook(folder)
    shared, answers = _shared(folder) if ask_service else (set(), False)
    known = learner in names | shared
    plan = Plan(learner, module, ask_service, known, _near(learner, names | shared))
    if not known and not (answers and writable(learner)):
        raise plan.nobody()
    return plan


def ask(plan: Plan, again: str, answer: Callable[[str], str] = input) -> None:
    """Have somebody type the account, and go on only then.

    :param again: the command that would do it without being asked, for programs
    :raises CohortError: if nobody can be asked, or something else was typed
    """
    print("\n".join(plan.lines()), file=sys.stderr, flush=True)
    if not sys.stdin or not sys.stdin.isatty():
        raise CohortError(f"Nothing was erased: there is no terminal to ask in. If you mean it, run: {again}")
    try:
        typed = answer(f"To go on, type the account ({advice.quoted(plan.learner)}): ")
    except (EOFError, KeyboardInterrupt):
        typed = ""
    if typed.strip() not in {plan.learner, advice.quoted(plan.learner)}:
        raise CohortError("Nothing was erased, since what you typed is not the account.")


def _here(folder: CourseFolder) -> set[str]:
    places = [folder.root / str(getattr(folder.coursedir, f"{part}_directory")) for part in PARTS]
    return {entry.name for place in places if place.is_dir() for entry in os.scandir(place)}


def _gradebook(folder: CourseFolder) -> set[str]:
    try:
        engine(folder.gradebook, folder.course)
        with reading(folder.gradebook, folder.course) as connection:
            return set(connection.execute(select(api.Student.__table__.c.id)).scalars())
    except (CohortError, SQLAlchemyError):  # the erasure comes to it again, and says so
        return set()


def _shared(folder: CourseFolder) -> tuple[set[str], bool]:
    """Who shared something, and whether the service answered."""
    try:
        service = connect(str(folder.config.CourseServiceExchange.get("service_url", "")))
        return {one["user"] for one in service.json("GET", folder.course, "submissions", params={"history": "yes"})}, True
    except ServiceError:
        return set(), False


def _near(learner: str, names: set[str]) -> list[str]:
    folded = {name.casefold(): name for name in sorted(names - {learner})}
    return [folded[one] for one in difflib.get_close_matches(learner.casefold(), folded, NEAR, ALIKE)]
