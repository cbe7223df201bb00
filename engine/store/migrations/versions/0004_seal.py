"""Whether the voices of the workspace are encrypted, and the key, wrapped."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seal",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("way", sa.String(20), nullable=False),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.Column("unclean", sa.Boolean, nullable=False),
        sa.Column("key_id", sa.String(40)),
        sa.Column("wrapped", sa.LargeBinary),
        sa.Column("salt", sa.LargeBinary),
        sa.Column("log2_n", sa.Integer),
        sa.Column("r", sa.Integer),
        sa.Column("p", sa.Integer),
        sa.Column("probe", sa.LargeBinary),
    )
