"""The data set: a Psych-DS folder of documented tables, streamed from the store, anonymous as it is made."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from study_core.config import Config
from study_core.errors import ResponsesError
from study_server.dataset.account import describe_flow
from study_server.dataset.archive import list_files
from study_server.dataset.description import write_description
from study_server.dataset.rows import list_stimuli, read_batches, read_paradigm, read_protocols
from study_server.dataset.tables import DataTables
from study_server.flags import is_settled, settle_all
from study_server.records import name_account
from study_server.store import Store
from study_server.tables import Judgment, StudySession, Trial
from study_server.unblinding import look
from study_server.upkeep import forget_due


@dataclass(frozen=True, slots=True)
class DataSet:
    """What was exported, and where it lies."""

    folder: Path
    files: Sequence[Path]
    """Its own files, by their paths in the folder, sorted."""
    n_judgments: int


def export_data_set(  # noqa: PLR0913 (what, where, of whom; and who looks, why)
    store: Store,
    config: Config,
    folder: Path,
    *,
    is_simulated: bool,
    reason: str = "",
    who: str = "",
    advance: Callable[[int], None] = lambda _: None,
) -> DataSet:
    """Write the data set of real or of simulated participants; an early look is logged with its reason.

    `who` looks: by default the account that runs this.

    It reads one snapshot, some listeners at a time: the study goes on meanwhile, and memory does not grow
    with it. The folder is replaced when all is written.

    Raises
    ------
    ResponsesError
        If there are no judgments of the wanted kind; the message says what there is.
    BlindError
        If the stop rule is not met for real participants, and no reason was given.
    """
    forget_due(store)
    with store.write() as db:
        require_judgments(db, is_simulated=is_simulated)
        if not is_simulated:
            look(db, config, reason, who=who or name_account())
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as draft,
        _read_settled(store, config) as db,
    ):
        data_set = _write(db, Path(draft) / folder.name, is_simulated=is_simulated, advance=advance)
        replace_folder(data_set.folder, folder)
    return replace(data_set, folder=folder)


@contextmanager
def _read_settled(store: Store, config: Config) -> Iterator[Session]:
    """Open a snapshot in which all sessions that ended are settled, whoever ends one meanwhile."""
    while True:
        while settle_all(store, config):
            pass
        with store.read() as db:
            if is_settled(db):
                yield db
                return


def replace_folder(new: Path, old: Path) -> None:
    """Put a folder in another's place; what somebody else has put into the old one's top stays."""
    old.mkdir(parents=True, exist_ok=True)
    for path in sorted(new.iterdir()):
        target = old / path.name
        if target.is_dir():
            shutil.rmtree(target)
        path.replace(target)


def count_judgments(db: Session, *, is_simulated: bool) -> int:
    """Return how many judgments there are by real or by simulated participants."""
    judged = select(func.sum(StudySession.n_judged)).where(StudySession.is_simulated == is_simulated)
    return db.scalar(judged) or 0


def require_judgments(db: Session, *, is_simulated: bool) -> None:
    """Refuse an empty data set.

    Raises
    ------
    ResponsesError
        If there are no judgments of the wanted kind; the message says what there is.
    """
    judged = select(Judgment.trial_id).join(Trial).join(StudySession)
    if db.scalar(judged.where(StudySession.is_simulated == is_simulated).limit(1)) is not None:
        return
    wanted, other = ("simulated", "real") if is_simulated else ("real", "simulated")
    other_way = "without --simulated" if is_simulated else "with --simulated"
    n_others = count_judgments(db, is_simulated=not is_simulated)
    hint = f"export them {other_way}" if n_others else "let somebody take part first"
    raise ResponsesError(
        f"There are no judgments by {wanted} participants; there are {n_others} by {other} ones: {hint}."
    )


def _write(db: Session, folder: Path, *, is_simulated: bool, advance: Callable[[int], None]) -> DataSet:
    protocols = read_protocols(db, is_simulated=is_simulated)
    paradigms = {read_paradigm(protocol.config) for protocol in protocols}
    with DataTables(folder, paradigms) as tables:
        tables.write("stimuli", list_stimuli(protocols))
        for batch in read_batches(db, protocols, is_simulated=is_simulated):
            for name, rows in batch.items():
                tables.write(name, rows)
            advance(len(batch["trials"]))
    flow = describe_flow(db, is_simulated=is_simulated)
    write_description(folder, flow, protocols, tables.columns, tables.n_rows)
    return DataSet(folder, list_files(folder), tables.n_rows.get("trials", 0))
