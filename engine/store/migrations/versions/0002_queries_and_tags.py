"""Saved queries, and lists of labels that the library is tagged with."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_query",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("name_key", name="uq_saved_query_name_key"),
    )
    op.create_table(
        "tag_list",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("labels", sa.Text, nullable=False),
        sa.Column("texts", sa.Text, nullable=False),
        sa.Column("least", sa.Float),
        sa.Column("top", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("space", sa.String(64)),
        sa.Column("library", sa.BigInteger),
        sa.UniqueConstraint("name_key", name="uq_tag_list_name_key"),
    )
    op.create_table(
        "sound_tag",
        sa.Column("list_id", sa.Integer, sa.ForeignKey("tag_list.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("sound_id", sa.Integer, sa.ForeignKey("sound.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("label", sa.Integer, primary_key=True),
        sa.Column("similarity", sa.Float, nullable=False),
        sa.Column("probability", sa.Float, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sound_tag_sound_id", "sound_tag", ["sound_id"])
