"""The tables of the data set: what a row of each is, its key and its columns.

Header, codebook and `docs/data-dictionary.md` are made of this and of `columns.py`.
"""

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass

from study_core.types import Stimulus
from study_server.dataset.column import Column
from study_server.dataset.columns import COLUMNS, LISTENER, PERSON, STIMULUS
from study_server.dataset.trial_columns import JUDGMENT, TRIAL


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table of the data set."""

    name: str
    rows: str
    """What a row is."""
    key: tuple[str, ...]
    """The columns that together tell a row from every other."""
    columns: tuple[str, ...]

    def choose_columns(self, paradigms: Collection[str]) -> tuple[Column, ...]:
        """Return the columns that a data set of these paradigms has."""
        columns = (COLUMNS[name] for name in self.columns)
        return tuple(column for column in columns if column.paradigms & set(paradigms))


def _names(*groups: tuple[Column, ...]) -> tuple[str, ...]:
    return tuple(column.name for group in groups for column in group)


TABLES: dict[str, TableSpec] = {
    table.name: table
    for table in (
        TableSpec(
            "trials",
            "a judgment: of a clip, or of a pair",
            ("participant_id", "trial_index"),
            _names(LISTENER, TRIAL, JUDGMENT),
        ),
        TableSpec(
            "participants",
            "a listener who gave consent",
            ("participant_id",),
            _names(LISTENER, PERSON),
        ),
        TableSpec(
            "stimuli",
            "a stimulus of a protocol, with its provenance",
            ("protocol_sha256", "stimulus_id"),
            ("protocol_sha256", "stimulus_id", "clip_id", "system", *_names(STIMULUS)),
        ),
        TableSpec(
            "screening",
            "an answer in a headphone screening",
            ("participant_id", "place"),
            (
                "participant_id", "place", "test", "attempt", "trial_index", "sound_id", "correct_interval",
                "answered_interval", "answered_after_s",
            ),
        ),
        TableSpec(
            "practice",
            "an answer to a practice clip",
            ("participant_id", "trial_index"),
            (
                "participant_id", "trial_index", "stimulus_id", "taken_for_human", "rating", "confidence",
                "answered_after_s", "feedback_seen_after_s",
            ),
        ),
        TableSpec(
            "questions",
            "an answer to a question",
            ("participant_id", "question_id"),
            ("participant_id", "question_id", "answer", "language", "answered_after_s"),
        ),
        TableSpec(
            "events",
            "a step of a session outside its trials",
            ("participant_id", "event"),
            ("participant_id", "event", "happened_after_s"),
        ),
        TableSpec(
            "exclusions",
            "a researcher's decision about a listener",
            ("participant_id", "change_index"),
            ("participant_id", "change_index", "change", "changed_on", "change_reason"),
        ),
    )
}  # fmt: skip
"""The tables of a data set by their names; one without any row is left out."""

NOTE = (
    "UTF-8, comma-separated, a header of snake_case names, decimal points, an empty cell where nothing was "
    "measured or nothing applies. Every id is text. A text that a program would take for a number, a formula "
    "or a missing value begins with an apostrophe. Rows are sorted by participant_id, which is random: their "
    "order tells nothing."
)


def list_undescribed_fields() -> set[str]:
    """Return the fields of a stimulus that no column holds; there are none."""
    return {field.name for field in dataclasses.fields(Stimulus)} - set(TABLES["stimuli"].columns)
