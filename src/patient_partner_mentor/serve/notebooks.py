"""The MyST notebooks for Voila: opened by jupytext, their prose rendered as one document and cut at the code cells."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import jupytext
from docutils import nodes
from docutils.core import publish_doctree, publish_from_doctree
from jupyter_server.services.contents.manager import ContentsManager
from myst_parser.docutils_ import Parser
from nbformat import NotebookNode

from ..curriculum import Course, Module
from ..errors import CurriculumError
from ..interface import text

PORTFOLIO = "apps/portfolio"
_HERE = re.compile(r"<p>PPMCELL\d+</p>")
_TO_PAGE = re.compile(r"\]\(((?!https?:|mailto:|#)[^)\s]*)\.md(#[^)\s]*)?\)")
_SETTINGS = {
    "myst_enable_extensions": ["colon_fence"],
    "myst_heading_anchors": 2,
    "myst_all_links_external": True,
    "myst_suppress_warnings": ["myst"],
    "report_level": 5,
    "doctitle_xform": False,
    "initial_header_level": 1,
    "embed_stylesheet": False,
    "stylesheet_path": "",
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "section_self_link": False,
    "smart_quotes": True,  # as in the book
}


def pieces(notebook: NotebookNode, module: Module | None) -> list[str]:
    """The prose as HTML: what stands before the first code cell, between two of them, and after the last.

    It is parsed as one document, so that headings have their levels and each step is a section as on the book's page.
    """
    source, count = [], 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            source.append(_TO_PAGE.sub(r"](\1.html\2)", cell.source))
        elif cell.cell_type == "code":
            source.append(f"PPMCELL{count}")
            count += 1
    tree = publish_doctree("\n\n".join(source), parser=Parser(), settings_overrides=_SETTINGS)
    if module:
        _name_steps(tree, module)
    parts = publish_from_doctree(tree, writer_name="html5", settings_overrides={**_SETTINGS, "output_encoding": "unicode"})
    body = parts.split("<body", 1)[1].split(">", 1)[1].rsplit("</body>", 1)[0]
    body = body.replace("<main", "<div", 1).replace("</main>", "</div>", 1)
    found = _HERE.split(body)
    if len(found) != count + 1:
        raise CurriculumError("A code cell stands inside a list or a quotation, where its output has no place. Put it between paragraphs.")
    return found


def _name_steps(tree: nodes.document, module: Module) -> None:
    """Give each step's section the address and the heading that it has in the book."""
    titles = {step.title: step for step in module.steps}
    for section in tree.findall(nodes.section):
        title = section.next_node(nodes.title)
        step = titles.get(title.astext())
        if step is None:
            continue
        section["ids"] = [f"step-{step.number}"]
        section["classes"].append("step")
        words = nodes.inline("", *[child.deepcopy() for child in title.children], classes=["step-title"])
        title.children = []
        title += [nodes.inline("", text("module.step", number=step.number), classes=["step-number"]), nodes.Text(" "), words]


class CourseContents(ContentsManager):
    """A contents manager of the course's own notebooks: it reads these, nothing else, and writes nothing.

    :param root: the course's folder
    """

    def __init__(self, root: Path, course: Course, **values: Any) -> None:
        super().__init__(**values)
        self.root = root
        self.modules = {module.name: module for module in course.modules}
        self._parsed: dict[str, tuple[int, NotebookNode]] = {}

    @property
    def names(self) -> list[str]:
        """What can be opened: the modules' folder names, and the portfolio."""
        return [*self.modules, PORTFOLIO]

    def file(self, name: str) -> Path:
        """The notebook's file.

        :raises KeyError: if there is no such notebook
        """
        if name == PORTFOLIO:
            return self.root / "notebooks" / "apps" / "portfolio.md"
        return self.root / "notebooks" / self.modules[name].name / "module.md"

    def get(self, path: str, content: bool = True, type: str | None = None, format: str | None = None, **_: Any) -> dict[str, Any]:  # noqa: A002, ARG002
        """The notebook as Voila wants it, with its prose as HTML in ``metadata.ppm_pieces``."""
        file = self.file(path)
        changed = file.stat().st_mtime_ns
        if path not in self._parsed or self._parsed[path][0] != changed:
            self._parsed[path] = (changed, read(file, self.modules.get(path)))
        return {"type": "notebook", "path": f"{path}.md", "content": deepcopy(self._parsed[path][1])}

    def file_exists(self, path: str = "") -> bool:
        """Whether it is one of the course's notebooks."""
        return path in self.names


def read(file: Path, module: Module | None) -> NotebookNode:
    """A notebook with its title and its prose as HTML in the metadata."""
    notebook = jupytext.read(file)
    notebook.metadata["ppm_pieces"] = pieces(notebook, module)
    lines = (line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines())
    notebook.metadata["title"] = next((line.removeprefix("# ") for line in lines if line.startswith("# ")), "")
    return notebook
