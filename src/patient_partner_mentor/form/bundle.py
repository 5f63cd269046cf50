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

from ..interface import Mode, texts

HERE = Path(__file__).parent
FORM_PARTS = ("record.js", "store.js", "text.js", "form.js")
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./[\w-]+\.js";\n', re.M)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let) ([A-Za-z_$][\w$]*))", re.M)
_DEFAULT = re.compile(r"^export default ", re.M)


@cache
def source(name: str, folder: Path = HERE, mode: Mode = "alone", language: str = "en") -> str:
    """The text of one part; ``text.js`` is made from the interface's strings."""
    if name == "text.js":
        chosen = {k: v[mode] if isinstance(v, dict) else v for k, v in texts(language)["form"].items()}
        return f"export const TEXT = {json.dumps(chosen, ensure_ascii=False)};\n"
    return (folder / name).read_text("utf-8")


def es_module(parts: Sequence[str] = FORM_PARTS) -> str:
    """The parts as one ES module, for ``anywidget``. Only the last one may have a default export."""
    texts_ = [_EXPORT.sub("", _IMPORT.sub("", source(name))) for name in parts]
    return "\n".join(texts_)


def classic_script(parts: Sequence[tuple[str, Path]]) -> str:
    """The parts as a classic script: each in a scope of its own, its exports on ``window.ppm``.

    :param parts: file name and folder of each, in order
    """
    return "".join(_classic(source(name, folder)) for name, folder in parts)


def style() -> str:
    """The form's style sheet."""
    return (HERE / "form.css").read_text("utf-8")


def _classic(text: str) -> str:
    names = _EXPORT.findall(text)
    body = _IMPORT.sub(lambda m: f"const {{{m[1]}}} = window.ppm;\n", text)
    body = _DEFAULT.sub("window.ppm.form = ", _EXPORT.sub("", body))
    return f"(() => {{\nwindow.ppm ??= {{}};\n{body}\nObject.assign(window.ppm, {{ {', '.join(names)} }});\n}})();\n"
