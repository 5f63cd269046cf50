"""Expiry in two steps, with a kept copy; and what the service notes down about itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table("marks", sa.Column("name", sa.String(80), nullable=False), sa.Column("value", sa.Text, nullable=False), sa.PrimaryKeyConstraint("name", name="pk_marks"))
    op.create_table(
        "expiries",
        sa.Column("key", sa.Integer, nullable=False),
        sa.Column("course", sa.String(63), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("ends", sa.String(10), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("announced_at", sa.String(32), nullable=False),
        sa.Column("waited", sa.Integer, nullable=False),
        sa.Column("held", sa.String(20)),
        sa.Column("confirmed_at", sa.String(32)),
        sa.Column("done_at", sa.String(32)),
        sa.Column("over_at", sa.String(32)),
        sa.Column("outcome", sa.String(12)),
        sa.PrimaryKeyConstraint("key", name="pk_expiries"),
    )
    op.create_index("ix_expiries_of", "expiries", ["course", "kind"])
    op.create_table(
        "kept_copies",
        sa.Column("key", sa.Integer, nullable=False),
        sa.Column("expiry", sa.Integer, nullable=False),
        sa.Column("course", sa.String(63), nullable=False),
        sa.Column("account", sa.String(255), nullable=False),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("origin", sa.String(12), nullable=False),
        sa.Column("row", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary),
        sa.PrimaryKeyConstraint("key", name="pk_kept_copies"),
    )
    op.create_index("ix_kept_copies_of", "kept_copies", ["course", "account"])
    op.create_index("ix_kept_copies_expiry", "kept_copies", ["expiry"])
