"""The kernel's side of the reflection form: an anywidget that carries the question, and never an answer."""

from __future__ import annotations

import os
from typing import Any

import anywidget
import traitlets

from .. import COURSE_ID
from ..curriculum import Course, Module, Step
from ..errors import CurriculumError
from .bundle import es_module, style

HOST_SETTING = "PPM_HOST"
HOSTS = ("page",)
NEXT_STEP = "next-step"


class ReflectionForm(anywidget.AnyWidget):
    """One prompt with its box. The draft lives in the browser; ``question`` and ``settings`` are all that is synced.

    Text of learners is never a trait: MyST-NB publishes every synced trait with the page.
    """

    _esm = es_module()
    _css = style()
    question = traitlets.Dict().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)

    @classmethod
    def for_step(cls, module: Module, step: Step, course: Course | None = None) -> ReflectionForm:
        """The form of a step.

        :param course: the whole course, for the titles of earlier steps that this one looks back to
        """
        question = _question(module, step.id, step.prompt, step.prompt_hash) | {
            "kind": step.kind,
            "sensitive": step.sensitive,
            "parts": list(step.parts),
            "lighter": step.lighter,
            "starters": list(step.starters),
            "earlier": [s.id for s in module.steps if s.number < step.number],
            "earlier_parts": {s.id: list(s.parts) for s in module.steps if s.number < step.number and s.parts},
            "key_words": list(step.key_words),
            "looks_back": step.looks_back,
            "looks_back_to": [_target(name, course) for name in step.looks_back_to],
        }
        return cls(question={k: v for k, v in question.items() if v not in (None, [], {}, False)}, settings=_settings())

    @classmethod
    def for_next_step(cls, module: Module) -> ReflectionForm:
        """The form for the one line to take away from a module."""
        question = _question(module, NEXT_STEP, module.next_step.prompt, module.next_step.prompt_hash)
        return cls(question=question | {"kind": "sentence"}, settings=_settings())


def host() -> str:
    """Where the form stands, from ``$PPM_HOST``. There is no default: a wrong one could keep words in the wrong place.

    :raises CurriculumError: if it is not set, or not one of HOSTS
    """
    found = os.environ.get(HOST_SETTING, "")
    if found not in HOSTS:
        raise CurriculumError(
            f"{HOST_SETTING} says '{found}', so the form does not know where it stands and where words are to be kept. "
            f"Open the course with 'make serve', or set {HOST_SETTING} to one of: {', '.join(HOSTS)}."
        )
    return found


def _settings() -> dict[str, Any]:
    return {"host": host()}


def _question(module: Module, step: str, prompt: str, prompt_hash: str) -> dict[str, Any]:
    return {
        "course": COURSE_ID,
        "module": module.id,
        "module_version": module.version,
        "step": step,
        "prompt": prompt,
        "prompt_hash": prompt_hash,
        "language": "en",
    }


def _target(name: str, course: Course | None) -> dict[str, str]:
    module_id, step_id = name.split("/")
    title = name
    if course:
        module = course.module(module_id)
        step = next(s for s in module.steps if s.id == step_id)
        title = f"module {module.number}, step {step.number}"
    return {"module": module_id, "step": step_id, "title": title}
