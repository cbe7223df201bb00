"""Which sounds changed in which version of the library, and how the matrices were left by whoever wrote to them last."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sound_change",
        sa.Column("sound_id", sa.Integer, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_sound_change_version", "sound_change", ["version"])
    op.add_column("encoder_spec", sa.Column("matrix", sa.Text))
    # what changed before is not known: whoever holds an older version reads everything
    op.execute("INSERT INTO counter (name, value) SELECT 'library whole', value FROM counter WHERE name = 'library'")
