"""Languages, headphone screening, practice, questions and the break."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns and tables of the pages around the trials."""
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("language", sa.String(), nullable=False, server_default="en"))
        sessions.add_column(sa.Column("volume_set_at", sa.String()))
        sessions.add_column(sa.Column("screened_out_at", sa.String()))
        sessions.add_column(sa.Column("breaks_taken", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("judgments") as judgments:
        judgments.add_column(sa.Column("load_errors", sa.Integer()))
        judgments.add_column(sa.Column("coverage", sa.Float()))
        judgments.add_column(sa.Column("output_latency_s", sa.Float()))
        judgments.add_column(sa.Column("language", sa.String(), nullable=False, server_default="en"))
    _make_screening_trials()
    _make_practice_trials()
    op.create_table(
        "question_answers",
        sa.Column("session_id", sa.String(), _session_key(), primary_key=True),
        sa.Column("question_id", sa.String(), primary_key=True),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("answered_at", sa.String(), nullable=False),
    )


def _make_screening_trials() -> None:
    op.create_table(
        "screening_trials",
        sa.Column("screening_trial_id", sa.String(), primary_key=True),
        sa.Column("session_id", sa.String(), _session_key(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("test", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("trial_index", sa.Integer(), nullable=False),
        sa.Column("sound_id", sa.String(), nullable=False),
        sa.Column("correct_answer", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Integer()),
        sa.Column("answered_at", sa.String()),
        sa.UniqueConstraint("session_id", "place"),
    )


def _make_practice_trials() -> None:
    op.create_table(
        "practice_trials",
        sa.Column("practice_trial_id", sa.String(), primary_key=True),
        sa.Column("session_id", sa.String(), _session_key(), nullable=False),
        sa.Column("trial_index", sa.Integer(), nullable=False),
        sa.Column("stimulus_id", sa.String(), nullable=False),
        sa.Column("audio_token", sa.String(), nullable=False, unique=True),
        sa.Column("judged_human", sa.Boolean()),
        sa.Column("confidence", sa.Integer()),
        sa.Column("answered_at", sa.String()),
        sa.Column("feedback_seen_at", sa.String()),
        sa.UniqueConstraint("session_id", "trial_index"),
    )


def _session_key() -> sa.ForeignKey:
    return sa.ForeignKey("sessions.session_id", ondelete="CASCADE")
