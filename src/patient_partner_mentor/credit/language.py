"""The language of a text, found outside the check: with py3langid and the model that it carries, on this machine."""

from __future__ import annotations

from functools import cache
from typing import Any

from .rules import RULES

UNKNOWN = "und"  # ISO 639: undetermined
CERTAIN = 0.9  # a text is called foreign only when the model is as sure as this; a short one is read as a known language


@cache
def _identifier() -> Any | None:
    try:
        from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier
    except ImportError:
        return None
    return LanguageIdentifier.from_modelpath(MODEL_DIR / MODEL_FILE, norm_probs=True)


def find(text: str) -> str:
    """The ISO 639-1 code of a text's language; UNKNOWN where the library is missing, so that noticing stays silent.

    A text of few letters gives the model nothing to go by: unless it is sure, the first language with word lists stands.
    """
    identifier = _identifier()
    if identifier is None:
        return UNKNOWN
    language, sure = identifier.classify(text)
    return language if sure >= CERTAIN else RULES.languages[0]
