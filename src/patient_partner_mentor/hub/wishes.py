"""What learners wish for, for the facilitators' start: a call, an answer, a reply; and what each learner agreed to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from sqlalchemy import Connection, select

from ..curriculum import Module
from ..interface import text
from .tables import comments, hand_ins

ORDER = ("please-call-me", "yes-please", "reply-wanted")  # the most pressing first


def wishes(connection: Connection, course: str) -> list[dict[str, str]]:
    """Each wish that is open: ``{"user", "assignment", "step", "wish", "time"}``, the most pressing first.

    The answer to a comment is open until the comment is written anew, and a reply that was wished for when sharing until
    there is a comment on that step. "No, thanks" is no wish.
    """
    found = []
    said = select(comments).where(comments.c.course == course, comments.c.reply.in_(ORDER))
    for row in connection.execute(said):
        found.append({"user": row.account, "assignment": row.assignment, "step": row.step, "wish": row.reply, "time": row.replied_at})
    fields = [hand_ins.c[name] for name in ("key", "account", "assignment", "outline", "time", "taken_back")]
    newest = {(row.account, row.assignment): row for row in connection.execute(select(*fields).where(hand_ins.c.course == course).order_by(hand_ins.c.time))}
    answered = {(row.hand_in, row.step) for row in connection.execute(select(comments.c.hand_in, comments.c.step).where(comments.c.course == course))}
    for (account, assignment), row in newest.items():
        step = json.loads(row.outline).get("reply_wanted")
        if step and not row.taken_back and (row.key, step) not in answered:
            found.append({"user": account, "assignment": assignment, "step": step, "wish": "reply-wanted", "time": row.time})
    return sorted(found, key=lambda one: (ORDER.index(one["wish"]), one["time"]))


def wishes_html(found: Iterable[Mapping[str, str]], modules: Mapping[str, Module]) -> str:
    """The open wishes as a table, or a sentence that there is none."""
    rows = "".join(
        f'<tr><th scope="row">{escape(one["user"])}</th><td>{_place(one, modules)}</td><td>{escape(text("desk.wish_" + one["wish"]))}</td></tr>' for one in found
    )
    if not rows:
        return f"<h2>{escape(text('desk.wishes'))}</h2>\n<p>{escape(text('desk.no_wishes'))}</p>\n"
    return f"<h2>{escape(text('desk.wishes'))}</h2>\n<p>{escape(text('desk.wishes_text'))}</p>\n{_table(('head_learner', 'head_step', 'head_wish'), rows)}"


def agreed_html(found: Iterable[Mapping[str, Any]]) -> str:
    """What each learner agreed to last, as a table; nothing before anybody saw the page."""
    yes, no = escape(text("desk.agreed_yes")), escape(text("desk.agreed_no"))
    rows = "".join(
        f'<tr><th scope="row">{escape(one["user"])}</th>{"".join(f"<td>{yes if one[name] else no}</td>" for name in ("course", "quotes", "research"))}</tr>' for one in found
    )
    if not rows:
        return ""
    return f"<h2>{escape(text('desk.agreed'))}</h2>\n<p>{escape(text('desk.agreed_text'))}</p>\n{_table(('head_learner', 'head_course', 'head_quotes', 'head_research'), rows)}"


def _table(heads: Iterable[str], rows: str) -> str:
    cells = "".join(f'<th scope="col">{escape(text("desk." + name))}</th>' for name in heads)
    return f'<table class="roster-table"><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>\n'


def _place(one: Mapping[str, str], modules: Mapping[str, Module]) -> str:
    module = modules.get(one["assignment"])
    step = next((step for step in module.steps if step.id == one["step"]), None) if module else None
    if not module:
        return escape(one["assignment"])
    title = step.title if step else text("module.next_step")
    return escape(text("desk.place", number=module.number, title=title))
