"""Work on the pages' trees: headings held to the data, and a form where each widget stood."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.util import logging

from .. import cards
from ..curriculum import LINKS_FILE, MODULE_FILE, Module
from ..errors import CurriculumError
from ..interface import text

LOGGER = logging.getLogger(__name__)
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "ipywidgets_state"


def module_of(app: Any, docname: str) -> Module | None:
    """The module whose page this is, if it is one."""
    folder, _, page = docname.rpartition("/")
    if page != "module":
        return None
    return next((m for m in app.ppm_site.course.modules if folder == f"notebooks/{m.name}"), None)


def depend_on_data(app: Any, docname: str, _source: list[str]) -> None:
    """A module's page is read again when its data or link checks change; Sphinx sees the notebook alone."""
    folder = Path(app.srcdir, docname).parent
    if module_of(app, docname):
        for name in (MODULE_FILE, LINKS_FILE):
            app.env.note_dependency(str(folder / name))


def check_headings(app: Any, doctree: nodes.document) -> None:
    """Hold a module page's headings to ``module.yml``, and give each step an address that never changes: ``#step-2``."""
    docname = app.env.docname
    module = module_of(app, docname)
    if not module:
        return
    sections = [s for s in doctree.findall(nodes.section) if isinstance(s.parent, nodes.section)]
    titles = {s.next_node(nodes.title).astext(): s for s in sections}
    page_title = doctree.next_node(nodes.title).astext()
    if page_title != module.title:
        raise CurriculumError(
            f"{docname}.md has the title '{page_title}', and {MODULE_FILE} says '{module.title}'. Make the two alike."
        )
    if text("module.next_step") not in titles:
        raise CurriculumError(
            f"{docname}.md has no heading '## {text('module.next_step')}'. Links of the course lead there. Put it before the last cell."
        )
    for step in module.steps:
        section = titles.get(step.title)
        if section is None:
            raise CurriculumError(
                f"{docname}.md has no heading '## {step.title}', which {MODULE_FILE} names as step {step.number}. "
                "Copy the title from there, letter for letter."
            )
        section["ids"] = [f"step-{step.number}"]
        section["classes"].append("step")
        title = section.next_node(nodes.title)
        words = nodes.inline("", *[child.deepcopy() for child in title.children], classes=["step-title"])
        title.children = []
        title += nodes.inline("", text("module.step", number=step.number), classes=["step-number"])
        title += nodes.Text(" ")
        title += words


def place_forms(app: Any, doctree: nodes.document, docname: str) -> None:
    """Put each form's place, with its state and a readable question, where MyST-NB put the widget's view.

    The tree is what Sphinx's search index reads, so the prompts are found. The state of a widget that is not a
    reflection form is a mistake: nothing on these pages could show it.

    :raises CurriculumError: for such a widget
    """
    views = [n for n in doctree.findall(nodes.raw) if WIDGET_VIEW in n.astext()]
    if not views:
        return
    _, kept = NbMetadataCollector.get_js_files(app.env, docname)[STATE]
    states = json.loads(kept["body"].replace("<\\/", "</"))["state"]
    for view in views:
        model = json.loads(view.astext().split(">", 1)[1].rsplit("<", 1)[0])["model_id"]
        state = states[model]["state"]
        if "question" not in state:
            raise CurriculumError(
                f"{docname}.md shows a widget that is not a reflection form. The book's pages carry forms only; "
                "show it as HTML, or leave it to an app."
            )
        view.replace_self(nodes.raw("", _place(state), format="html"))
    app.ppm_site.with_forms.add(docname)


def _place(state: dict[str, Any]) -> str:
    question = state["question"]
    data = json.dumps({"question": question, "settings": state["settings"]}, ensure_ascii=False).replace("<", "\\u003c")
    readable = cards.question(
        question["prompt"], question.get("lighter"), question.get("starters", ()), question.get("parts", ())
    )
    return f'<div class="form-place">{readable}<script type="application/json">{data}</script></div>'
