"""Every string that a person reads in the interface, one file a language."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from ..errors import CurriculumError

Mode = Literal["alone", "cohort"]
MODE_SETTING = "PPM_MODE"


def current_mode() -> Mode:
    """Whether a cohort reads along, from ``$PPM_MODE``: alone unless told.

    :raises CurriculumError: if it says something else
    """
    found = os.environ.get(MODE_SETTING, "alone")
    if found not in ("alone", "cohort"):
        raise CurriculumError(f"{MODE_SETTING} says '{found}'. Set it to alone or cohort, or leave it out.")
    return found


@cache
def texts(language: str = "en") -> dict[str, Any]:
    """All strings of a language, as nested data.

    :raises CurriculumError: if there is no file for it
    """
    file = files(__package__).joinpath(f"{language}.yml")
    if not file.is_file():
        raise CurriculumError(f"There are no interface texts for the language '{language}'. Add {language}.yml beside en.yml.")
    return yaml.safe_load(file.read_text("utf-8"))


def text(key: str, /, mode: Mode = "alone", language: str = "en", **values: Any) -> str:
    """One string, by its dotted key, with ``{names}`` filled in: ``text("card.checked", date="1 May 2026")``.

    A string that comes as a pair is [one, many] and chosen by ``count``.

    :raises KeyError: if there is no such string
    """
    found: Any = texts(language)
    for part in key.split("."):
        found = found[part]
    if isinstance(found, dict):
        found = found[mode]
    if isinstance(found, list):
        found = found[0 if values["count"] == 1 else 1]
    return found.format(**values)


def of_mode(group: Mapping[str, Any], mode: Mode) -> dict[str, Any]:
    """The texts of a group that stand in this mode, each in its form for it."""
    return {k: v[mode] if isinstance(v, dict) else v for k, v in group.items() if not isinstance(v, dict) or mode in v}
