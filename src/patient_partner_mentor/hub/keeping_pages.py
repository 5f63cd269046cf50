"""What facilitators see of the end of keeping: days and counts, and never words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from html import escape
from typing import Any

from ..cards import day
from ..interface import text


def standing_html(found: Iterable[Mapping[str, Any]], clock_in_doubt: bool) -> str:
    """What goes soon, what is held and what can be brought back; nothing when there is nothing to say."""
    lines = [text("keeping.clock")] if clock_in_doubt else []
    lines += [_line(one) for one in found]
    if not lines:
        return ""
    items = "".join(f"<li>{escape(line)}</li>\n" for line in lines)
    return f'<h2 id="keeping">{escape(text("keeping.title"))}</h2>\n<ul>\n{items}</ul>\n'


def name_of(kind: str) -> str:
    """What goes, as a title."""
    return text(f"keeping.kind_{kind}")


def counted(counts: Mapping[str, int]) -> str:
    """How much that is: "12 hand-ins, 3 comments"."""
    return ", ".join(text(f"keeping.count_{origin}", count=number) for origin, number in counts.items())


def _line(one: Mapping[str, Any]) -> str:
    values = {"what": name_of(one["kind"]), "counts": counted(one["counts"])}
    if one["done"]:
        return text("keeping.done", **values, day=day(date.fromisoformat(one["done"][:10])))
    if one["held"]:
        return text("keeping.held", **values, why=text(f"keeping.held_{one['held']}"))
    return text("keeping.soon", **values, day=day(date.fromisoformat(one["day"])))
