"""CEReD as it is read for measuring: sentences of student teachers' diaries with the label that people gave them.

Source: EduMUNI/reflection-classification (Apache-2.0). Its files are read where they lie and never copied.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from pathlib import Path

from ..errors import CourseError
from .lists import Element

LABELS: dict[str, Element] = {
    "Experience": "happened",
    "Feeling": "meant",
    "Reflection": "meant",
    "Belief": "meant",
    "Difficulty": "meant",
    "Difficulties": "meant",
    "Perspective": "meant",
    "Learning": "meant",
    "Intention": "next",
}
SEED = 20260501
_BLOCK = 50  # neighbors in the corpus come from one diary: they stay together, so that no diary's style is learned
_KEPT = 0.2


@dataclass(frozen=True)
class Sentence:
    """One labelled sentence. ``element`` is what the label stands for here; ``genuine`` is any label but ``Other``."""

    number: int
    text: str
    element: Element | None
    genuine: bool


def read(path: Path) -> list[Sentence]:
    """The sentences of one file, in its order.

    :raises CourseError: it is none of the corpus's files; the message holds nothing of it
    """
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines, delimiter="\t")
            return [Sentence(int(row["idx"]), row["sentence"], LABELS.get(row["y"]), row["y"] != "Other") for row in rows]
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        raise CourseError(
            f"{path.name} cannot be read as a file of CEReD. It was probably changed or cut short. "
            "Get it again from EduMUNI/reflection-classification."
        ) from None


def split(sentences: list[Sentence]) -> tuple[list[Sentence], list[Sentence]]:
    """The training file as a part to fit on and a part kept out of fitting, by whole blocks of neighbors."""
    blocks = sorted({one.number // _BLOCK for one in sentences})
    random.Random(SEED).shuffle(blocks)
    kept = set(blocks[: round(len(blocks) * _KEPT)])
    return [one for one in sentences if one.number // _BLOCK not in kept], [one for one in sentences if one.number // _BLOCK in kept]


def folds(sentences: list[Sentence], count: int = 5) -> list[list[int]]:
    """The places of the sentences in so many parts, by whole blocks of neighbors."""
    blocks = sorted({one.number // _BLOCK for one in sentences})
    random.Random(SEED).shuffle(blocks)
    part = {block: place % count for place, block in enumerate(blocks)}
    return [[place for place, one in enumerate(sentences) if part[one.number // _BLOCK] == wanted] for wanted in range(count)]
