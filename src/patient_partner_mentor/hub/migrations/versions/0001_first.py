"""The first tables. A migration is never changed: what comes later gets one of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _whose() -> list[sa.Column]:
    return [sa.Column("course", sa.String(63), nullable=False), sa.Column("account", sa.String(255), nullable=False)]


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "answers",
        *_whose(),
        sa.Column("module", sa.String(60), nullable=False),
        sa.Column("step", sa.String(60), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("module_version", sa.Integer, nullable=False),
        sa.Column("saved_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("course", "account", "module", "step", name="pk_answers"),
    )
    op.create_table(
        "hand_ins",
        sa.Column("key", sa.Integer, nullable=False),
        *_whose(),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("assignment", sa.String(80), nullable=False),
        sa.Column("time", sa.String(32), nullable=False),
        sa.Column("content", sa.LargeBinary),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("outline", sa.Text, nullable=False),
        sa.Column("taken_back", sa.String(32)),
        sa.Column("read_at", sa.String(32)),
        sa.PrimaryKeyConstraint("key", name="pk_hand_ins"),
        sa.UniqueConstraint("course", "account", "id", name="uq_hand_ins_course"),
    )
    op.create_index("ix_hand_ins_of", "hand_ins", ["course", "assignment", "account", "time"])
    op.create_table(
        "assignments",
        sa.Column("course", sa.String(63), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("time", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("course", "name", name="pk_assignments"),
    )
    op.create_table(
        "feedback",
        sa.Column("hand_in", sa.Integer, nullable=False),
        sa.Column("notebook", sa.String(80), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("time", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("hand_in", "notebook", name="pk_feedback"),
        sa.ForeignKeyConstraint(["hand_in"], ["hand_ins.key"], name="fk_feedback_hand_in", ondelete="CASCADE"),
    )
    op.create_table(
        "comments",
        sa.Column("key", sa.Integer, nullable=False),
        sa.Column("hand_in", sa.Integer, nullable=False),
        *_whose(),
        sa.Column("assignment", sa.String(80), nullable=False),
        sa.Column("step", sa.String(60), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("time", sa.String(32), nullable=False),
        sa.Column("read_at", sa.String(32)),
        sa.Column("reply", sa.String(20)),
        sa.Column("replied_at", sa.String(32)),
        sa.PrimaryKeyConstraint("key", name="pk_comments"),
        sa.ForeignKeyConstraint(["hand_in"], ["hand_ins.key"], name="fk_comments_hand_in", ondelete="CASCADE"),
        sa.UniqueConstraint("hand_in", "step", name="uq_comments_hand_in"),
    )
    op.create_index("ix_comments_of", "comments", ["course", "account", "assignment"])
    op.create_table(
        "consents",
        sa.Column("key", sa.Integer, nullable=False),
        *_whose(),
        sa.Column("course_use", sa.Boolean, nullable=False),
        sa.Column("quotes", sa.Boolean, nullable=False),
        sa.Column("research", sa.Boolean, nullable=False),
        sa.Column("seen", sa.String(64), nullable=False),
        sa.Column("time", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_consents"),
    )
    op.create_index("ix_consents_of", "consents", ["course", "account"])
    op.create_table(
        "erasures",
        sa.Column("key", sa.Integer, nullable=False),
        sa.Column("course", sa.String(63), nullable=False),
        sa.Column("time", sa.String(32), nullable=False),
        sa.Column("asked_by", sa.String(12), nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_erasures"),
    )
