"""The kernel's side of the reflection form: an anywidget that carries the question, and never an answer."""

from __future__ import annotations

import contextlib
import os
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import anywidget
import traitlets
import yaml

from .. import COURSE_ID
from ..curriculum import COURSE_SETTING, Course, Module, Step
from ..deployment import Deployment, load_deployment
from ..errors import CurriculumError
from .bundle import es_module, style
from .journal import JournalFolder
from .keeper import Keeper

Host = Literal["page", "kernel", "public"]
HOSTS: tuple[Host, ...] = get_args(Host)
HOST_SETTING = "PPM_HOST"
FRONT_SETTING = "PPM_FRONT"
ACCOUNT_SETTING = "PPM_ACCOUNT"
DEPLOYMENT_SETTING = "PPM_DEPLOYMENT"
NEXT_STEP = "next-step"


class ReflectionForm(anywidget.AnyWidget):
    """One prompt with its box. The draft lives in the browser; ``question`` and ``settings`` are all that is synced.

    Text of learners is never a trait: MyST-NB publishes every synced trait with the page. Beside a kernel, words come
    and go in messages, and ``_keeper`` answers them.
    """

    _esm = es_module() if os.environ.get(FRONT_SETTING) != "served" else "export default {};"  # the page has it already
    _css = style() if os.environ.get(FRONT_SETTING) != "served" else ""
    question = traitlets.Dict().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        if host() != "page":
            self._keeper = Keeper(JournalFolder() if host() == "kernel" else None)
            self.on_msg(lambda _widget, message, _buffers: self.send(self._keeper.reply(message)))

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
        return cls(question={k: v for k, v in question.items() if v not in (None, [], {}, False)}, settings=form_settings())

    @classmethod
    def for_next_step(cls, module: Module) -> ReflectionForm:
        """The form for the one line to take away from a module."""
        question = _question(module, NEXT_STEP, module.next_step.prompt, module.next_step.prompt_hash)
        return cls(question=question | {"kind": "sentence"}, settings=form_settings())


def host() -> Host:
    """Where the form stands, from ``$PPM_HOST``. Unless told, nothing of a learner's is kept on the disk of a server.

    :raises CurriculumError: if it says something else than HOSTS
    """
    found = os.environ.get(HOST_SETTING) or "public"
    if found not in HOSTS:
        raise CurriculumError(
            f"{HOST_SETTING} says '{found}', so the form does not know where it stands and where words are to be kept. "
            f"Open the course with 'make serve', or set {HOST_SETTING} to one of: {', '.join(HOSTS)}."
        )
    return found


def form_settings() -> dict[str, Any]:
    """What a form or the portfolio is told of the place where it stands: whose browser keys, which course, which help."""
    if host() == "page":
        return {"host": "page"}
    deployment = _deployment()
    return {
        "host": host(),
        "journal": host() == "kernel",
        "deployment": os.environ.get(DEPLOYMENT_SETTING) or (deployment.id if deployment else "course"),
        "course": COURSE_ID,
        "account": os.environ.get(ACCOUNT_SETTING) or "this-device",
        "support": deployment.help.topic_support if deployment else "",
    }


@cache
def _deployment() -> Deployment | None:
    """The publisher's settings, where the course's own folder is at hand."""
    places = [Path(os.environ[COURSE_SETTING])] if os.environ.get(COURSE_SETTING) else []
    places += [folder for folder in (Path.cwd(), *Path.cwd().parents[:3]) if (folder / "_config.yml").is_file()]
    places.append(Path(__file__).parent.parent / "course")
    for place in places:
        with contextlib.suppress(OSError, KeyError, TypeError, yaml.YAMLError, CurriculumError):
            config = yaml.safe_load((place / "_config.yml").read_text("utf-8"))
            return load_deployment(config["sphinx"]["config"]["ppm_deployment"] or {}, place)
    return None


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
