"""Places counted as they are taken, kinds of trials, recruitment ids, and the record of changes."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# SQLite keeps no names of constraints; these are what PostgreSQL gives them.
NAMES = {"uq": "%(table_name)s_%(column_0_N_name)s_key"}
ALIVE = sa.text("holds_places AND finished_at IS NULL")


def upgrade() -> None:
    """Add columns and tables, and fill them from the sessions that are there."""
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("n_trials", sa.Integer()))
        sessions.add_column(sa.Column("n_judged", sa.Integer(), nullable=False, server_default="0"))
        sessions.add_column(
            sa.Column("holds_places", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        sessions.add_column(sa.Column("excluded_at", sa.String()))
    op.create_index(
        "ix_sessions_alive", "sessions", ["started_at"], sqlite_where=ALIVE, postgresql_where=ALIVE
    )
    with op.batch_alter_table("trials", naming_convention=NAMES) as trials:
        trials.add_column(sa.Column("trial_kind", sa.String(), nullable=False, server_default="main"))
        trials.drop_constraint("trials_session_id_stimulus_id_key", type_="unique")
        trials.create_unique_constraint(
            "trials_session_id_stimulus_id_trial_kind_key", ["session_id", "stimulus_id", "trial_kind"]
        )
        trials.drop_index("ix_trials_stimulus_id")
    _make_tables()
    _count_trials()
    _list_draw_counts()
    _take_places()
    op.execute(
        "INSERT INTO changes (change_id, changed_at, what, who, reason) "
        "SELECT unblinding_id, unblinded_at, 'unblinded', 'unknown', reason FROM unblindings"
    )


def _make_tables() -> None:
    op.create_table(
        "places",
        sa.Column(
            "protocol_sha256",
            sa.String(),
            sa.ForeignKey("protocols.protocol_sha256", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("is_simulated", sa.Boolean(), primary_key=True),
        sa.Column("stimulus_id", sa.String(), primary_key=True),
        sa.Column("n_taken", sa.Integer(), nullable=False),
    )
    op.create_table(
        "recruitment_ids",
        sa.Column(
            "session_id",
            sa.String(),
            sa.ForeignKey("sessions.session_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("recruitment_id", sa.String(), nullable=False, unique=True),
        sa.Column("delete_on", sa.String(), nullable=False),
    )
    op.create_index("ix_recruitment_ids_delete_on", "recruitment_ids", ["delete_on"])
    op.create_table(
        "changes",
        sa.Column("change_id", sa.String(), primary_key=True),
        sa.Column("changed_at", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("participant_id", sa.String()),
        sa.Column("reason", sa.String(), nullable=False),
    )
    op.create_index("ix_changes_participant_id", "changes", ["participant_id"])


def _count_trials() -> None:
    op.execute(
        "UPDATE sessions SET "
        "n_trials = (SELECT count(*) FROM trials t WHERE t.session_id = sessions.session_id), "
        "n_judged = (SELECT count(*) FROM trials t JOIN judgments j ON j.trial_id = t.trial_id "
        "WHERE t.session_id = sessions.session_id), holds_places = true WHERE started_at IS NOT NULL"
    )


def _list_draw_counts() -> None:
    """Write counts by stimulus id as a list in the order of the ids, which is a tenth as long."""
    connection = op.get_bind()
    for (sha256,) in connection.execute(sa.text("SELECT protocol_sha256 FROM protocols")).all():
        stimuli = connection.execute(
            sa.text("SELECT stimuli FROM protocols WHERE protocol_sha256 = :sha256"), {"sha256": sha256}
        ).scalar_one()
        ids = sorted(stimulus["stimulus_id"] for stimulus in _read_json(stimuli))
        found = connection.execute(
            sa.text(
                "SELECT session_id, draw_counts FROM sessions "
                "WHERE protocol_sha256 = :sha256 AND started_at IS NOT NULL"
            ),
            {"sha256": sha256},
        ).all()
        for session_id, counts in found:
            by_id = _read_json(counts)
            connection.execute(
                sa.text("UPDATE sessions SET draw_counts = :counts WHERE session_id = :session_id"),
                {"counts": json.dumps([by_id.get(i, 0) for i in ids]), "session_id": session_id},
            )


def _take_places() -> None:
    op.execute(
        "INSERT INTO places (protocol_sha256, is_simulated, stimulus_id, n_taken) "
        "SELECT s.protocol_sha256, s.is_simulated, t.stimulus_id, count(*) "
        "FROM trials t JOIN sessions s ON s.session_id = t.session_id "
        "WHERE s.holds_places GROUP BY s.protocol_sha256, s.is_simulated, t.stimulus_id"
    )


def _read_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
