"""A data set put back into an empty store, for replication and teaching; exported again it is the same bytes.

What a data set does not hold is made anew (session ids, codes, sound addresses) or stays empty (recruitment
ids, draws).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from study_core.errors import ResponsesError, StudyError
from study_core.types import Stimulus
from study_server.dataset import recalling, returning
from study_server.dataset.archive import unpack
from study_server.dataset.description import FLOW, PROTOCOLS
from study_server.dataset.dictionary import TABLES
from study_server.dataset.reading import Reading
from study_server.dataset.recalling import MIDNIGHT
from study_server.dataset.returning import WHO, Listener, Values
from study_server.dataset.rows import read_paradigm
from study_server.protocol import hash_protocol
from study_server.store import Store
from study_server.tables import (
    Change,
    Judgment,
    PracticeTrial,
    Protocol,
    QuestionAnswer,
    ScreeningTrial,
    StudySession,
    Tombstone,
    Trial,
    Unblinding,
)
from study_server.unblinding import IMPORTED

ROWS_AT_ONCE = 5000
AROUND: Mapping[str, tuple[Any, Callable[[Any, Listener], Values]]] = {
    "screening": (ScreeningTrial, returning.make_screening),
    "practice": (PracticeTrial, returning.make_practice),
    "questions": (QuestionAnswer, returning.make_answer),
    "exclusions": (Change, returning.make_change),
}
"""The tables with a row of the store for each of theirs."""
COUNT_TROUBLES = text(
    "UPDATE sessions SET (n_stalls, n_load_errors) = "
    "(SELECT coalesce(sum(j.stalls), 0), coalesce(sum(j.load_errors), 0) FROM trials t "
    "JOIN judgments j ON j.trial_id = t.trial_id WHERE t.session_id = sessions.session_id)"
)
Listeners = Mapping[str, Listener]


def import_data_set(store: Store, path: Path, *, advance: Callable[[int], None] = lambda _: None) -> int:
    """Put a data set, a folder or its ZIP file, into an empty store; return the number of judgments.

    All of it or nothing, in one transaction. Results of what was exported once are no secret: no stop rule
    hides them.

    Raises
    ------
    StudyError
        If the store is not empty, or the data set is incomplete or was altered: all that is wrong with it.
    """
    with _open(path) as folder, store.write() as db:
        _require_empty(db, store.place)
        reading = Reading(folder)
        try:
            n_judgments = _import(db, reading, advance)
        except IntegrityError as error:
            raise ResponsesError(
                f"{path} cannot be imported, and nothing was: a row stands in it twice ({error.orig}). Take "
                "the data set as `study export` wrote it."
            ) from None
        db.add(Change(what=IMPORTED, who=WHO, reason=f"from {path.name}"))
    return n_judgments


@contextmanager
def _open(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield path
        return
    with TemporaryDirectory() as folder:
        yield unpack(path, Path(folder))


def _require_empty(db: Session, place: str) -> None:
    counts = {
        table.__tablename__: db.scalar(select(func.count()).select_from(table))
        for table in (Protocol, StudySession, Tombstone)
    }
    there = ", ".join(f"{n} {name}" for name, n in counts.items() if n)
    if there:
        raise StudyError(
            f"The store {place} is not empty ({there}); nothing was changed. A data set is imported into an "
            "empty store only: name another --data-dir, or an empty database."
        )


def _import(db: Session, reading: Reading, advance: Callable[[int], None]) -> int:
    protocols, flow = _read_protocols(reading), reading.read_json(FLOW, recalling.Account)
    reading.refuse_problems()
    _insert(db, Protocol, map(_make_protocol, protocols))
    listeners = _import_listeners(db, reading, protocols)
    n_judgments = _import_trials(db, reading, listeners, protocols, advance)
    for name, (table, make) in AROUND.items():
        _insert(db, table, (make(row, it) for row, it in _match(reading, name, listeners)))
    _import_account(db, flow, protocols)
    reading.refuse_problems()
    db.execute(COUNT_TROUBLES)
    return n_judgments


def _read_protocols(reading: Reading) -> list[Values]:
    """Return the protocols with their stimuli, each as its hash says."""
    content = reading.read_json(PROTOCOLS, recalling.Plans)
    columns = set(TABLES["stimuli"].columns)
    stimuli: dict[str, list[Values]] = {}
    for row in reading.read_table("stimuli", is_needed=True):
        values = {name: "" if row[name] is None else row[name] for name in columns & set(row)}
        stimuli.setdefault(values.pop("protocol_sha256"), []).append(values)
    reading.refuse_problems()
    protocols = [one | {"stimuli": stimuli.get(one["protocol_sha256"], [])} for one in content["protocols"]]
    for one in protocols:
        found = hash_protocol(one["config"], [Stimulus(**values) for values in one["stimuli"]])
        if found != one["protocol_sha256"]:
            reading.note(
                f"{PROTOCOLS}: config and stimuli of protocol {one['protocol_sha256'][:12]} have the hash "
                f"{found[:12]}: one of them was altered"
            )
    return protocols


def _make_protocol(one: Values) -> Values:
    frozen_on = one["frozen_on"]
    return {
        "protocol_sha256": one["protocol_sha256"],
        "study_version": one["study_version"],
        "config": one["config"],
        "stimuli": one["stimuli"],
        "first_used_at": one["first_used_on"] + MIDNIGHT,
        "frozen_at": frozen_on + MIDNIGHT if frozen_on else None,
    }


def _import_listeners(db: Session, reading: Reading, protocols: list[Values]) -> Listeners:
    pairs = {it["protocol_sha256"] for it in protocols if read_paradigm(it["config"]) == "two_afc"}
    known = {None, *(it["protocol_sha256"] for it in protocols)}
    events: dict[str, dict[str, float]] = {}
    for row in reading.read_table("events"):
        events.setdefault(row["participant_id"], {})[row["event"]] = row["happened_after_s"]
    listeners: dict[str, Listener] = {}

    def make() -> Iterator[Values]:
        for row in reading.read_table("participants", is_needed=True):
            if row["protocol_sha256"] not in known:
                sha256 = row["protocol_sha256"]
                reading.note(f"participants, line {row['row']}: protocol_sha256 {sha256!r} is unknown")
                row["protocol_sha256"] = None
            it = returning.make_listener(row, pairs)
            listeners[row["participant_id"]] = it
            yield returning.make_session(row, it, events.pop(row["participant_id"], {}))

    _insert(db, StudySession, make())
    reading.refuse_problems()
    return listeners


def _import_trials(
    db: Session,
    reading: Reading,
    listeners: Listeners,
    protocols: list[Values],
    advance: Callable[[int], None],
) -> int:
    known = {it["protocol_sha256"]: {s["stimulus_id"] for s in it["stimuli"]} for it in protocols}
    rows = _match(reading, "trials", listeners)
    n_judgments = 0
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        trials, judgments = [], []
        for row, it in batch:
            for trial, judgment in returning.make_trials(row, it):
                if trial["stimulus_id"] not in known.get(it.protocol_sha256, ()):
                    reading.note(
                        f"trials, line {row['row']}: stimulus_id {trial['stimulus_id']!r} is unknown"
                    )
                trials.append(trial)
                judgments.append(judgment)
        db.execute(insert(Trial), trials)
        db.execute(insert(Judgment), judgments)
        n_judgments += len(batch)
        advance(len(batch))
    return n_judgments


def _import_account(db: Session, flow: Any, protocols: list[Values]) -> None:
    is_simulated = flow["is_simulated"]
    removed = flow["removed"]
    _insert(
        db,
        Tombstone,
        (stone for it in removed for stone in recalling.make_tombstones(it, is_simulated=is_simulated)),
    )
    _insert(db, Unblinding, map(recalling.make_look, flow["early_looks"]))
    for version, stages in flow["by_study_version"].items():
        gone = [it for it in removed if it["study_version"] == version]
        n_bare = stages["arrived"] - stages["consented"]
        n_bare -= sum(it["participants"] - it["consented"] for it in gone)
        bare = recalling.make_bare_session(version, protocols[0], is_simulated=is_simulated)
        db.add_all(StudySession(**bare) for _ in range(n_bare))


def _match(reading: Reading, name: str, listeners: Listeners) -> Iterator[tuple[Values, Listener]]:
    """Yield a table's rows with whom they are about; those about nobody are noted."""
    for row in reading.read_table(name):
        it = listeners.get(row["participant_id"])
        if it is None:
            reading.note(f"{name}, line {row['row']}: there is no participant {row['participant_id']!r}")
        else:
            yield row, it


def _insert(db: Session, table: Any, rows: Iterable[Values]) -> None:
    rows = iter(rows)
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        db.execute(insert(table), batch)
