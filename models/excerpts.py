"""Excerpts: the one rule by which a clip is cut out of longer music, whoever composed it.

A clip begins on a bar line with a note, sounds through to its end without a long silence and keeps one tempo.
It ends at its duration, or on the bar line before where that is near.
"""

from collections.abc import Iterator

import numpy as np

from models.tokens import TICKS_PER_BEAT, IntArray, Score

LONGEST_SILENCE_S = 3.0
LATEST_LAST_ONSET_S = 2.0  # before the end
NEAR_BAR_S = 0.75  # before the end: less than the fade, so that every stimulus still lasts as long


def find_bar_starts(score: Score) -> IntArray:
    """Return the ticks of the bar lines on which a note begins."""
    onsets: IntArray = np.unique(score.notes[:, 0])
    starts: IntArray = onsets[onsets % score.bar_ticks == 0]
    return starts


def cut_excerpt(score: Score, start_tick: int, duration_s: float) -> Score | None:
    """Return the music from a bar line on as a clip; None where it breaks the rule.

    The clip's tempo is the mean of the music's over the clip.
    """
    end_tick = score.tick_at(score.seconds_at(start_tick) + duration_s)
    bpm = (end_tick - start_tick) / TICKS_PER_BEAT / duration_s * 60
    n_ticks = int(end_tick - start_tick)
    spare_ticks = n_ticks % score.bar_ticks
    is_bar_near = spare_ticks < n_ticks and spare_ticks * 60 / bpm / TICKS_PER_BEAT <= NEAR_BAR_S
    clip = cut_ticks(score, start_tick, n_ticks - spare_ticks * is_bar_near, bpm)
    return clip if _keeps_rule(clip, n_ticks) else None


def cut_bars(score: Score, start_tick: int, n_bars: int) -> Score | None:
    """Return so many whole bars from a bar line on as a clip; None where they break the rule."""
    n_ticks = n_bars * score.bar_ticks
    seconds = score.seconds_at(start_tick + n_ticks) - score.seconds_at(start_tick)
    clip = cut_ticks(score, start_tick, n_ticks, n_ticks / TICKS_PER_BEAT / seconds * 60)
    return clip if _keeps_rule(clip, n_ticks) else None


def cut_ticks(score: Score, start_tick: int, n_ticks: int, bpm: float) -> Score:
    """Return what begins in some ticks of a score at one tempo; no note sounds beyond them."""
    is_inside = (score.notes[:, 0] >= start_tick) & (score.notes[:, 0] < start_tick + n_ticks)
    notes = score.notes[is_inside] - (start_tick, 0, 0, 0)
    notes[:, 2] = np.minimum(notes[:, 2], n_ticks - notes[:, 0])
    return Score(notes, score.bar_ticks, np.array([[0.0, bpm]]))


def cut_excerpts(score: Score, duration_s: float, first_tick: int) -> Iterator[tuple[int, Score]]:
    """Yield the first ticks of clips that do not overlap, and the clips.

    They begin from a tick on to the end, then from the start to that tick.
    """
    starts = find_bar_starts(score)
    for lowest, highest in ((first_tick, score.end_tick), (0, first_tick)):
        free_from = lowest
        for start in starts[(starts >= lowest) & (starts < highest)].tolist():
            end = score.tick_at(score.seconds_at(start) + duration_s)
            clip = cut_excerpt(score, start, duration_s) if start >= free_from and end <= highest else None
            if clip:
                free_from = int(np.ceil(end))
                yield start, clip


def _keeps_rule(clip: Score, n_ticks: int) -> bool:
    if not len(clip.notes) or clip.notes[0, 0] != 0:
        return False
    onset = clip.notes[:, 0]
    sounding_until = np.maximum.accumulate(onset + clip.notes[:, 2])
    longest_silence = int((onset[1:] - sounding_until[:-1]).max(initial=0))
    seconds_per_tick = 60 / clip.bpm / TICKS_PER_BEAT
    is_dense = longest_silence * seconds_per_tick <= LONGEST_SILENCE_S
    return is_dense and (n_ticks - onset[-1]) * seconds_per_tick <= LATEST_LAST_ONSET_S
