"""Ratings beside human or computer: a judgment holds one or the other."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the ratings, and let the other answers be empty."""
    with op.batch_alter_table("judgments") as judgments:
        judgments.alter_column("judged_human", existing_type=sa.Boolean(), nullable=True)
        judgments.alter_column("confidence", existing_type=sa.Integer(), nullable=True)
        judgments.add_column(sa.Column("rating", sa.Integer()))
    with op.batch_alter_table("practice_trials") as practice_trials:
        practice_trials.add_column(sa.Column("rating", sa.Integer()))
