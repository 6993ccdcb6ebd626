"""Any music becomes piano music: what one keyboard can play of a file, and what was changed for it.

Drums are left out, parts are merged (or the melodic ones chosen where all together could not be played), what
the pedal holds is written out, a key sounds once at a time, and at most ten keys sound together.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.keyboard import bound_polyphony, fold_pitches, merge_unisons
from models.parts import choose_parts, drop_drums
from models.pedal import resolve_pedal
from models.performance import Performance, Table
from study_core.errors import CorpusError

MAX_BAR_BEATS = 64
_COMMON_BAR_BEATS = 4


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Music for one piano; times in quarter-note beats.

    `notes` has a row (onset, duration, pitch, velocity) per note, sorted by onset and pitch; `tempi` a row
    (beat, beats per minute) and `meters` a row (beat, bar length in beats) per change, the first at beat 0.
    """

    notes: NDArray[np.float64]
    tempi: NDArray[np.float64]
    meters: NDArray[np.float64]
    changes: tuple[str, ...]
    """A sentence with numbers for each thing that was changed; none where the file was piano music."""


def arrange(performance: Performance) -> Arrangement:
    """Return a file's music for one piano.

    Raises
    ------
    CorpusError
        If the file holds drums or sound effects only; the message goes on from the file's name.
    """
    notes, changes = performance.notes, []
    steps: tuple[Callable[[Table], tuple[Table, str]], ...] = (
        drop_drums,
        fold_pitches,
        choose_parts,
        lambda notes: resolve_pedal(notes, performance.pedal),
        merge_unisons,
        bound_polyphony,
    )
    for step in steps:
        notes, change = step(notes)
        changes.append(change)
        if not len(notes):
            raise CorpusError(f"holds no note for a piano ({change})")
    bars, change = _measure_bars(performance.meters)
    changes += [_describe_meters(performance), change]
    columns = [notes[name] for name in ("onset_beat", "duration_beat", "pitch", "velocity")]
    return Arrangement(
        notes=np.column_stack(columns).astype(float),
        tempi=np.column_stack([performance.tempi["beat"], performance.tempi["bpm"]]),
        meters=bars,
        changes=tuple(change for change in changes if change),
    )


def _measure_bars(meters: Table) -> tuple[NDArray[np.float64], str]:
    """Return (beat, bar length in beats) of each meter; bars that nobody could count become common ones."""
    beats = 4 * meters["numerator"] / meters["denominator"]
    is_long = beats > MAX_BAR_BEATS
    change = f"a bar of {beats.max():g} beats is counted as {_COMMON_BAR_BEATS}" if is_long.any() else ""
    return np.column_stack([meters["beat"], np.where(is_long, _COMMON_BAR_BEATS, beats)]), change


def _describe_meters(performance: Performance) -> str:
    """Say which meter's bars are counted where there are several."""
    meters, end = performance.meters, performance.end_beat
    begun = meters[meters["beat"] < end]
    n_changes = int((np.diff(begun["numerator"]) | np.diff(begun["denominator"])).astype(bool).sum())
    if not n_changes:
        return ""
    longest = begun[int(np.diff(np.append(begun["beat"], end)).argmax())]
    return (
        f"the meter changes {n_changes} times: bars are counted in {longest['numerator']}/"
        f"{longest['denominator']} as from beat {longest['beat']:g}, where it lasts longest"
    )
