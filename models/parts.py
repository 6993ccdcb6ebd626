"""The parts of a file, a track and channel each: which of them a piano arrangement takes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.keyboard import MAX_POLYPHONY, count_sounding, merge_unisons
from models.performance import DRUM_CHANNEL, Table

MAX_CROWDED_SHARE = 0.02  # of the notes may begin while too many sound; such spots are thinned out instead
_UNPITCHED = (113, *range(115, 128))  # programs: agogô, woodblock, drums, sound effects
_FAMILIES = (  # of eight programs each
    *("piano", "bells", "organ", "guitar", "bass", "strings", "ensemble", "brass", "reed", "pipe"),
    *("synth lead", "synth pad", "synth effect", "folk instrument", "percussion", "sound effect"),
)


def drop_drums(notes: Table) -> tuple[Table, str]:
    """Return the notes that have a pitch, and what was done."""
    is_drum = (notes["channel"] == DRUM_CHANNEL) | np.isin(notes["program"], _UNPITCHED)
    if not is_drum.any():
        return notes, ""
    return notes[~is_drum], f"{is_drum.sum()} of {len(notes)} notes are drums or noises: left out"


def choose_parts(notes: Table) -> tuple[Table, str]:
    """Return the notes of all parts, or of the melodic ones where all are too many, and what was done.

    The part that is the highest most often is taken first, then the one that is the lowest most often, then
    the others by the share of their notes that is an outer voice, as long as a pianist could play them all.
    """
    _, part = np.unique(notes[["track", "channel"]], return_inverse=True)
    if _is_playable(notes):
        return notes, ""
    taken: list[int] = []
    for candidate in _rank_parts(notes, part):
        if not taken or _is_playable(notes[np.isin(part, [*taken, candidate])]):
            taken.append(candidate)
    is_taken = np.isin(part, taken)
    if is_taken.all():
        return notes, ""
    left_out = [_name_part(notes[part == other]) for other in range(part.max() + 1) if other not in taken]
    return notes[is_taken], (
        f"{len(left_out)} of {part.max() + 1} parts are left out, because all together sound up to "
        f"{count_sounding(merge_unisons(notes)[0]).max()} keys at once: {', '.join(left_out)}"
    )


def _is_playable(notes: Table) -> bool:
    crowded = count_sounding(merge_unisons(notes)[0]) > MAX_POLYPHONY
    return bool(crowded.mean() <= MAX_CROWDED_SHARE)


def _rank_parts(notes: Table, part: NDArray[np.intp]) -> Sequence[int]:
    """Return the parts, the melodic before those that fill."""
    order = np.lexsort((notes["pitch"], notes["onset_beat"]))
    is_new = np.append(True, np.diff(notes["onset_beat"][order]) > 0)
    lowest, highest = order[is_new], order[np.append(is_new[1:], True)]
    n_parts = int(part.max()) + 1
    is_top, is_bottom = (np.bincount(part[outer], minlength=n_parts) for outer in (highest, lowest))
    outer_share = (is_top + is_bottom) / np.bincount(part, minlength=n_parts)
    first, second = int(is_top.argmax()), int(is_bottom.argmax())
    others = sorted(range(n_parts), key=lambda i: (-outer_share[i], i))
    return list(dict.fromkeys([first, second, *others]))


def _name_part(notes: Table) -> str:
    family = _FAMILIES[int(notes["program"][0]) // 8]
    return f"{family} of track {notes['track'][0] + 1} ({len(notes)} notes)"
