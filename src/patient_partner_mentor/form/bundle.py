"""The form's plain ES modules as one text: an ES module for anywidget, or classic scripts for static pages.

Anywidget wants one file, and a page opened from disk may not import modules. So a file of ours imports names only from
a neighbor (``import { a } from "./b.js";`` on one line), exports functions, classes and constants by name, and this
puts them together in order. No bundler is needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ..credit.rules import RULES
from ..interface import Mode, of_mode, texts

HERE = Path(__file__).parent
CREDIT = HERE.parent / "credit"
FORM_PARTS = ("record.js", "database.js", "store.js", "rules.js", "credit.js", "text.js", "form.js")
HOST_PARTS = ("host_text.js", "remote.js")  # where something beside the browser keeps the answers
MIRROR_PARTS = ("mirror_text.js", "mirror.js")  # what is said of what noticing found
KERNEL_PARTS = (*FORM_PARTS, *HOST_PARTS, *MIRROR_PARTS, "talk.js", "kernel.js")
PORTFOLIO_PARTS = ("record.js", "database.js", "store.js", "rules.js", "credit.js", *HOST_PARTS, "talk.js", "shelf.js", "copies.js", "portfolio_text.js", "portfolio.js")
COHORT_TEXTS = {"cohort_text.js": ("home", "comments"), "sharing_text.js": ("consent", "share")}
GROUPS = ("form", "credit")  # of the interface's texts, that the form shows
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./[\w-]+\.js";\n', re.M)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let) ([A-Za-z_$][\w$]*))", re.M)


@cache
def source(name: str, folder: Path = HERE, mode: Mode = "alone", language: str = "en") -> str:
    """The text of one part; ``text.js`` is made from the interface's strings, ``rules.js`` and
    ``word_lists.js`` from the data of the check."""
    if name == "text.js":
        chosen = {group: of_mode(texts(language)[group], mode) for group in GROUPS}
        return f"export const TEXT = {json.dumps(chosen, ensure_ascii=False)};\n"
    if name == "mirror_text.js":
        return f"export const MIRROR_TEXT = {json.dumps(of_mode(texts(language)['noticing'], mode), ensure_ascii=False)};\n"
    if name == "host_text.js":
        return f"export const HOST_TEXT = {json.dumps(of_mode(texts(language)['host'], mode), ensure_ascii=False)};\n"
    if name in COHORT_TEXTS:
        chosen = {group: of_mode(texts(language)[group], mode) for group in COHORT_TEXTS[name]}
        return f"export const {name.removesuffix('.js').upper()} = {json.dumps(chosen, ensure_ascii=False)};\n"
    if name == "portfolio_text.js":
        given = of_mode(texts(language)["reflections"], mode) | of_mode(texts(language)["portfolio"], mode)
        given |= {f"state_{state}": texts(language)["form"][f"state_{state}"] for state in ("open", "begun", "done")}
        return f"export const PORTFOLIO_TEXT = {json.dumps(given, ensure_ascii=False)};\n"
    if name == "rules.js":
        rules = RULES.model_dump(include={"states", "settled_by", "languages", "short", "copied", "repeated", "without_spaces"})
        return f"export const RULES = {json.dumps(rules)};\n"
    if name == "word_lists.js":
        lists = json.loads((CREDIT / "noticing" / f"{language}.json").read_text("utf-8"))
        return f"export const WORD_LISTS = {json.dumps(lists | {'comments': []}, ensure_ascii=False)};\n"
    return (folder if (folder / name).exists() else CREDIT).joinpath(name).read_text("utf-8")


def es_module(parts: Sequence[str] = KERNEL_PARTS, default: str = "kernelForm", mode: Mode = "alone") -> str:
    """The parts as one ES module, for ``anywidget``.

    :param default: which of their exports is the module's default: what anywidget renders
    """
    bodies = [_EXPORT.sub("", _IMPORT.sub("", source(name, mode=mode))) for name in parts]
    return "\n".join([*bodies, f"export default {default};\n"])


def classic_script(parts: Sequence[tuple[str, Path]], exports: Sequence[str] | None = None, mode: Mode = "alone") -> str:
    """The parts as one classic script with a scope of its own; what it exports stands on ``window.ppm``.

    A name that no part here exports is taken from ``window.ppm``, where an earlier script has put it.

    :param parts: file name and folder of each, in order
    :param exports: the names to export; all by default
    """
    bodies = [source(name, folder, mode) for name, folder in parts]
    own = [name for body in bodies for name in _EXPORT.findall(body)]
    wanted = {name.strip() for body in bodies for names in _IMPORT.findall(body) for name in names.split(",")} - set(own)
    taken = f"const {{ {', '.join(sorted(wanted))} }} = window.ppm;\n" if wanted else ""
    code = "\n".join(_EXPORT.sub("", _IMPORT.sub("", body)) for body in bodies)
    given = ", ".join(own if exports is None else exports)
    return f"(() => {{\nwindow.ppm ??= {{}};\n{taken}{code}\nObject.assign(window.ppm, {{ {given} }});\n}})();\n"


def style(alone: bool = True) -> str:
    """The form's style sheet.

    :param alone: with the colors that a page of the course has in its own style sheet
    """
    return ((HERE / "colors.css").read_text("utf-8") if alone else "") + (HERE / "form.css").read_text("utf-8")
