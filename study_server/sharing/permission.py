"""Whether results may be shared: the stop rule, what listeners agreed to, and nothing about a few people."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from study_core.config import Config
from study_core.errors import StudyError, list_problems
from study_core.folders import name_table
from study_core.manifest import sha256_file
from study_server.dataset.account import describe_flow
from study_server.dataset.description import FLOW
from study_server.documents import FOLDER
from study_server.phases import find_phase
from study_server.sharing.answers import Answers, Numbers, list_answers, read_text
from study_server.tables import StudySession
from study_server.unblinding import SHORTEST_REASON, count_finished, is_open

FEWEST = 5
"""No number on the page is about fewer people than this."""
OUR_SENTENCE = "The answers, without the codes, may be published for research."
"""What the software's own consent documents say, each in its language."""
Heard = tuple[str, bool, bool]
"""A listener's id, whether they finished, and whether they are excluded."""
COUNTED = ("finished", "withdrawn", "excluded", "removed")
"""Of the account of a data set: where it differs from the store, the data set is older."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the researcher says about sharing; texts may be empty."""

    is_simulated: bool = False
    ended_early: str = ""
    """Why the study ended with fewer people than its stop rule wanted; it stands on the page."""
    consent_sentence: str = ""
    """Where documents of the study's own say that results may be published."""


@dataclass(frozen=True, slots=True)
class Permitted:
    """Results that may be shared.

    Attributes
    ----------
    flow
        The account of the data set.
    ended_early
        Why the study ended before its stop rule was met; empty where it was.
    n_listeners
        Whose answers count.
    """

    answers: Answers
    numbers: Numbers
    flow: dict[str, Any]
    consent_sentence: str
    ended_early: str
    n_listeners: int


def require_permission(db: Session, config: Config, terms: Terms) -> Permitted:
    """Return the results of a study's last report, where they may be shared.

    Raises
    ------
    StudyError
        If they may not, with every reason and what to do about it; no result is told.
    """
    numbers = _read(config.folders.report / "numbers.json")
    flow = _read(config.folders.export / FLOW)
    answers = list_answers(numbers, config.trials.rating_levels)
    sentence = terms.consent_sentence.strip() or ("" if config.recruitment.consent else OUR_SENTENCE)
    problems = [
        *_find_stale(db, config, numbers, flow, terms),
        *_find_kind(numbers, config, terms),
        *([] if terms.is_simulated else _find_unfinished(db, config, terms)),
        *_find_small(answers),
        *([] if terms.is_simulated else _find_unpermitted(config, sentence)),
    ]
    if problems or answers is None:
        raise StudyError(list_problems("These results cannot be shared:", problems))
    early = "" if is_open(db, config) else terms.ended_early.strip().rstrip(".")
    return Permitted(answers, numbers, flow, sentence, early, numbers["exclusions"][-1]["listeners"])


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(
            f"{path} is missing: there is nothing to share yet. Run `study export`, then `study analyze`."
        ) from None
    except ValueError:
        raise StudyError(
            f"{path} is no JSON any more. Run `study export` and `study analyze` again."
        ) from None
    return found


def _find_stale(
    db: Session, config: Config, numbers: Numbers, flow: dict[str, Any], terms: Terms
) -> list[str]:
    """Find a report of another data set, and a data set that still holds answers taken back since."""
    now = describe_flow(db, is_simulated=terms.is_simulated)
    table = config.folders.responses
    if not table.exists() or numbers["source"]["sha256"] != sha256_file(table):
        return [f"the report in {config.folders.report} is of another data set: run `study analyze`"]
    if flow["is_simulated"] != terms.is_simulated:
        return []
    is_older = any(flow[name] != now[name] for name in COUNTED)
    if is_older or _list_exported(config) != _list_stored(db, is_simulated=terms.is_simulated):
        since = "people finished, withdrew or were excluded since"
        return [
            f"{config.folders.export} is older than the store ({since}): `study export`, then `study analyze`"
        ]
    return []


def _list_stored(db: Session, *, is_simulated: bool) -> set[Heard]:
    row = StudySession
    rows = db.execute(
        select(row.participant_id, row.finished_at.is_not(None), row.excluded_at.is_not(None)).where(
            row.consented_at.is_not(None), row.is_simulated == is_simulated
        )
    )
    return {(participant_id, bool(finished), bool(excluded)) for participant_id, finished, excluded in rows}


def _list_exported(config: Config) -> set[Heard]:
    path = config.folders.export / name_table("participants")
    if not path.exists():
        return set()
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (read_text(row["participant_id"]), row["session_status"] == "finished", row["is_excluded"] == "1")
            for row in csv.DictReader(file)
        }


def _find_kind(numbers: Numbers, config: Config, terms: Terms) -> list[str]:
    versions = numbers["source"]["study_version"]
    if f"v{config.version}" not in versions:
        told = ", ".join(versions) or "none"
        return [f"the report is of version {told}, and the config is of v{config.version}: share that one"]
    if bool(numbers["source"]["simulated"]) == terms.is_simulated:
        return []
    if terms.is_simulated:
        return ["the report is of real listeners: leave out --simulated"]
    return ["the report is of simulated listeners: with --simulated the page says so at its top"]


def _find_unfinished(db: Session, config: Config, terms: Terms) -> list[str]:
    n_finished, wanted = count_finished(db, config.version), config.recruitment.target_participants
    if is_open(db, config):
        return []
    if len(terms.ended_early.strip()) < SHORTEST_REASON:
        found = f"{n_finished} of {wanted} participants have finished: the stop rule is not met"
        how = f'--ended-early "REASON" (at least {SHORTEST_REASON} characters); the page tells it'
        return [f"{found}. Where the study has ended without, close it at the desk and say why: {how}"]
    if find_phase(db, config.version) != "closed":
        return ["the study has not ended: people can still take part. Close it at the desk first"]
    return []


def _find_small(answers: Answers | None) -> list[str]:
    if answers is None:
        return ["the report is of a format that this version does not know: run `study analyze` again"]
    return [
        f"{row.system}: {row.n_listeners} people judged its clips, and nothing is told of fewer than {FEWEST}"
        for row in answers.rows
        if row.n_listeners < FEWEST
    ]


def _find_unpermitted(config: Config, sentence: str) -> list[str]:
    """Find documents of the study's own that do not say that results may be published."""
    own = config.recruitment.consent
    if own is None and sentence == OUR_SENTENCE:
        return []
    if not sentence:
        how = '--consent-sentence "SENTENCE"; the page tells it'
        return [f"the consent documents are your own ({own}): say where they let results be published: {how}"]
    folder = Path(own or FOLDER)
    paths = [folder / f"{tag}.md" for tag in config.recruitment.languages]
    if any(_squeeze(sentence) in _squeeze(path.read_text(encoding="utf-8")) for path in paths):
        return []
    return [f"no consent document in {folder} says: {sentence}"]


def _squeeze(text: str | Sequence[str]) -> str:
    """Return a text in one line, whatever its line breaks."""
    return " ".join(str(text).split())
