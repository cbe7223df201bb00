"""What the encoder that a library is changing over to heard in a sound waits until it has changed over."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sound", sa.Column("tags_next", sa.Text))
