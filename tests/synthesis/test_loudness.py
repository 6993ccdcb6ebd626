import numpy as np
import pytest
import soxr
from scipy.signal import lfilter

from study_core.errors import StimulusError
from synthesis.loudness import Sound, measure_loudness, measure_true_peak

RATE_HZ = 48000


def make_music(seconds: int = 6) -> Sound:
    """Return decaying tones with a silence in the middle, so that the gate has something to do."""
    rng = np.random.default_rng(4)
    time = np.arange(seconds * RATE_HZ) / RATE_HZ
    sound = np.zeros((len(time), 2))
    for start in (0, 0.3, 0.9, 1.4, 4.2, 4.9):
        hz, pan = rng.uniform(60, 3000), rng.uniform(0.2, 0.8)
        after = np.clip(time - start, 0, None)
        tone = 0.3 * np.exp(-3 * after) * np.sin(2 * np.pi * hz * after)
        sound += np.stack([pan * tone, (1 - pan) * tone], axis=1)
    return sound.astype(np.float32)


def filter_and_gate(sound: Sound) -> float:
    """Return the loudness by the coefficients that the standard prints for 48 kHz, filtering in time."""
    shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285], [1, -1.69065929318241, 0.73248077421585]
    high_pass = [1.0, -2.0, 1.0], [1, -1.99004745483398, 0.99007225036621]
    heard = lfilter(*high_pass, lfilter(*shelf, sound.astype(float), axis=0), axis=0)
    starts = range(0, len(sound) - 19200 + 1, 4800)
    power = np.array([(heard[start : start + 19200] ** 2).mean(axis=0).sum() for start in starts])
    power = power[-0.691 + 10 * np.log10(power) > -70]
    gate = -0.691 + 10 * np.log10(power.mean()) - 10
    power = power[-0.691 + 10 * np.log10(power) > gate]
    return float(-0.691 + 10 * np.log10(power.mean()))


def test_loudness_is_that_of_the_standards_filter_run_in_time() -> None:
    assert measure_loudness(make_music(), RATE_HZ) == pytest.approx(filter_and_gate(make_music()), abs=0.01)


def test_loudness_hardly_depends_on_the_sample_rate() -> None:
    music = make_music()
    at_others = [
        measure_loudness(np.ascontiguousarray(soxr.resample(music, RATE_HZ, rate)), rate)
        for rate in (32000, 44100)
    ]
    assert at_others == pytest.approx([measure_loudness(music, RATE_HZ)] * 2, abs=0.05)


def test_silence_between_loud_parts_does_not_count() -> None:
    music = make_music()
    longer = np.concatenate([music, np.zeros((10 * RATE_HZ, 2), np.float32), music])
    assert measure_loudness(longer, RATE_HZ) == pytest.approx(measure_loudness(music, RATE_HZ), abs=0.3)


def test_silence_has_no_loudness() -> None:
    with pytest.raises(StimulusError, match="is too quiet to be measured"):
        measure_loudness(np.zeros((RATE_HZ, 2), np.float32), RATE_HZ)


def test_true_peak_of_the_near_stretches_is_that_of_the_whole() -> None:
    sound = make_music()
    whole = np.abs(soxr.resample(sound, RATE_HZ, 4 * RATE_HZ, quality="HQ")).max()
    assert measure_true_peak(sound, RATE_HZ) == pytest.approx(20 * np.log10(whole), abs=0.001)


def test_true_peak_of_silence_is_far_down_but_a_number() -> None:
    assert measure_true_peak(np.zeros((1000, 2), np.float32), RATE_HZ) == -200
