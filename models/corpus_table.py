"""A corpus in one table for the terminal: what was read, split, and how long, fast and dense it is."""

from collections.abc import Sequence

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table

from models.corpus_facts import CorpusFacts, count_changes
from models.corpus_page import format_clock, measure_distances, sum_splits


def make_tables(facts: CorpusFacts) -> RenderableType:
    """Return the corpus as rich tables, one below the other."""
    tables = [
        _make_table("Files", ("", ""), _list_files(facts)),
        _make_table(
            "Changed for one piano", ("", "files"), [(what, str(n)) for what, n in count_changes(facts)]
        ),
        _make_table("Splits", ("", "songs", "pieces", "notes", "length"), _list_splits(facts)),
        _make_table("Pieces", ("", "least", "median", "95 % below", "most"), _list_measures(facts)),
        _make_table("Moved by the grid", ("", "median", "95 % below", "most"), _list_distances(facts)),
    ]
    return Group(*(part for table in tables for part in (table, "")))


def _make_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for i, head in enumerate(heads):
        table.add_column(head, justify="right" if i else "left", style="" if i else "dim")
    for row in rows:
        table.add_row(*row)
    return table


def _list_splits(facts: CorpusFacts) -> list[tuple[str, ...]]:
    return [
        (
            row["split"],
            str(row["songs"]),
            f"{row['pieces']} ({row['pieces_share']:.1%})",
            f"{row['notes']:,} ({row['notes_share']:.1%})",
            f"{format_clock(row['seconds'])} ({row['seconds_share']:.1%})",
        )
        for row in sum_splits(facts)
    ]


def _list_measures(facts: CorpusFacts) -> list[tuple[str, ...]]:
    used = facts.pieces
    measures: dict[str, Sequence[float]] = {
        "notes": [len(file.score.notes) for file in used],
        "seconds": [file.score.duration_s for file in used],
        "beats per minute": [file.score.bpm for file in used],
        "notes per second": [file.notes_per_s for file in used],
        "tokens that lose nothing": [file.n_exact_tokens for file in used],
    }
    rows = []
    for name, values in measures.items():
        digits = 1 if name == "notes per second" else 0
        quantiles = np.percentile(values, [0, 50, 95, 100])
        rows.append((name, *(f"{value:,.{digits}f}" for value in quantiles)))
    return rows


def _list_distances(facts: CorpusFacts) -> list[tuple[str, ...]]:
    return [(what, *values) for what, values in measure_distances(facts)]


def _list_files(facts: CorpusFacts) -> list[tuple[str, str]]:
    return [
        ("found", str(facts.n_files)),
        ("read", str(len(facts.files))),
        ("the same again from their tokens", str(sum(file.is_exact for file in facts.files))),
        ("late as a whole", str(sum(file.rounding.lateness_beats > 0 for file in facts.files))),
        ("used", str(len(facts.pieces))),
        ("changed for one piano", str(len(facts.changed))),
        ("not used", str(len(facts.problems))),
        ("songs", str(facts.n_songs)),
        ("songs of several pieces", str(len(facts.songs))),
    ]
