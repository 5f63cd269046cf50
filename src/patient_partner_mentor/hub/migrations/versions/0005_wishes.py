"""Wishes of learners get a table of their own; those that stand in an older store are taken over."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"


def upgrade() -> None:
    """Make the table, and fill it."""
    table = op.create_table(
        "wishes",
        sa.Column("key", sa.Integer, nullable=False),
        sa.Column("course", sa.String(63), nullable=False),
        sa.Column("account", sa.String(255), nullable=False),
        sa.Column("assignment", sa.String(80), nullable=False),
        sa.Column("step", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("since", sa.String(32), nullable=False),
        sa.Column("comment", sa.Integer),
        sa.Column("later", sa.String(20)),
        sa.Column("closed_at", sa.String(32)),
        sa.Column("closed_by", sa.String(255)),
        sa.PrimaryKeyConstraint("key", name="pk_wishes"),
    )
    op.create_index("ix_wishes_of", "wishes", ["course", "account", "assignment"])
    found = [*_of_comments(op.get_bind()), *_of_hand_ins(op.get_bind())]
    if found:
        op.bulk_insert(table, found)


def _of_comments(connection: Any) -> list[dict[str, Any]]:
    asked = "SELECT key, course, account, assignment, step, reply, replied_at FROM comments WHERE reply IN ('please-call-me', 'yes-please')"
    return [_wish(row, row.step, row.reply, row.replied_at, row.key) for row in connection.execute(sa.text(asked))]


def _of_hand_ins(connection: Any) -> list[dict[str, Any]]:
    """Of the newest hand-in of each module: a reply that nobody gave yet, and steps that were done another way."""
    newest = {}
    for row in connection.execute(sa.text("SELECT key, course, account, assignment, outline, time, taken_back FROM hand_ins ORDER BY time, key")):
        newest[row.course, row.account, row.assignment] = row
    answered = {(row.hand_in, row.step) for row in connection.execute(sa.text("SELECT hand_in, step FROM comments"))}
    found = []
    for row in newest.values():
        outline = {} if row.taken_back else json.loads(row.outline)
        step = outline.get("reply_wanted")
        if step and (row.key, step) not in answered:
            found.append(_wish(row, step, "reply-wanted", row.time))
        found += [_wish(row, one["step"], "other-way", row.time) for one in outline.get("answers", ()) if one["status"] == "other-way"]
    return found


def _wish(row: Any, step: str, kind: str, since: str, comment: int | None = None) -> dict[str, Any]:
    return {"course": row.course, "account": row.account, "assignment": row.assignment, "step": step, "kind": kind, "since": since, "comment": comment}
