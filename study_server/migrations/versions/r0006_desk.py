"""What the researcher's desk counts and records: devices, flags, phases of the study, notices sent."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

UNSETTLED = sa.text("finished_at IS NOT NULL AND flags IS NULL")
TROUBLED = sa.text("n_stalls + n_load_errors > 0")
DESK = (
    "study_version", "is_simulated", "finished_at", "started_at", "volume_set_at", "consented_at",
    "screened_out_at", "excluded_at", "language", "device", "flags",
)  # fmt: skip


def upgrade() -> None:
    """Add columns, indexes and tables, and fill them from the judgments that are there."""
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("device", sa.String(), nullable=False, server_default=sa.text("''")))
        sessions.add_column(sa.Column("n_stalls", sa.Integer(), nullable=False, server_default="0"))
        sessions.add_column(sa.Column("n_load_errors", sa.Integer(), nullable=False, server_default="0"))
        sessions.add_column(sa.Column("duration_s", sa.Float()))
        sessions.add_column(sa.Column("flags", sa.String()))
    with op.batch_alter_table("recruitment_ids") as ids:
        ids.add_column(sa.Column("parameters", sa.JSON()))
    _count_troubles()
    op.create_index("ix_sessions_desk", "sessions", DESK)
    op.create_index("ix_sessions_duration", "sessions", ["study_version", "is_simulated", "duration_s"])
    op.create_index("ix_sessions_arrived", "sessions", ["study_version", "is_simulated", "arrived_at"])
    for name, columns, rows in (
        ("ix_sessions_unsettled", ["session_id"], UNSETTLED),
        ("ix_sessions_troubled", ["study_version", "is_simulated"], TROUBLED),
    ):
        op.create_index(name, "sessions", columns, sqlite_where=rows, postgresql_where=rows)
    op.create_index("ix_tombstones_study_version", "tombstones", ["study_version"])
    op.create_index("ix_changes_what", "changes", ["what"])
    _make_tables()


def _count_troubles() -> None:
    for column, counted in (("n_stalls", "stalls"), ("n_load_errors", "load_errors")):
        op.execute(
            f"UPDATE sessions SET {column} = (SELECT coalesce(sum(j.{counted}), 0) FROM trials t "  # noqa: S608 (ours)
            "JOIN judgments j ON j.trial_id = t.trial_id WHERE t.session_id = sessions.session_id)"
        )


def _make_tables() -> None:
    op.create_table(
        "phases",
        sa.Column("phase_id", sa.String(), primary_key=True),
        sa.Column("study_version", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("began_at", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
    )
    op.create_index("ix_phases_study_version", "phases", ["study_version", "began_at"])
    op.create_table(
        "notices",
        sa.Column("notice_id", sa.String(), primary_key=True),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False, unique=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("noted_at", sa.String(), nullable=False),
        sa.Column("sent_at", sa.String()),
        sa.Column("n_tries", sa.Integer(), nullable=False, server_default="0"),
    )
