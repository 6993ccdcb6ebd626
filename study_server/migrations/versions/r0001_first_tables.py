"""The tables of version 0.1: protocols, sessions, trials, judgments, tombstones, unblindings."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "protocols",
        sa.Column("protocol_sha256", sa.String(), primary_key=True),
        sa.Column("study_version", sa.String(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("stimuli", sa.JSON(), nullable=False),
        sa.Column("first_used_at", sa.String(), nullable=False),
        sa.Column("frozen_at", sa.String()),
    )
    op.create_index("ix_protocols_study_version", "protocols", ["study_version"])
    _make_sessions()
    _make_trials_and_judgments()
    op.create_table(
        "tombstones",
        sa.Column("tombstone_id", sa.String(), primary_key=True),
        sa.Column("study_version", sa.String(), nullable=False),
        sa.Column("is_simulated", sa.Boolean(), nullable=False),
        sa.Column("had_consented", sa.Boolean(), nullable=False),
        sa.Column("had_started", sa.Boolean(), nullable=False),
        sa.Column("had_finished", sa.Boolean(), nullable=False),
        sa.Column("withdrawn_on", sa.String(), nullable=False),
    )
    op.create_table(
        "unblindings",
        sa.Column("unblinding_id", sa.String(), primary_key=True),
        sa.Column("unblinded_at", sa.String(), nullable=False),
        sa.Column("study_version", sa.String(), nullable=False),
        sa.Column("n_finished", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
    )


def _make_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("session_id", sa.String(), primary_key=True),
        sa.Column("participant_id", sa.String(), nullable=False, unique=True),
        sa.Column("withdrawal_code", sa.String(), nullable=False, unique=True),
        sa.Column("completion_code", sa.String()),
        sa.Column("is_simulated", sa.Boolean(), nullable=False),
        sa.Column("study_version", sa.String(), nullable=False),
        sa.Column("protocol_sha256", sa.String(), sa.ForeignKey("protocols.protocol_sha256")),
        sa.Column("arrived_at", sa.String(), nullable=False),
        sa.Column("consented_at", sa.String()),
        sa.Column("started_at", sa.String()),
        sa.Column("finished_at", sa.String()),
        sa.Column("last_seen_at", sa.String(), nullable=False),
        sa.Column("draw_seed", sa.BigInteger()),
        sa.Column("draw_counts", sa.JSON()),
    )
    op.create_index("ix_sessions_protocol_sha256", "sessions", ["protocol_sha256"])


def _make_trials_and_judgments() -> None:
    session_key = sa.ForeignKey("sessions.session_id", ondelete="CASCADE")
    op.create_table(
        "trials",
        sa.Column("trial_id", sa.String(), primary_key=True),
        sa.Column("session_id", sa.String(), session_key, nullable=False),
        sa.Column("trial_index", sa.Integer(), nullable=False),
        sa.Column("stimulus_id", sa.String(), nullable=False),
        sa.Column("audio_token", sa.String(), nullable=False, unique=True),
        sa.UniqueConstraint("session_id", "trial_index"),
        sa.UniqueConstraint("session_id", "stimulus_id"),
    )
    op.create_index("ix_trials_stimulus_id", "trials", ["stimulus_id"])
    trial_key = sa.ForeignKey("trials.trial_id", ondelete="CASCADE")
    op.create_table(
        "judgments",
        sa.Column("trial_id", sa.String(), trial_key, primary_key=True),
        sa.Column("judged_human", sa.Boolean(), nullable=False),
        sa.Column("confidence", sa.Integer(), nullable=False),
        sa.Column("knows_tune", sa.Boolean(), nullable=False),
        sa.Column("heard_s", sa.Float()),
        sa.Column("n_plays", sa.Integer()),
        sa.Column("stalls", sa.Integer()),
        sa.Column("answer_time_s", sa.Float()),
        sa.Column("hidden_count", sa.Integer()),
        sa.Column("judged_at", sa.String(), nullable=False),
    )
