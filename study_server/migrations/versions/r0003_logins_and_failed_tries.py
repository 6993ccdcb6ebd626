"""Logins that end, and tries that failed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make their tables."""
    op.create_table(
        "failed_tries",
        sa.Column("try_id", sa.String(), primary_key=True),
        sa.Column("door", sa.String(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("tried_at", sa.String(), nullable=False),
    )
    op.create_index("ix_failed_tries_source_key", "failed_tries", ["source_key"])
    op.create_table(
        "researcher_logins",
        sa.Column("login_sha256", sa.String(), primary_key=True),
        sa.Column("opened_at", sa.String(), nullable=False),
    )
