"""Timelines: who spoke when in a recording, with the strangers that can be named later."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "timeline",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("path", sa.LargeBinary, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("duration_s", sa.Float, nullable=False),
        sa.Column("noise_dbfs", sa.Float, nullable=False),
        sa.Column("spec_id", sa.Integer, sa.ForeignKey("encoder_spec.id"), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_timeline_sha256", "timeline", ["sha256"])
    op.create_table(
        "naming",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("voice_id", sa.Integer, sa.ForeignKey("voice.id", ondelete="CASCADE"), nullable=False),
        sa.Column("take_id", sa.Integer, sa.ForeignKey("take.id", ondelete="CASCADE"), nullable=False),
        sa.Column("made_voice", sa.Boolean, nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "track",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("timeline_id", sa.Integer, sa.ForeignKey("timeline.id", ondelete="CASCADE"), nullable=False),
        sa.Column("stranger", sa.Integer),
        sa.Column("voice_id", sa.Integer, sa.ForeignKey("voice.id", ondelete="CASCADE")),
        sa.Column("naming_id", sa.Integer, sa.ForeignKey("naming.id", ondelete="SET NULL")),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("similarity", sa.Float),
        sa.Column("level_dbfs", sa.Float, nullable=False),
        sa.Column("clipped", sa.Integer, nullable=False),
    )
    op.create_index("ix_track_timeline_id", "track", ["timeline_id"])
    op.create_index("ix_track_voice_id", "track", ["voice_id"])
    op.create_table(
        "turn",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("track_id", sa.Integer, sa.ForeignKey("track.id", ondelete="CASCADE"), nullable=False),
        sa.Column("start_s", sa.Float, nullable=False),
        sa.Column("end_s", sa.Float, nullable=False),
    )
    op.create_index("ix_turn_track_id", "turn", ["track_id"])
    op.create_table(
        "stranger_sample",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("track_id", sa.Integer, sa.ForeignKey("track.id", ondelete="CASCADE"), nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.Column("norm", sa.Float, nullable=False),
        sa.Column("speech_s", sa.Float, nullable=False),
    )
    op.create_index("ix_stranger_sample_track_id", "stranger_sample", ["track_id"])
