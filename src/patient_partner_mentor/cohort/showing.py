"""What the formgrader shows of a learner: names as text. nbgrader's template puts them into the page as they are."""

from __future__ import annotations

from html import escape
from typing import Any

from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

NAMED = ("student", "first_name", "last_name", "notebook_path")  # a path holds the name of its folder


class NamesAsText(Preprocessor):
    """Escapes a learner's names before the formgrader's template gets them; found by a name that ran as script there."""

    enabled = True

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Escape them."""
        return nb, resources | {name: escape(str(resources[name])) for name in NAMED if resources.get(name)}
