"""Sound to stimuli that differ in nothing but the music: same length, start, end and loudness.

Level is changed by one gain per stimulus and by nothing else: no limiter, because it would touch the peaky
clips only. Where a clip's peaks forbid the wanted loudness, all stimuli of the study get the loudness that
the peakiest one allows (`choose_loudness`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from study_core.errors import StimulusError, list_problems
from study_core.production import SynthesisConfig
from synthesis.loudness import Sound, measure_loudness, measure_true_peak

SILENCE_DB = -60.0
"""Sound this far below a clip's peak counts as silence."""
QUIETEST_PEAK = 1e-4
"""A clip whose peak stays below this share of full scale is silent."""
LARGEST_CONCESSION_LU = 6.0
"""A clip that would make the whole study quieter by more than this is refused."""
LONGEST_TAIL_S = 2.0
"""A clip may fall silent this long before its end, or when the fade begins where that is earlier."""
_SEARCHED = 4096  # frames looked at together


@dataclass(frozen=True, slots=True)
class Level:
    """How loud a sound is."""

    loudness_lufs: float
    true_peak_dbtp: float

    def loudest_lufs(self, ceiling_dbtp: float) -> float:
        """Return the loudness at which the peaks reach the ceiling."""
        return self.loudness_lufs + ceiling_dbtp - self.true_peak_dbtp


def find_onset(sound: Sound) -> int:
    """Return the first audible frame.

    Raises
    ------
    StimulusError
        If there is none.
    """
    return _find_sound(sound)[0]


def cut_window(sound: Sound, config: SynthesisConfig, duration_s: float) -> Sound:
    """Return a stimulus of exactly that duration, its level still to be set.

    It is the lead-in of silence, then the sound from its first audible sample on, free of DC, the end faded
    out by half a cosine.

    Raises
    ------
    StimulusError
        If the sound is silent, or ends too early: what is wrong with it, without its name.
    """
    first, last = _find_sound(sound)
    rate_hz = config.sample_rate_hz
    n_total, n_lead_in = round(duration_s * rate_hz), round(config.lead_in_s * rate_hz)
    n_music = n_total - n_lead_in
    tail_s = longest_tail_s(config)
    if last - first < n_music - round(tail_s * rate_hz):
        raise StimulusError(
            f"sounds for {(last - first) / rate_hz:.1f} s after a rest of {first / rate_hz:.1f} s, "
            f"but {n_music / rate_hz - tail_s:.1f} s are needed"
        )
    music = sound[first : first + n_music]
    offset = [music[:, 0].mean(), music[:, 1].mean()]  # ten times as fast as over an axis
    window = np.zeros((n_total, 2), dtype=np.float32)
    np.subtract(music, offset, out=window[n_lead_in : n_lead_in + len(music)])
    n_fade = round(config.fade_out_s * rate_hz)
    window[n_total - n_fade :] *= _make_fade(n_fade)
    return window


def longest_tail_s(config: SynthesisConfig) -> float:
    """Return how long before its end a stimulus may fall silent."""
    return max(config.fade_out_s, LONGEST_TAIL_S)


def measure_level(sound: Sound, sample_rate_hz: int) -> Level:
    """Return the loudness and true peak of a sound.

    Raises
    ------
    StimulusError
        If it is too quiet to have a loudness.
    """
    return Level(measure_loudness(sound, sample_rate_hz), measure_true_peak(sound, sample_rate_hz))


def choose_loudness(loudest_lufs: Mapping[str, float], config: SynthesisConfig) -> float:
    """Return the one loudness for all stimuli: the wanted one, or the loudest that every clip's peaks allow.

    Parameters
    ----------
    loudest_lufs
        By clip, how loud its peaks allow it to be.

    Raises
    ------
    StimulusError
        If clips would make the study quieter by more than `LARGEST_CONCESSION_LU`: all of them named.
    """
    wanted = config.loudness_lufs
    problems = [
        f"{name}: at most {lufs:.1f} LUFS"
        for name, lufs in loudest_lufs.items()
        if lufs < wanted - LARGEST_CONCESSION_LU
    ]
    if problems:
        raise StimulusError(
            list_problems(
                f"{len(problems)} clips have peaks that forbid synthesis.loudness_lufs = {wanted:g} under a "
                f"true peak of {config.true_peak_dbtp:g} dBTP by more than {LARGEST_CONCESSION_LU:g} LU. "
                "Compose them again or lower synthesis.loudness_lufs:",
                problems,
            )
        )
    return min(wanted, *loudest_lufs.values())


def apply_gain(sound: Sound, gain_db: float) -> Sound:
    """Return the sound that many decibels louder."""
    return sound * np.float32(10 ** (gain_db / 20))


def _find_sound(sound: Sound) -> tuple[int, int]:
    """Return the first audible frame and the one after the last."""
    peak = max(float(sound.max(initial=0)), -float(sound.min(initial=0)))
    if peak < QUIETEST_PEAK:
        raise StimulusError("is silent")
    threshold = peak * 10 ** (SILENCE_DB / 20)
    return _count_quiet(sound, threshold), len(sound) - _count_quiet(sound[::-1], threshold)


def _count_quiet(sound: Sound, threshold: float) -> int:
    """Return how many frames stand before the first that exceeds a threshold; there is one."""
    for start in range(0, len(sound), _SEARCHED):
        is_audible = (np.abs(sound[start : start + _SEARCHED]) > threshold).any(axis=1)
        if is_audible.any():
            return start + int(is_audible.argmax())
    return len(sound)


def _make_fade(n_fade: int) -> Sound:
    """Return the weights of the last frames, half a cosine down to 0, shape (n_fade, 1)."""
    places = np.arange(1, n_fade + 1) / max(n_fade, 1)
    return (0.5 + 0.5 * np.cos(np.pi * places)).astype(np.float32)[:, np.newaxis]
