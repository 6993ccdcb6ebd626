"""Looking back over whole pieces at once: bars ago, after the same figure, in the same voice."""

import numpy as np

from models.tokens import MAX_DELTA, IntArray

NOTHING = -1  # where no note stood
FIGURES = (2, 4)  # steps in a row that are the same, transposed or not, before what follows is worth a look
N_MATCHES = len(FIGURES)
VOICE_NOTES = 16  # as far back a note of the same voice is looked for
RECENT_NOTES = 3
STEP_BITS = 15


def sort_keys(onset: IntArray, pitch: IntArray) -> IntArray:
    """Return one number per note that sorts by onset, then pitch."""
    return onset * 128 + pitch


def look_back_for_delta(keys: IntArray, tick: IntArray, pitch: IntArray) -> IntArray:
    """Return how long after this place the next note came then."""
    index = np.searchsorted(keys, sort_keys(tick, pitch), side="right")
    delta = keys[index.clip(max=len(keys) - 1)] // 128 - tick
    has_past = (tick >= keys[0] // 128) & (delta <= MAX_DELTA)
    return np.where(has_past, delta, NOTHING)


def look_back_for_pitch(keys: IntArray, tick: IntArray, lowest: IntArray) -> IntArray:
    """Return the first pitch at this place above a given one."""
    index = np.searchsorted(keys, sort_keys(tick, lowest), side="right")
    key = keys[index.clip(max=len(keys) - 1)]
    return np.where((key // 128 == tick) & (key % 128 > lowest), key % 128, NOTHING)


def look_back_for_note(keys: IntArray, tick: IntArray, pitch: IntArray) -> IntArray:
    """Return the index of the note of that pitch at this place."""
    key = sort_keys(tick, pitch)
    index = np.searchsorted(keys, key).clip(max=len(keys) - 1)
    return np.where(keys[index] == key, index, NOTHING)


def find_references(tokens: IntArray) -> IntArray:
    """Return the pitches that each note is heard against, shape (notes, 6).

    Those of the three notes before, the top and the bottom of the onset before, and the top of the one before
    that. Where there is none it is the note before, for the first note its own.
    """
    pitch = tokens[:, 1]
    is_new = np.append(True, tokens[1:, 0] > 0)
    firsts, group = np.flatnonzero(is_new), np.cumsum(is_new) - 1
    lasts = np.append(firsts[1:], len(pitch)) - 1
    here = np.arange(len(pitch))
    sources = [here - back for back in range(1, RECENT_NOTES + 1)]
    sources += [np.where(group >= 1, ends[group - 1], NOTHING) for ends in (lasts, firsts)]
    sources += [np.where(group >= 2, lasts[group - 2], NOTHING)]  # noqa: PLR2004 (two onsets before)
    before = (here - 1).clip(0)
    return np.column_stack([pitch[np.where(source >= 0, source, before)] for source in sources])


def find_matches(tokens: IntArray) -> list[IntArray]:
    """Return for each figure length the index of the note that last followed the figure ending at each note.

    A match model, as in the compressors of the PAQ family (Mahoney 2005), here deaf to transposition.
    """
    steps = np.append(0, tokens[1:, 0] * 256 + np.diff(tokens[:, 1]) + 128)
    found = []
    for length in FIGURES:
        figure, followers = np.zeros(len(steps), np.int64), np.full(len(steps), NOTHING)
        for back in range(length):
            figure[back:] |= steps[: len(steps) - back] << (STEP_BITS * back)
        whole = np.arange(min(length, len(steps)), len(steps))  # the first note has no step
        order = whole[np.argsort(figure[whole], kind="stable")]
        is_same = figure[order[1:]] == figure[order[:-1]]
        followers[order[1:][is_same]] = order[:-1][is_same] + 1
        found.append(followers)
    return found


def find_voices(tokens: IntArray) -> IntArray:
    """Return for each note the index of the one nearest in pitch of those not long before, else NOTHING."""
    n, onset = len(tokens), np.cumsum(tokens[:, 0])
    before = np.arange(n)[:, None] - np.arange(1, VOICE_NOTES + 1)
    is_earlier = (before >= 0) & (onset[before.clip(0)] < onset[:, None])
    distance = np.abs(tokens[before.clip(0), 1] - tokens[:, 1:2])
    nearest = np.where(is_earlier, distance, 128).argmin(axis=1)
    return np.where(is_earlier.any(axis=1), before[np.arange(n), nearest], NOTHING)
