"""The data set: one row per judgment, a data dictionary and the flow account."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from study_core.config import Config
from study_core.errors import ResponsesError, StudyError
from study_core.manifest import write_bytes, write_json
from study_server.background import SIDE_COLUMNS, read_backgrounds, read_side_table
from study_server.dictionary import COLUMNS, NOTE
from study_server.monitoring import count_finished, count_flow, is_stop_rule_met, list_versions
from study_server.store import Store
from study_server.tables import Judgment, Protocol, StudySession, Trial, Unblinding

SHORTEST_REASON = 10
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class BlindError(StudyError):
    """Results by system were asked for before the stop rule is met, without a reason."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """The files of an export, as bytes or as values for JSON."""

    responses: bytes
    dictionary: dict[str, Any]
    flow: dict[str, Any]
    n_judgments: int
    side_tables: dict[str, bytes]
    """`questions`, `screening` and `practice`, a row per answer; those without any row are left out."""


def export_data_set(store: Store, config: Config, *, is_simulated: bool, reason: str = "") -> DataSet:
    """Return the data set of real or of simulated participants; an early look is logged with its reason.

    Raises
    ------
    ResponsesError
        If there are no judgments of the wanted kind; the message says what there is.
    BlindError
        If the stop rule is not met for real participants, and no reason was given.
    """
    with store.write() as db:
        _require_judgments(db, is_simulated=is_simulated)
        if not is_simulated:
            _unblind(db, config, reason.strip())
        rows = list(read_rows(db, is_simulated=is_simulated))
        flow = _describe_flow(db, is_simulated=is_simulated)
        side = {name: read_side_table(db, name, is_simulated=is_simulated) for name in SIDE_COLUMNS}
    tables = {
        name: _write_csv(side_rows, SIDE_COLUMNS[name]) for name, side_rows in side.items() if side_rows
    }
    return DataSet(_write_csv(rows), {"note": NOTE, "columns": COLUMNS}, flow, len(rows), tables)


def write_data_set(data_set: DataSet, folder: Path) -> Path:
    """Write `responses.csv`, `responses.json`, `flow.json` and the side tables; return the first's path."""
    write_json(folder / "responses.json", data_set.dictionary)
    write_json(folder / "flow.json", data_set.flow)
    for name, table in data_set.side_tables.items():
        write_bytes(folder / f"{name}.csv", table)
    write_bytes(folder / "responses.csv", data_set.responses)
    return folder / "responses.csv"


def read_rows(db: Session, *, is_simulated: bool) -> Iterator[dict[str, object]]:
    """Yield a row per judgment: sessions in the order they started, trials in the order they were heard."""
    stimuli = {
        protocol.protocol_sha256: {stimulus["stimulus_id"]: stimulus for stimulus in protocol.stimuli}
        for protocol in db.scalars(select(Protocol))
    }
    found = db.execute(
        select(StudySession, Trial, Judgment)
        .join(Trial, Trial.session_id == StudySession.session_id)
        .join(Judgment, Judgment.trial_id == Trial.trial_id)
        .where(StudySession.is_simulated == is_simulated)
        .order_by(StudySession.started_at, StudySession.participant_id, Trial.trial_index)
    )
    backgrounds = read_backgrounds(db, is_simulated=is_simulated)
    for study_session, trial, judgment in found:
        provenance = stimuli[study_session.protocol_sha256 or ""][trial.stimulus_id]
        beside = {**provenance, **backgrounds[study_session.session_id]}
        yield _make_row(study_session, trial, judgment, beside)


def _make_row(
    study_session: StudySession, trial: Trial, judgment: Judgment, beside: Mapping[str, object]
) -> dict[str, object]:
    own = {
        "study_version": study_session.study_version,
        "protocol_sha256": study_session.protocol_sha256,
        "participant_id": study_session.participant_id,
        "is_simulated": study_session.is_simulated,
        "session_status": "finished" if study_session.finished_at else "unfinished",
        "trial_index": trial.trial_index,
        "trial_kind": trial.trial_kind,
    }
    answers = {name: getattr(judgment, name) for name in COLUMNS if hasattr(judgment, name)}
    return {name: (own | answers | dict(beside))[name] for name in COLUMNS}


def _write_csv(rows: Sequence[dict[str, object]], columns: Iterable[str] = COLUMNS) -> bytes:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_to_cell(value) for value in row.values()] for row in rows)
    return table.getvalue().encode()


def _to_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_STARTS) else value
    return repr(value)


def _describe_flow(db: Session, *, is_simulated: bool) -> dict[str, Any]:
    versions = {
        version: asdict(count_flow(db, is_simulated=is_simulated, version=version))
        for version in list_versions(db)
    }
    return {
        "is_simulated": is_simulated,
        **asdict(count_flow(db, is_simulated=is_simulated)),
        "by_study_version": versions,
    }


def _require_judgments(db: Session, *, is_simulated: bool) -> None:
    counts = {
        kind: db.scalar(
            select(func.count())
            .select_from(Judgment)
            .join(Trial)
            .join(StudySession)
            .where(StudySession.is_simulated == kind)
        )
        for kind in (False, True)
    }
    if counts[is_simulated]:
        return
    wanted, other = ("simulated", "real") if is_simulated else ("real", "simulated")
    other_way = "without --simulated" if is_simulated else "with --simulated"
    hint = f"export them {other_way}" if counts[not is_simulated] else "let somebody take part first"
    raise ResponsesError(
        f"There are no judgments by {wanted} participants; there are {counts[not is_simulated]} by {other} "
        f"ones: {hint}."
    )


def _unblind(db: Session, config: Config, reason: str) -> None:
    if is_stop_rule_met(db, config):
        return
    n_finished, wanted = count_finished(db, config.version), config.recruitment.target_participants
    if len(reason) < SHORTEST_REASON:
        raise BlindError(
            f"{n_finished} of {wanted} participants have finished: results by system stay hidden until the "
            f"stop rule is met. To look earlier, say why (at least {SHORTEST_REASON} characters): --unblind "
            '"REASON"; it is logged and shown to everybody who runs the study.'
        )
    db.add(Unblinding(study_version=config.version, n_finished=n_finished, reason=reason))
