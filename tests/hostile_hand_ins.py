"""Hand-ins that mean harm, each a change of a good one. A secret of the grader's and a place for traces stand outside."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

HAND_IN, NOTEBOOK, STAMP = "reflections.json", "module.ipynb", "timestamp.txt"
CANARY = "CANARY-OF-A-HOSTILE-HAND-IN"
Change = Callable[[Path, Path], None]


@dataclass(frozen=True)
class Case:
    """One hostile hand-in.

    :param graded: whether there is still a hand-in in it to grade
    :param named: whether there is something to tell of it
    """

    name: str
    change: Change
    graded: bool = True
    named: bool = True


def notebook(change: Callable[[nbformat.NotebookNode, Path], None]) -> Change:
    """A change of the notebook."""

    def changed(folder: Path, outside: Path) -> None:
        found = nbformat.read(folder / NOTEBOOK, as_version=4)
        change(found, outside)
        (folder / NOTEBOOK).write_text(json.dumps(found), "utf-8")

    return changed


def raw(data: bytes) -> Change:
    """Another file in place of the hand-in."""
    return lambda folder, outside: put(folder / HAND_IN, data)


def given(**values: Any) -> Change:
    """A hand-in with other fields."""

    def changed(folder: Path, outside: Path) -> None:
        put(folder / HAND_IN, json.dumps(json.loads((folder / HAND_IN).read_text("utf-8")) | values).encode())

    return changed


def first(**values: Any) -> Change:
    """A hand-in whose first answer has other fields."""

    def changed(folder: Path, outside: Path) -> None:
        data = json.loads((folder / HAND_IN).read_text("utf-8"))
        data["answers"][0] |= values
        put(folder / HAND_IN, json.dumps(data).encode())

    return changed


def put(path: Path, data: bytes) -> None:
    """A file in place of whatever stands there."""
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def evil_code(outside: Path) -> str:
    """Code that leaves a trace if anybody runs it."""
    return f"open({str(outside / 'ran')!r}, 'a').write({CANARY!r})"


def _code(found: nbformat.NotebookNode, outside: Path) -> None:
    found.cells.insert(0, new_code_cell(evil_code(outside)))
    found.cells.append(new_code_cell(evil_code(outside)))


def _changed(found: nbformat.NotebookNode, outside: Path) -> None:
    for cell in found.cells:
        cell.source = evil_code(outside)


def _patched(found: nbformat.NotebookNode, outside: Path) -> None:
    code = "import builtins, patient_partner_mentor as p\np.module = lambda *a: type('M', (), {'step': lambda s, n: 4.0, 'opening': print, 'closing': print})()\n"
    found.cells.insert(0, new_code_cell(code + evil_code(outside)))


def _raw(found: nbformat.NotebookNode, outside: Path) -> None:
    found.cells.append(new_raw_cell(f"<script>{CANARY}</script>", metadata={"format": "text/html", "raw_mimetype": "text/html"}))
    found.cells.append(new_markdown_cell(f"<img src=x onerror='{CANARY}'>"))


def _attachment(found: nbformat.NotebookNode, outside: Path) -> None:
    found.cells.append(new_markdown_cell("![a](attachment:../../x.png)", attachments={"../../x.png": {"image/png": CANARY}}))


def _outputs(found: nbformat.NotebookNode, outside: Path) -> None:
    for cell in found.cells:
        if cell.cell_type == "code":
            cell.outputs = [new_output("execute_result", data={"text/html": f"<script>{CANARY}</script>", "text/plain": "4.0"}, execution_count=1)]


def _widgets(found: nbformat.NotebookNode, outside: Path) -> None:
    state = {"a": {"model_name": "HTMLModel", "model_module": CANARY, "state": {"value": CANARY}}}
    found.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": state, "version_major": 2, "version_minor": 0}}


def _metadata(found: nbformat.NotebookNode, outside: Path) -> None:
    found.metadata |= {"kernelspec": {"name": "../../evil", "display_name": CANARY, "language": "bash"}, "language_info": {"name": CANARY}, "title": CANARY}
    for cell in found.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader |= {"points": 4000, "locked": False, "solution": True}


def _no_cells(found: nbformat.NotebookNode, outside: Path) -> None:
    found.cells = []


def _deep(folder: Path, outside: Path) -> None:
    put(folder / NOTEBOOK, b'{"cells":' + b"[" * 100_000)


def _ten_thousand(folder: Path, outside: Path) -> None:
    for number in range(10_000):
        (folder / f"file{number}").touch()


def _links(folder: Path, outside: Path) -> None:
    (folder / "secret.txt").symlink_to(outside / "secret")
    (folder / "all").symlink_to(outside)
    (folder / "module.yml").symlink_to(outside / "secret")


def _deep_folders(folder: Path, outside: Path) -> None:
    (folder / "/".join(["d"] * 200)).mkdir(parents=True)


def _other_notebooks(folder: Path, outside: Path) -> None:
    nbformat.write(new_notebook(cells=[new_code_cell(evil_code(outside))]), folder / "evil.ipynb")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints/module-checkpoint.ipynb").write_text(CANARY, "utf-8")
    (folder / "evil.html").write_text(f"<script>{CANARY}</script>", "utf-8")
    (folder / "patient_partner_mentor.py").write_text(evil_code(outside), "utf-8")
    (folder / "sitecustomize.py").write_text(evil_code(outside), "utf-8")


def _names(folder: Path, outside: Path) -> None:
    for name in ("..\\..\\x", "-rf", "a\nb", "x;id", "$(id)", "%2e%2e%2f", os.fsdecode(b"\xff\xfe"), "*", "{nbgrader_step}"):
        (folder / name).write_text(CANARY, "utf-8")


def _swap(name: str, make: Callable[[Path, Path], None]) -> Change:
    def changed(folder: Path, outside: Path) -> None:
        (folder / name).unlink()
        make(folder / name, outside)

    return changed


def _folder_link(folder: Path, outside: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to(outside / "elsewhere")


def _hard_link(path: Path, outside: Path) -> None:
    path.hardlink_to(outside / "others.json")


LONG = b"x" * 2_000_000
CASES = [
    Case("code cells", notebook(_code)),
    Case("changed cells", notebook(_changed)),
    Case("a patched course", notebook(_patched)),
    Case("raw cells", notebook(_raw)),
    Case("attachments", notebook(_attachment)),
    Case("outputs", notebook(_outputs)),
    Case("widget state", notebook(_widgets)),
    Case("metadata", notebook(_metadata)),
    Case("no cells", notebook(_no_cells)),
    Case("a deep notebook", _deep),
    Case("a notebook that is none", lambda folder, outside: put(folder / NOTEBOOK, b"\xff\x00" * 1000)),
    Case("a notebook that is a link", _swap(NOTEBOOK, lambda path, outside: path.symlink_to(outside / "secret"))),
    Case("a notebook that is a folder", _swap(NOTEBOOK, lambda path, outside: path.mkdir())),
    Case("a notebook that is a pipe", _swap(NOTEBOOK, lambda path, outside: os.mkfifo(path))),
    Case("other notebooks and programs", _other_notebooks),
    Case("10,000 files", _ten_thousand),
    Case("deep folders", _deep_folders),
    Case("names that lead out", _names),
    Case("links", _links),
    Case("a pipe beside", lambda folder, outside: os.mkfifo(folder / "pipe")),
    Case("a time that is a pipe", _swap(STAMP, lambda path, outside: os.mkfifo(path))),
    Case("a time that is a link", _swap(STAMP, lambda path, outside: path.symlink_to(outside / "secret"))),
    Case("a time that is none", lambda folder, outside: put(folder / STAMP, b"\xff\xfe 99999999999999999999-01-01")),
    Case("a time that is long", lambda folder, outside: put(folder / STAMP, b"2026-11-24 10:00:00 UTC" + LONG)),
    Case("lone surrogates", first(text="\ud800 and more words that are here for the test, of which there are some."), named=False),
    Case("a field that nobody knows", given(evil=CANARY), named=False),
    Case("a hand-in that is a link", _swap(HAND_IN, lambda path, outside: path.symlink_to(outside / "others.json")), False),
    Case("a hand-in that is a hard link", _swap(HAND_IN, _hard_link), False),
    Case("a hand-in that is a pipe", _swap(HAND_IN, lambda path, outside: os.mkfifo(path)), False),
    Case("a hand-in that is a folder", _swap(HAND_IN, lambda path, outside: path.mkdir()), False),
    Case("no hand-in", lambda folder, outside: (folder / HAND_IN).unlink(), False),
    Case("a folder that is a link", _folder_link, False),
    Case("nothing in it", raw(b""), False),
    Case("not UTF-8", raw(b'{"schema_version": 1, "id": "\xff\xfe"}'), False),
    Case("UTF-16", raw('{"schema_version": 1}'.encode("utf-16")), False),
    Case("cut off", raw(b'{"schema_version": 1, "answers": ['), False),
    Case("huge", raw(b'{"schema_version": 1, "x": "' + LONG + b'"}'), False),
    Case("deep", raw(b'{"a":' * 50_000 + b"1" + b"}" * 50_000), False),
    Case("deep brackets", raw(b"[" * 400_000), False),
    Case("a number of 100,000 digits", raw(b'{"schema_version": ' + b"9" * 100_000 + b"}"), False),
    Case("a list", raw(b"[1, 2]"), False),
    Case("null", raw(b"null"), False),
    Case("a text", raw(b'"text"'), False),
    Case("not a number", raw(b'{"schema_version": NaN}'), False),
    Case("infinity", given(module_version=float("inf")), False),
    Case("a newer version", given(schema_version=99), False),
    Case("another module", given(module="8-evaluate"), False),
    Case("another course", given(course="other-course"), False),
    Case("an id that is a path", given(id="../../../../tmp/x"), False),
    Case("answers that are a text", given(answers="x"), False),
    Case("answers that are numbers", given(answers=[1, 2, 3]), False),
    Case("very many answers", given(answers=[{"step": f"s{n}", "status": "open"} for n in range(5000)]), False),
    Case("a text that is a number", first(text=5), False),
    Case("a text that is a list", first(text=["a"]), False),
    Case("a text that is too long for its file", first(text="\u0000" * 400_000), False),
    Case("a status that is none", first(status="<script>"), False),
    Case("a step that is a path", first(step="../../x"), False),
    Case("words that are not shared", first(share=False), False),
    Case("a step twice", lambda folder, outside: given(answers=2 * json.loads((folder / HAND_IN).read_text())["answers"])(folder, outside), False),
]

ODD_NAMES = [
    "two\nlines", "back\rhome", "tab\tbed", "bell\x07", "line\u2028apart", os.fsdecode(b"bytes\xff\xfe"), "x" * 255, "[ab]", "every*", "who?", "...x",
]  # fmt: skip
"""Names of folders in submitted/ with which nobody is graded; each is named on one printable line."""

PLAIN_NAMES = ["-rf", "a b", "it's", '"quoted"', "$(id)", "{nbgrader_step}", "%2e%2e", "back\\slash"]
"""Names that look odd, and are graded like any other."""
