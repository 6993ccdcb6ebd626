"""The researcher's page of a corpus: every piece, what was found, refused and changed. Never served."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np

from models.corpus_facts import CorpusFacts, FileFacts, count_changes
from models.histograms import Histogram, draw_histogram
from models.tokens import LATENESS_BEATS, LOWEST_PITCH, N_PITCHES, TICKS_PER_BEAT
from study_core.manifest import write_bytes
from study_core.templates import open_templates
from study_core.types import Piece, Split

PAGE_FILE = "corpus.html"
TEMPLATES = Path(__file__).parent / "templates"
ROLL_WIDTH = 600  # units that a piece's length is drawn in


def write_page(facts: CorpusFacts, path: Path) -> Path:
    """Write the page, one file that needs no other, and return its path."""
    environment = open_templates(TEMPLATES)
    environment.filters["number"] = "{:,}".format
    environment.filters["clock"] = format_clock
    page = environment.get_template("corpus.html").render(
        facts=facts,
        pieces=sorted(facts.pieces, key=_place),
        splits=sum_splits(facts),
        changes=count_changes(facts),
        histograms=[draw_histogram(histogram) for histogram in make_histograms(facts)],
        distances=measure_distances(facts),
        late_beats=LATENESS_BEATS,
        find_links=partial(describe_links, facts),
        draw_roll=draw_roll,
        roll=(ROLL_WIDTH, N_PITCHES),
    )
    write_bytes(path, page.encode())
    return path


def describe_links(facts: CorpusFacts, song: Sequence[Piece]) -> list[str]:
    """Return a line for each two pieces of a song that share a melody, told by their places in it."""
    number = {piece.piece_id: i for i, piece in enumerate(song, 1)}
    pace = {0.5: ", twice as fast", 1.0: "", 2.0: ", half as fast"}
    return [
        f"{number[link.one]} and {number[link.other]}: {link.n_runs} runs"
        + (f", {link.semitones:+d} semitones" if link.semitones else "")
        + pace[link.speed]
        for link in facts.links
        if link.one in number and link.other in number
    ]


def sum_splits(facts: CorpusFacts) -> list[dict[str, Any]]:
    """Return pieces, songs, notes and seconds of each split, and their shares."""
    used = [file.piece for file in facts.pieces if file.piece]
    totals = []
    for split in get_args(Split):
        own = [piece for piece in used if piece.split == split]
        totals.append(
            {
                "split": split,
                "pieces": len(own),
                "songs": len({piece.song_cluster for piece in own}),
                "notes": sum(piece.n_notes for piece in own),
                "seconds": sum(piece.duration_s for piece in own),
            }
        )
    for row in totals:
        for name in ("pieces", "notes", "seconds"):
            row[f"{name}_share"] = row[name] / max(sum(other[name] for other in totals), 1)
    return totals


def measure_distances(facts: CorpusFacts) -> list[tuple[str, list[str]]]:
    """Return (what, median, 95th percentile, greatest) of how far the grid moved onsets and durations."""
    rows = []
    for what, unit, name in (
        ("onset", "ms", "onset_ms"),
        ("onset", "beats", "onset_beats"),
        ("duration", "ms", "duration_ms"),
        ("duration", "beats", "duration_beats"),
    ):
        digits = 1 if unit == "ms" else 4
        values = np.percentile(facts.collect(name), [50, 95, 100])
        rows.append((f"{what}, {unit}", [f"{value:.{digits}f}" for value in values]))
    return rows


def make_histograms(facts: CorpusFacts) -> list[Histogram]:
    """Return what the corpus is like, and how far the grid moved its notes."""
    used = facts.pieces
    _, pitch, duration, velocity = np.concatenate([file.score.notes for file in used]).T
    octaves = [(float(12 * octave + 12), f"C{octave}") for octave in range(1, 9)]
    return [
        Histogram(
            "Pitch", "MIDI key", pitch, list(range(LOWEST_PITCH, LOWEST_PITCH + N_PITCHES + 1)), octaves
        ),
        Histogram(
            "Note length",
            "beats",
            duration / TICKS_PER_BEAT,
            [(tick - 0.5) / TICKS_PER_BEAT for tick in range(1, 51)],
            [
                (beats, text)
                for beats, text in ((0.25, "¼"), (0.5, "½"), (1, "1"), (2, "2"), (3, "3"), (4, "4+"))
            ],
        ),
        Histogram("Velocity", "", velocity, list(range(0, 129, 4)), _ticks(0, 32, 64, 96, 127)),
        Histogram(
            "Tempo",
            "beats per minute",
            [f.score.bpm for f in used],
            list(range(40, 241, 8)),
            _ticks(60, 120, 180, 240),
        ),
        Histogram(
            "Density",
            "notes per second",
            [f.notes_per_s for f in used],
            list(np.arange(0, 20.5, 0.5)),
            _ticks(0, 5, 10, 15, 20),
        ),
        Histogram(
            "Length",
            "seconds",
            [f.score.duration_s for f in used],
            list(range(0, 301, 10)),
            _ticks(0, 60, 120, 180, 240, 300),
        ),
        Histogram("Onsets moved by", "ms", facts.collect("onset_ms"), list(range(31)), _ticks(0, 10, 20, 30)),
        Histogram(
            "Durations moved by",
            "ms",
            facts.collect("duration_ms"),
            list(range(51)),
            _ticks(0, 10, 20, 30, 40, 50),
        ),
    ]


def draw_roll(file: FileFacts) -> str:
    """Return a piece's notes as the path of an SVG, a unit high per key, `ROLL_WIDTH` units long."""
    scale = ROLL_WIDTH / file.score.end_tick
    path, at_x, at_y = [], 0, 0
    for onset, pitch, duration, _ in file.score.notes.tolist():
        x, y = round(onset * scale), LOWEST_PITCH + N_PITCHES - 1 - pitch
        length = max(round(duration * scale), 1)
        path.append(f"m{x - at_x} {y - at_y}h{length}")
        at_x, at_y = x + length, y
    return "".join(path).replace(" -", "-")


def format_clock(seconds: float) -> str:
    """Return a length of time as minutes and seconds, or hours and minutes."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes}:{rest:02d}"  # noqa: PLR2004 (minutes)


def _ticks(*places: float) -> list[tuple[float, str]]:
    return [(float(place), f"{place:g}") for place in places]


def _place(file: FileFacts) -> tuple[str, str]:
    return (file.piece.game or "~", file.piece.title) if file.piece else ("", "")
