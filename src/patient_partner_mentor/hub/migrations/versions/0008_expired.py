"""Words that went at a cohort's end are not words that a learner took back: the two are told apart.

In an older store both had the time at which they went in ``taken_back``. It was an expiry where a kept copy says so, and
where it went between the announcement and the end of one, and no take-back was noted at that moment. Pages of comments
hold the words that they are about; those of what was taken back go now.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
MOMENT = 5  # seconds between a take-back and the note of it, at most
_hand_ins = sa.table("hand_ins", *map(sa.column, ("key", "course", "account", "assignment", "id", "taken_back", "expired_at")))
_copies = sa.table("kept_copies", *map(sa.column, ("key", "origin", "row")))
_expiries = sa.table("expiries", *map(sa.column, ("course", "kind", "announced_at", "done_at")))
_wishes = sa.table("wishes", *map(sa.column, ("course", "account", "assignment", "kind", "since")))


def upgrade() -> None:
    """Add the column, fill it, in kept copies too, and remove the pages."""
    op.add_column("hand_ins", sa.Column("expired_at", sa.String(32)))
    connection = op.get_bind()
    known = _Known(connection)
    for row in connection.execute(sa.select(_hand_ins).where(_hand_ins.c.taken_back.is_not(None))).mappings().all():
        if known.expired(row):
            connection.execute(sa.update(_hand_ins).where(_hand_ins.c.key == row["key"]).values(expired_at=row["taken_back"]))
    for key, text in connection.execute(sa.select(_copies.c.key, _copies.c.row).where(_copies.c.origin == "hand_ins")).all():
        row = json.loads(text)
        if row["taken_back"] and known.expired(row):
            connection.execute(sa.update(_copies).where(_copies.c.key == key).values(row=json.dumps(row | {"expired_at": row["taken_back"]})))
    gone = connection.execute(sa.text("DELETE FROM feedback WHERE hand_in IN (SELECT key FROM hand_ins WHERE taken_back IS NOT NULL AND expired_at IS NULL)"))
    if gone.rowcount > 0:
        add = "INSERT INTO marks (name, value) VALUES ('removed', '1') ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(marks.value AS INTEGER) + 1 AS TEXT)"
        connection.execute(sa.text(add))


class _Known:
    """What an older store knows of expiries and of take-backs."""

    def __init__(self, connection: Any) -> None:
        kept = [json.loads(text) for text in connection.execute(sa.select(_copies.c.row).where(_copies.c.origin == "words")).scalars()]
        self._copies = {(one["course"], one["account"], one["id"], one["dropped"]) for one in kept}
        self._expiries = connection.execute(sa.select(_expiries).where(_expiries.c.kind == "words", _expiries.c.done_at.is_not(None))).all()
        self._noted: dict[tuple[str, str, str], list[str]] = {}
        for one in connection.execute(sa.select(_wishes).where(_wishes.c.kind == "taken-back")):
            self._noted.setdefault((one.course, one.account, one.assignment), []).append(one.since)

    def expired(self, row: Mapping[str, Any]) -> bool:
        """Whether a hand-in's words went by an expiry."""
        time = row["taken_back"]
        if (row["course"], row["account"], row["id"], time) in self._copies:
            return True
        then = any(one.course == row["course"] and one.announced_at <= time <= one.done_at for one in self._expiries)
        return then and not any(_near(time, since) for since in self._noted.get((row["course"], row["account"], row["assignment"]), ()))


def _near(one: str, other: str) -> bool:
    return abs((datetime.fromisoformat(one) - datetime.fromisoformat(other)).total_seconds()) <= MOMENT
