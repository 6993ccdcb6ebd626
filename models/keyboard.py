"""What one piano can play: 88 keys, each sounding once at a time, at most ten of them together."""

import numpy as np
from numpy.typing import NDArray

from models.performance import Table
from models.tokens import LOWEST_PITCH, N_PITCHES, TICKS_PER_BEAT

HIGHEST_PITCH = LOWEST_PITCH + N_PITCHES - 1
MAX_POLYPHONY = 10  # keys: one for each finger
TOLERANCE_BEAT = 1 / TICKS_PER_BEAT / 2
"""Half a tick of the grid: notes that begin closer together begin together, and a shorter overlap is none."""


def fold_pitches(notes: Table) -> tuple[Table, str]:
    """Return the notes with those beyond the keyboard moved onto it by octaves, and what was done."""
    pitch = notes["pitch"]
    below, above = (LOWEST_PITCH - pitch).clip(0), (pitch - HIGHEST_PITCH).clip(0)
    n_beyond = int((below + above > 0).sum())
    if not n_beyond:
        return notes, ""
    folded = notes.copy()
    folded["pitch"] += 12 * (-(-below // 12) - -(-above // 12))
    return _sort(folded), f"{n_beyond} notes beyond the 88 keys were moved onto them by octaves"


def merge_unisons(notes: Table) -> tuple[Table, str]:
    """Return the notes with every key sounding once at a time, and what was done.

    Notes of one key that begin together become one, as long as the longest and as loud as the loudest; a
    note that still sounds when its key is struck again ends there.
    """
    notes = notes[np.lexsort((notes["onset_beat"], notes["pitch"]))]
    onset, end = notes["onset_beat"], notes["onset_beat"] + notes["duration_beat"]
    is_same_key = np.diff(notes["pitch"]) == 0
    is_new = np.append(True, ~(is_same_key & (np.diff(onset) < TOLERANCE_BEAT)))
    first = np.flatnonzero(is_new)
    merged, latest_end = notes[first], np.maximum.reduceat(end, first)
    merged["velocity"] = np.maximum.reduceat(notes["velocity"], first)
    next_onset = np.append(merged["onset_beat"][1:], np.inf)
    next_onset[np.append(np.diff(merged["pitch"]) != 0, True)] = np.inf
    n_cut = int((latest_end - next_onset > TOLERANCE_BEAT).sum())
    merged["duration_beat"] = np.minimum(latest_end, next_onset) - merged["onset_beat"]
    n_doubled = len(notes) - len(merged)
    done = [f"{n_doubled} notes doubled a key that was struck already: merged"] if n_doubled else []
    done += [f"{n_cut} notes now end where their key is struck again"] if n_cut else []
    return _sort(merged), "; ".join(done)


def count_sounding(notes: Table) -> NDArray[np.int64]:
    """Return for each note how many sound when it begins, itself and those that begin with it included."""
    onset = notes["onset_beat"]
    begun = np.searchsorted(np.sort(onset), onset + TOLERANCE_BEAT)
    ends = np.sort(np.maximum(onset + notes["duration_beat"], onset + 2 * TOLERANCE_BEAT))
    ended = np.searchsorted(ends, onset + TOLERANCE_BEAT, side="right")
    return begun - ended


def bound_polyphony(notes: Table) -> tuple[Table, str]:
    """Return the notes with at most ten sounding together, and what was done.

    When one too many begins, the note that has sounded longest ends, as on a synthesizer; the lowest and the
    highest sound on. Of a chord of more than ten the softest between its lowest and its highest are left out.
    """
    if count_sounding(notes).max() <= MAX_POLYPHONY:
        return notes, ""
    pitch, velocity = notes["pitch"].tolist(), notes["velocity"].tolist()
    onset = notes["onset_beat"].tolist()
    end = (notes["onset_beat"] + notes["duration_beat"]).tolist()
    sounding: list[int] = []
    cut: set[int] = set()
    dropped: set[int] = set()
    for i in range(len(notes)):
        sounding = [j for j in sounding if end[j] > onset[i] + TOLERANCE_BEAT or _together(onset, j, i)]
        sounding.append(i)
        if len(sounding) <= MAX_POLYPHONY:
            continue
        inner = sorted(sounding, key=lambda j: pitch[j])[1:-1]
        older = [j for j in inner if not _together(onset, j, i)]
        victim = min(older or inner, key=lambda j: (onset[j] if older else velocity[j], velocity[j], j))
        sounding.remove(victim)
        (cut if older else dropped).add(victim)
        end[victim] = min(end[victim], onset[i])
    bounded = notes.copy()
    bounded["duration_beat"] = np.array(end) - notes["onset_beat"]
    kept = np.delete(bounded, sorted(dropped))
    done = [f"{len(cut)} notes now end early"] if cut else []
    done += [f"{len(dropped)} were left out"] if dropped else []
    return kept, f"more than {MAX_POLYPHONY} keys would sound together: {' and '.join(done)}"


def _together(onset: list[float], one: int, other: int) -> bool:
    return abs(onset[one] - onset[other]) < TOLERANCE_BEAT


def _sort(notes: Table) -> Table:
    return notes[np.lexsort((notes["pitch"], notes["onset_beat"]))]
