import numpy as np
import pytest
from numpy.typing import NDArray

from study_core.errors import StimulusError
from study_core.production import SynthesisConfig
from synthesis.mastering import (
    Level,
    apply_gain,
    choose_loudness,
    cut_window,
    find_onset,
    measure_level,
)

RATE_HZ = 44100
CONFIG = SynthesisConfig(lead_in_s=0.05, fade_out_s=1)


def make_sound(*, rest_s: float = 0, sound_s: float = 5, total_s: float = 6) -> NDArray[np.float32]:
    """Return a 440 Hz tone with an offset of 0.05 after a rest, the rest of the array silent."""
    sound = np.zeros((round(total_s * RATE_HZ), 2), np.float32)
    first, last = round(rest_s * RATE_HZ), round((rest_s + sound_s) * RATE_HZ)
    tone = 0.2 * np.cos(2 * np.pi * 440 / RATE_HZ * np.arange(last - first)) + 0.05
    sound[first:last] = tone[:, np.newaxis]
    return sound


@pytest.mark.parametrize("rest_s", [0, 0.4])
def test_window_is_lead_in_then_sound_to_the_sample(rest_s: float) -> None:
    window = cut_window(make_sound(rest_s=rest_s), CONFIG, 4)
    n_lead_in = round(0.05 * RATE_HZ)
    assert window.shape == (4 * RATE_HZ, 2)
    assert not window[:n_lead_in].any()
    assert np.abs(window[n_lead_in]).max() > 0.15


def test_window_fades_to_nothing_by_half_a_cosine() -> None:
    window = cut_window(make_sound(), CONFIG, 4)
    loudest = [np.abs(window[at - 441 : at]).max() for at in (3 * RATE_HZ, round(3.5 * RATE_HZ), 4 * RATE_HZ)]
    assert loudest == pytest.approx([0.2, 0.1, 0], abs=5e-3)
    assert not window[-1].any()


def test_window_has_no_offset() -> None:
    assert np.abs(cut_window(make_sound(), CONFIG, 4)[: 3 * RATE_HZ].mean(axis=0)).max() < 1e-4


def test_window_of_a_study_without_fade_or_lead_in_is_the_sound_itself() -> None:
    window = cut_window(make_sound(), SynthesisConfig(lead_in_s=0, fade_out_s=0), 4)
    assert np.abs(window[:441]).max() == pytest.approx(np.abs(window[-441:]).max(), rel=0.01)


@pytest.mark.parametrize("peak", [0.99e-4, 1e-6, 0])
def test_silence_is_refused(peak: float) -> None:
    with pytest.raises(StimulusError, match="is silent"):
        cut_window(np.full((6 * RATE_HZ, 2), -peak, np.float32), CONFIG, 4)


def test_what_is_hardly_louder_than_silence_is_sound() -> None:
    assert len(cut_window(np.full((6 * RATE_HZ, 2), -1.01e-4, np.float32), CONFIG, 4)) == 4 * RATE_HZ


@pytest.mark.parametrize(("murmur_db", "rest_s"), [(-59.5, 0), (-60.5, 1)])
def test_a_murmur_sixty_decibels_below_the_peak_is_silence(murmur_db: float, rest_s: float) -> None:
    sound = make_sound(rest_s=1, sound_s=4)
    sound[:RATE_HZ] = sound.max() * 10 ** (murmur_db / 20)
    assert find_onset(sound) == rest_s * RATE_HZ


def test_sound_that_ends_too_early_is_refused_with_its_lengths() -> None:
    with pytest.raises(
        StimulusError, match=r"sounds for 1\.5 s after a rest of 0\.4 s, but 2\.0 s are needed"
    ):
        cut_window(make_sound(rest_s=0.4, sound_s=1.5), CONFIG, 4.05)


@pytest.mark.parametrize(("fade_out_s", "sound_s"), [(0, 2.0), (3, 1.0)])
def test_sound_that_ends_in_the_fade_or_the_last_two_seconds_is_taken_and_no_other(
    fade_out_s: float, sound_s: float
) -> None:
    config = SynthesisConfig(fade_out_s=fade_out_s, lead_in_s=0)
    assert len(cut_window(make_sound(sound_s=sound_s), config, 4)) == 4 * RATE_HZ
    with pytest.raises(StimulusError, match="are needed"):
        cut_window(make_sound(sound_s=sound_s - 0.01), config, 4)


def test_loudness_of_a_full_scale_tone_is_what_the_standard_says() -> None:
    # ITU-R BS.1770-4: 997 Hz at full scale in one channel of two reads -3.01 LUFS. The standard gives its
    # filter for 48 kHz; at other rates it is derived, hence the tolerance.
    tone = np.zeros((3 * RATE_HZ, 2))
    tone[:, 0] = np.sin(2 * np.pi * 997 / RATE_HZ * np.arange(len(tone)))
    assert measure_level(tone, RATE_HZ).loudness_lufs == pytest.approx(-3.01, abs=0.05)


def test_sound_too_quiet_for_the_standard_is_refused() -> None:
    sound = np.zeros((2 * RATE_HZ, 2))
    sound[RATE_HZ] = 0.01
    with pytest.raises(StimulusError, match="is too quiet to be measured"):
        measure_level(sound, RATE_HZ)


def test_true_peak_is_found_between_the_samples() -> None:
    # At a quarter of the sample rate, 45 degrees off, every sample is 3.01 dB below the crest.
    tone = np.sin(np.pi / 2 * np.arange(3 * RATE_HZ) + np.pi / 4)
    sound = np.stack([tone, tone], axis=1) * np.hanning(len(tone))[:, np.newaxis]
    assert np.abs(sound).max() == pytest.approx(0.7071, abs=1e-3)
    assert measure_level(sound, RATE_HZ).true_peak_dbtp == pytest.approx(0, abs=0.05)


def test_gain_moves_loudness_and_peak_alike() -> None:
    sound = cut_window(make_sound(), CONFIG, 4)
    before, after = (measure_level(each, RATE_HZ) for each in (sound, apply_gain(sound, -6.5)))
    assert after.loudness_lufs - before.loudness_lufs == pytest.approx(-6.5, abs=0.01)
    assert after.true_peak_dbtp - before.true_peak_dbtp == pytest.approx(-6.5, abs=0.01)


def test_loudest_level_puts_the_peak_at_the_ceiling() -> None:
    assert Level(-30, -12).loudest_lufs(-1) == -19


def test_all_get_the_wanted_loudness_where_peaks_allow_it() -> None:
    assert choose_loudness({"a": -20, "b": -12}, CONFIG) == -20


def test_all_get_what_the_peakiest_allows() -> None:
    assert choose_loudness({"a": -21.5, "b": -12}, CONFIG) == -21.5


def test_clips_far_too_peaky_are_refused_all_named() -> None:
    with pytest.raises(StimulusError, match=r"(?s)2 clips have peaks.*a: at most -28\.0.*c: at most -27\.0"):
        choose_loudness({"a": -28, "b": -12, "c": -27}, CONFIG)
    with pytest.raises(StimulusError, match=r"by more than 6 LU\. Compose them again"):
        choose_loudness({"a": -26.01}, CONFIG)
    assert choose_loudness({"a": -26}, CONFIG) == -26
