"""Credit for one step: done, begun or open. It is no filter for quality, and never looks at what the words say.

No argument here is an element that noticing found: what a text includes cannot change its credit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..reflections import blank
from .rules import RULES, Reason, Rules, State
from .words import equivalents, runs, tokens


@dataclass(frozen=True)
class Outcome:
    """What a step counts for. ``question`` names the learner's word that would settle it, where one is asked for."""

    state: State
    points: int
    reason: Reason
    question: str | None = None


def check(
    text: str,
    *,
    status: str = "written",
    shared: bool = True,
    prompt: str = "",
    earlier: Sequence[str] = (),
    language: str = "en",
    enough: bool = False,
    again: bool = False,
    lighter: bool = False,
    rules: Rules = RULES,
) -> Outcome:
    """The credit of one answer.

    :param text: the learner's own words, without the labels of parts
    :param status: the record's: ``open``, ``written``, ``skipped`` or ``other-way``
    :param shared: false for an answer whose words the learner keeps
    :param prompt: the question that was answered
    :param earlier: the texts of the module's earlier steps
    :param language: of the text; found outside, for the check finds none
    :param enough: the learner said that this is all for today
    :param again: the learner said that the question's or earlier words are meant
    :param lighter: the lighter question was answered
    """
    word = {"enough": enough, "again": again}
    reason = _reason(text, status, shared, prompt, earlier, language, word, lighter, rules)
    state = rules.states[reason]
    return Outcome(state, rules.points[state], reason, rules.settled_by.get(reason))


def _reason(
    text: str,
    status: str,
    shared: bool,
    prompt: str,
    earlier: Sequence[str],
    language: str,
    word: dict[str, bool],
    lighter: bool,
    rules: Rules,
) -> Reason:
    if status == "skipped":
        return "skipped"
    if status == "other-way":
        return "other-way"
    if status == "written" and not shared:
        return "kept"
    if blank(text):
        return "empty"
    if language not in rules.languages:
        return "language"
    if lighter:
        return "lighter"
    words = tokens(text)
    count = equivalents(words)
    if not word["again"]:
        if count >= rules.copied.words and copied_share(words, tokens(prompt), rules.copied.run) >= rules.copied.share:
            return "copied"
        if count >= rules.repeated.words and any(
            shared_share(words, tokens(other), rules.repeated.run) >= rules.repeated.share for other in earlier
        ):
            return "repeated"
    if count < rules.short.words and not word["enough"]:
        return "short"
    return "written"


def copied_share(words: Sequence[str], source: Sequence[str], run: int) -> float:
    """Which share of the answer's runs of words stands in the source: 0 to 1."""
    mine = runs(words, run)
    return len(mine & runs(source, run)) / len(mine) if mine else 0.0


def shared_share(words: Sequence[str], other: Sequence[str], run: int) -> float:
    """How alike two texts are: runs in both, of runs in either (Jaccard), 0 to 1."""
    mine, theirs = runs(words, run), runs(other, run)
    return len(mine & theirs) / len(mine | theirs) if mine | theirs else 0.0
