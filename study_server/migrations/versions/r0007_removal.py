"""What was removed of those who withdrew, and until when a recruitment id is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns, and fill the days from the recruitment ids that are there."""
    with op.batch_alter_table("tombstones") as tombstones:
        tombstones.add_column(sa.Column("what", sa.String(), nullable=False, server_default="withdrawn"))
        tombstones.add_column(sa.Column("n_judgments", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("sessions", sa.Column("recruitment_id_until", sa.String()))
    op.execute(
        "UPDATE sessions SET recruitment_id_until = "
        "(SELECT delete_on FROM recruitment_ids r WHERE r.session_id = sessions.session_id)"
    )
