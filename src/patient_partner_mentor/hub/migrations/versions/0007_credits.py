"""Credit that a human gave gets a table."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "credits",
        sa.Column("key", sa.Integer, nullable=False),
        sa.Column("course", sa.String(63), nullable=False),
        sa.Column("account", sa.String(255), nullable=False),
        sa.Column("assignment", sa.String(80), nullable=False),
        sa.Column("hand_in", sa.String(64), nullable=False),
        sa.Column("step", sa.String(60), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("time", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_credits"),
        sa.UniqueConstraint("course", "account", "assignment", "hand_in", "step", name="uq_credits_of"),
    )
