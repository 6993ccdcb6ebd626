"""The sustaining pedal, written out: a note that it holds sounds on until it is lifted."""

import numpy as np
from numpy.typing import NDArray

from models.performance import Table

DOWN = 64  # the lowest value of controller 64 that holds
LONGEST_PRESS_BEAT = 16
"""A longer press is no press: notation programs write one where the page says `con pedale`."""


def resolve_pedal(notes: Table, pedal: Table) -> tuple[Table, str]:
    """Return the notes as long as they sound with the pedal, and what was done.

    A held note sounds until the pedal is lifted or its key is struck again, whichever comes first.
    """
    end = notes["onset_beat"] + notes["duration_beat"]
    sounds_until, n_long = end.copy(), 0
    for channel in np.unique(pedal["channel"]):
        presses = _find_presses(pedal[pedal["channel"] == channel], end.max())
        is_long = presses[:, 1] - presses[:, 0] > LONGEST_PRESS_BEAT
        n_long += int(is_long.sum())
        own = np.flatnonzero(notes["channel"] == channel)
        sounds_until[own] = _hold(end[own], presses[~is_long])
    held = notes.copy()
    sounds_until = np.minimum(sounds_until, np.maximum(end, _struck_again(notes)))
    held["duration_beat"] = sounds_until - notes["onset_beat"]
    n_held = int((held["duration_beat"] > notes["duration_beat"]).sum())
    done = [f"the pedal holds {n_held} notes: written out"] if n_held else []
    done += (
        [f"{n_long} presses of the pedal last over {LONGEST_PRESS_BEAT} beats: not read"] if n_long else []
    )
    return held, "; ".join(done)


def _find_presses(events: Table, end: float) -> NDArray[np.float64]:
    """Return (down, up) in beats for each press; one that is never lifted lasts to the end."""
    is_down = events["value"] >= DOWN
    changes = np.flatnonzero(np.diff(is_down, prepend=False))
    beats = events["beat"][changes]
    return np.append(beats, [max(end, beats[-1])] if len(beats) % 2 else []).reshape(-1, 2)


def _hold(end: NDArray[np.float64], presses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return when notes that would end at these beats fall silent."""
    if not len(presses):
        return end
    press = np.searchsorted(presses[:, 0], end) - 1
    return np.where(press >= 0, np.maximum(end, presses[press.clip(0), 1]), end)


def _struck_again(notes: Table) -> NDArray[np.float64]:
    """Return for each note the onset of the next of its key and channel."""
    order = np.lexsort((notes["onset_beat"], notes["pitch"], notes["channel"]))
    ordered = notes[order]
    is_last = (np.diff(ordered["pitch"]) != 0) | (np.diff(ordered["channel"]) != 0)
    following = np.append(np.where(is_last, np.inf, ordered["onset_beat"][1:]), np.inf)
    again = np.empty(len(notes))
    again[order] = following
    return again
