"""A hand-in that was collected is not one that was opened: the two get a column each.

What stands in an older store is when it was collected. Whether anybody opened it is not known, and so it is not said.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"


def upgrade() -> None:
    """Add the column, and move what was known; in kept copies too."""
    op.add_column("hand_ins", sa.Column("collected_at", sa.String(32)))
    op.execute("UPDATE hand_ins SET collected_at = read_at, read_at = NULL")
    copies = sa.table("kept_copies", sa.column("key"), sa.column("origin"), sa.column("row"))
    connection = op.get_bind()
    for key, row in connection.execute(sa.select(copies.c.key, copies.c.row).where(copies.c.origin == "hand_ins")).all():
        fields = json.loads(row)
        moved = fields | {"collected_at": fields.get("read_at"), "read_at": None}
        connection.execute(sa.update(copies).where(copies.c.key == key).values(row=json.dumps(moved)))
