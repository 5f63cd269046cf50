"""The portfolio: every answer of one learner, progress as a picture, then and now, and copies to take along."""

from __future__ import annotations

import os
from typing import Any

import anywidget
import traitlets

from ..credit.rules import RULES
from ..curriculum import Course, Module, Step
from .bundle import PORTFOLIO_PARTS, es_module, style
from .form import FRONT_SETTING, form_settings, host
from .journal import JournalFolder
from .keeper import Keeper


class Portfolio(anywidget.AnyWidget):
    """All answers on one page. Only the course's structure is synced; words come and go in messages."""

    _esm = es_module(PORTFOLIO_PARTS, "portfolio") if os.environ.get(FRONT_SETTING) != "served" else "export default {};"
    _css = style() if os.environ.get(FRONT_SETTING) != "served" else ""
    course = traitlets.Dict().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)

    def __init__(self, course: Course) -> None:
        super().__init__(course=_structure(course), settings=form_settings())
        self._keeper = Keeper(JournalFolder() if host() == "kernel" else None)
        self.on_msg(lambda _widget, message, _buffers: self.send(self._keeper.reply(message)))


def _structure(course: Course) -> dict[str, Any]:
    return {
        "modules": [_module(module) for module in course.modules],
        "pairs": [pair for module in course.modules for step in module.steps for pair in _pairs(course, module, step)],
        "complete": RULES.module.complete,
    }


def _module(module: Module) -> dict[str, Any]:
    return {
        "number": module.number,
        "id": module.id,
        "name": module.name,
        "title": module.title,
        "steps": [step.id for step in module.steps],
        "titles": [step.title for step in module.steps],
        "parts": {step.id: list(step.parts) for step in module.steps if step.parts},
    }


def _pairs(course: Course, module: Module, step: Step) -> list[dict[str, Any]]:
    """Each earlier step that this one asks again. The course names them; no other is ever put beside a later one."""
    found = []
    for name in step.looks_back_to:
        module_id, step_id = name.split("/")
        earlier = course.module(module_id)
        found.append(
            {
                "title": step.title,
                "then": {"module": module_id, "step": step_id, "number": earlier.number},
                "now": {"module": module.id, "step": step.id, "number": module.number},
            }
        )
    return found
