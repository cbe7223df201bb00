"""The first database: voices and the sound library."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "counter",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.execute("INSERT INTO counter (name, value) VALUES ('library', 0)")
    op.create_table(
        "encoder_spec",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("dim", sa.Integer, nullable=False),
        sa.Column("rate_hz", sa.Integer),
        sa.UniqueConstraint("key", name="uq_encoder_spec_key"),
    )
    op.create_table(
        "voice",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("colour", sa.Integer, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("name_key", name="uq_voice_name_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "take",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("voice_id", sa.Integer, sa.ForeignKey("voice.id", ondelete="CASCADE"), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("recorded_at", sa.DateTime, nullable=False),
        sa.Column("duration_s", sa.Float, nullable=False),
        sa.Column("speech_s", sa.Float, nullable=False),
        sa.Column("level_dbfs", sa.Float, nullable=False),
        sa.Column("snr_db", sa.Float, nullable=False),
        sa.Column("clipped", sa.Integer, nullable=False),
        sa.Column("recording", sa.LargeBinary),
        sa.Column("consent_at", sa.DateTime),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_take_voice_id", "take", ["voice_id"])
    op.create_table(
        "sample",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("take_id", sa.Integer, sa.ForeignKey("take.id", ondelete="CASCADE"), nullable=False),
        sa.Column("spec_id", sa.Integer, sa.ForeignKey("encoder_spec.id"), nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.Column("norm", sa.Float, nullable=False),
        sa.Column("speech_s", sa.Float, nullable=False),
    )
    op.create_index("ix_sample_take_id", "sample", ["take_id"])
    op.create_table(
        "folder",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("path", sa.LargeBinary, nullable=False),
        sa.Column("device", sa.BigInteger),
        sa.UniqueConstraint("path", name="uq_folder_path"),
    )
    op.create_table(
        "sound",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("folder_id", sa.Integer, sa.ForeignKey("folder.id", ondelete="CASCADE"), nullable=False),
        sa.Column("path", sa.LargeBinary, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("mtime_ns", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("duration_s", sa.Float, nullable=False),
        sa.Column("rate_hz", sa.Integer, nullable=False),
        sa.Column("channels", sa.Integer, nullable=False),
        sa.Column("format", sa.String(20), nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("peaks", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("path", name="uq_sound_path"),
    )
    op.create_index("ix_sound_folder_id", "sound", ["folder_id"])
    op.create_index("ix_sound_sha256", "sound", ["sha256"])
    op.create_table(
        "span",
        sa.Column("spec_id", sa.Integer, sa.ForeignKey("encoder_spec.id"), primary_key=True),
        sa.Column("sound_id", sa.Integer, sa.ForeignKey("sound.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("start_s", sa.Float, nullable=False),
        sa.Column("end_s", sa.Float, nullable=False),
        sa.Column("row", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_span_sound_id", "span", ["sound_id"])
    op.create_table(
        "failed_file",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("folder_id", sa.Integer, sa.ForeignKey("folder.id", ondelete="CASCADE"), nullable=False),
        sa.Column("path", sa.LargeBinary, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("mtime_ns", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("space", sa.String(64)),
        sa.UniqueConstraint("path", name="uq_failed_file_path"),
    )
    op.create_index("ix_failed_file_folder_id", "failed_file", ["folder_id"])
