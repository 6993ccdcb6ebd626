"""Sound to stimuli that differ in nothing but the music: same length, start, end and loudness.

Loudness is ITU-R BS.1770-4 (K-weighting, gated), by pyloudnorm. True peak is the largest sample after
fourfold oversampling (BS.1770-4, annex 2), by soxr. Level is changed by one gain per stimulus and by nothing
else: no limiter, because it would touch the peaky clips only. Where a clip's peaks forbid the wanted
loudness, all stimuli of the study get the loudness that the peakiest one allows (`choose_loudness`).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from study_core.config import SynthesisConfig
from study_core.errors import StimulusError, list_problems

SILENCE_DB = -60.0
"""Sound this far below a clip's peak counts as silence."""
QUIETEST_PEAK = 1e-4
"""A clip whose peak stays below this share of full scale is silent."""
LARGEST_CONCESSION_LU = 6.0
"""A clip that would make the whole study quieter by more than this is refused."""
LONGEST_TAIL_S = 2.0
"""A clip may fall silent this long before its end, or when the fade begins where that is earlier."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Level:
    """How loud a sound is."""

    loudness_lufs: float
    true_peak_dbtp: float

    def loudest_lufs(self, ceiling_dbtp: float) -> float:
        """Return the loudness at which the peaks reach the ceiling."""
        return self.loudness_lufs + ceiling_dbtp - self.true_peak_dbtp


def cut_window(sound: NDArray[np.float32], config: SynthesisConfig, duration_s: float) -> NDArray[np.float64]:
    """Return a stimulus of exactly that duration, its level still to be set.

    It is the lead-in of silence, then the sound from its first audible sample on, free of DC, the end faded
    out by half a cosine.

    Parameters
    ----------
    sound
        Shape (frames, 2), with at least as many audible frames as the stimulus needs.

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
    music = sound[first : first + n_music].astype(np.float64)
    music = np.pad(music - music.mean(axis=0), ((n_lead_in, n_music - len(music)), (0, 0)))
    return music * _make_fade(n_total, round(config.fade_out_s * rate_hz))[:, np.newaxis]


def longest_tail_s(config: SynthesisConfig) -> float:
    """Return how long before its end a stimulus may fall silent."""
    return max(config.fade_out_s, LONGEST_TAIL_S)


def measure_level(sound: NDArray[np.float64], sample_rate_hz: int) -> Level:
    """Return the loudness and true peak of a sound of shape (frames, channels).

    Raises
    ------
    StimulusError
        If all of it lies below the -70 LUFS from which on the standard measures.
    """
    import pyloudnorm
    import soxr

    loudness_lufs = float(pyloudnorm.Meter(sample_rate_hz).integrated_loudness(sound))
    if not np.isfinite(loudness_lufs):
        raise StimulusError("is too quiet to be measured")
    # In single precision, which soxr does six times faster; the peak is wanted to 0.01 dB only.
    oversampled = soxr.resample(sound.astype(np.float32), sample_rate_hz, 4 * sample_rate_hz, quality="HQ")
    peak = max(float(oversampled.max()), -float(oversampled.min()), 1e-10)
    return Level(loudness_lufs, 20 * float(np.log10(peak)))


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
    peakiest = min(loudest_lufs, key=loudest_lufs.__getitem__)
    if loudest_lufs[peakiest] >= wanted:
        return wanted
    logger.info(
        "All stimuli get %.1f instead of %g LUFS: the peaks of clip %s allow no more.",
        loudest_lufs[peakiest],
        wanted,
        peakiest,
    )
    return loudest_lufs[peakiest]


def apply_gain(sound: NDArray[np.float64], gain_db: float) -> NDArray[np.float64]:
    """Return the sound that many decibels louder."""
    return sound * 10 ** (gain_db / 20)


def _find_sound(sound: NDArray[np.float32]) -> tuple[int, int]:
    """Return the first audible frame and the one after the last."""
    size = np.maximum(np.abs(sound[:, 0]), np.abs(sound[:, 1]))
    peak = float(size.max())
    if peak < QUIETEST_PEAK:
        raise StimulusError("is silent")
    audible = np.flatnonzero(size > peak * 10 ** (SILENCE_DB / 20))
    return int(audible[0]), int(audible[-1]) + 1


def _make_fade(n_frames: int, n_fade: int) -> NDArray[np.float64]:
    fade = np.ones(n_frames)
    if n_fade:
        fade[-n_fade:] = 0.5 + 0.5 * np.cos(np.pi * np.arange(1, n_fade + 1) / n_fade)
    return fade
