"""The thresholds of credit, read from ``rules.json``: the same file that the browser reads."""

from __future__ import annotations

from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

State = Literal["done", "begun", "open"]
Reason = Literal["skipped", "kept", "other-way", "empty", "language", "lighter", "copied", "repeated", "short", "written"]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Short(_Data):
    """Under so many word-equivalents, the form asks whether that is all for today."""

    words: int


class Overlap(_Data):
    """An answer of at least ``words`` whose runs of ``run`` words stand elsewhere to at least this ``share``."""

    words: int
    run: int
    share: float


class ModuleRule(_Data):
    """A module's points, the steps that complete it, and the modules that a certificate needs."""

    points: int
    complete: int
    certificate: int


class Rules(_Data):
    """All thresholds, versioned. ``order`` is the order in which reasons are looked for; the first that fits counts."""

    version: int
    about: str
    points: dict[State, int]
    module: ModuleRule
    short: Short
    copied: Overlap
    repeated: Overlap
    languages: tuple[str, ...]
    order: tuple[Reason, ...]
    states: dict[Reason, State]
    settled_by: dict[Reason, Literal["again", "enough"]]
    without_spaces: tuple[tuple[int, int], ...]


def load() -> Rules:
    """Read the published rules."""
    return Rules.model_validate_json(files(__package__).joinpath("rules.json").read_text("utf-8"))


RULES = load()
