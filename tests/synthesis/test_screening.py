import itertools
from collections import Counter

import numpy as np
import pytest
import soundfile

from study_core.errors import StimulusError
from study_core.folders import SCREENING_FILE, DataFolders
from study_core.manifest import read_manifest, sha256_file
from synthesis.screening import (
    SAMPLE_RATE_HZ,
    ScreeningSound,
    make_antiphase_set,
    make_huggins_set,
    make_screening,
)

Sound = np.ndarray


def cut(sound: Sound, place: int, interval_s: float, gap_s: float) -> Sound:
    """Return the interval at a place from 0 on."""
    start = round(place * (interval_s + gap_s) * SAMPLE_RATE_HZ)
    return sound[start : start + round(interval_s * SAMPLE_RATE_HZ)]


def level_db(interval: Sound) -> float:
    """Return the RMS level without the ramps."""
    steady = interval[SAMPLE_RATE_HZ // 8 : -SAMPLE_RATE_HZ // 8]
    return float(20 * np.log10(np.sqrt((steady**2).mean())))


def correlation(interval: Sound) -> float:
    return float(np.corrcoef(interval.T)[0, 1])


def describe_tone(interval: Sound) -> str:
    kinds = {(-17, 1): "standard", (-23, 1): "quiet", (-17, -1): "antiphase"}
    return kinds[round(level_db(interval)), round(correlation(interval))]


def test_antiphase_tones_are_those_published() -> None:
    for sound, answer in make_antiphase_set():
        assert len(sound) == 4 * SAMPLE_RATE_HZ
        tones = [cut(sound, place, 1.0, 0.5) for place in range(3)]
        assert sorted(map(describe_tone, tones)) == ["antiphase", "quiet", "standard"]
        assert describe_tone(tones[answer - 1]) == "quiet"
        levels = sorted(map(level_db, tones))
        assert levels == pytest.approx([-23, -17, -17], abs=0.01)
        for tone in tones:
            spectrum = np.abs(np.fft.rfft(tone[:, 0]))
            assert spectrum.argmax() == 200
            # Half a cosine of 100 ms: half the level at 50 ms, nothing at the ends.
            crest = np.abs(tone[:, 0]).max()
            around = np.abs(tone[round(0.0475 * 44100) : round(0.0525 * 44100), 0]).max()
            assert around / crest == pytest.approx(0.5, abs=0.06)
            assert np.abs(tone[[0, -1]]).max() < 1e-3
        assert np.abs(cut(sound, 0, 1.5, 0)[SAMPLE_RATE_HZ:]).max() == 0


def test_antiphase_set_holds_each_order_once() -> None:
    orders = [
        tuple(describe_tone(cut(sound, place, 1.0, 0.5)) for place in range(3))
        for sound, _ in make_antiphase_set()
    ]
    assert sorted(orders) == sorted(itertools.permutations(["antiphase", "quiet", "standard"]))


def test_huggins_pitch_is_a_band_of_six_percent_in_opposite_phase_in_one_noise() -> None:
    for sound, answer in make_huggins_set(1):
        assert len(sound) == 5 * SAMPLE_RATE_HZ
        for place in range(3):
            noise = cut(sound, place, 1.0, 1.0)
            inner = noise * np.hanning(len(noise))[:, np.newaxis]
            left, right = np.fft.rfft(inner.T)
            alike = np.real(left * right.conj()) / np.abs(left * right)
            hz = np.arange(len(alike))
            in_band = np.abs(hz / 600 - 1) < 0.055
            outside = (hz > 20) & ((hz < 555) | (hz > 645))
            assert np.median(alike[in_band]) == pytest.approx(-1 if place == answer - 1 else 1, abs=0.01)
            assert np.median(alike[outside]) == pytest.approx(1, abs=0.001)
            assert level_db(noise) == pytest.approx(-23, abs=0.1)


def test_huggins_pitch_cannot_be_found_in_either_ear_alone() -> None:
    for sound, answer in make_huggins_set(2)[:3]:
        noise = cut(sound, answer - 1, 1.0, 1.0)
        for channel in noise.T:
            power = np.abs(np.fft.rfft(channel)) ** 2
            assert power[564:637].mean() / power[300:1200].mean() == pytest.approx(1, abs=0.5)


def test_huggins_set_holds_every_place_six_times_and_repeats_with_the_seed() -> None:
    first, again, other = make_huggins_set(1), make_huggins_set(1), make_huggins_set(2)
    assert Counter(answer for _, answer in first) == {1: 6, 2: 6, 3: 6}
    assert all(np.array_equal(a, b) for (a, _), (b, _) in zip(first, again, strict=True))
    assert not np.array_equal(first[0][0], other[0][0])


def test_levels_are_safe() -> None:
    for sound, _ in [*make_antiphase_set(), *make_huggins_set(1)]:
        assert np.abs(sound).max() < 10 ** (-9 / 20)
        assert np.sqrt((sound**2).mean(axis=0)).max() < 10 ** (-16 / 20)


def test_files_are_lossless_and_their_names_tell_nothing(folders: DataFolders) -> None:
    rows = make_screening(folders, 1)
    assert read_manifest(folders.screening / SCREENING_FILE, ScreeningSound) == rows
    assert Counter(row.test for row in rows) == {"antiphase": 6, "huggins": 18}
    ids = [row.sound_id for row in rows]
    assert ids == sorted(ids)
    assert all(len(name) == 32 and set(name) <= set("0123456789abcdef") for name in ids)
    expected = {answer: sound for sound, answer in make_antiphase_set()[:1]}
    for row in rows:
        path = folders.screening / row.sound_file
        assert sha256_file(path) == row.sound_sha256
        info = soundfile.info(path)
        assert (info.format, info.channels, info.samplerate) == ("FLAC", 2, SAMPLE_RATE_HZ)
    stored = [
        soundfile.read(folders.screening / row.sound_file)[0] for row in rows if row.test == "antiphase"
    ]
    wanted = next(iter(expected.values()))
    assert min(np.abs(sound - wanted).max() for sound in stored) <= 2**-15
    assert len({path.stat().st_mtime for path in folders.screening.glob("*.flac")}) == 1


def test_a_second_run_gives_the_same_files_and_removes_others(folders: DataFolders) -> None:
    rows = make_screening(folders, 1)
    (folders.screening / "old.flac").write_bytes(b"old")
    assert make_screening(folders, 1) == rows
    assert len(list(folders.screening.glob("*.flac"))) == 24


def test_folder_that_cannot_be_written_is_named(folders: DataFolders) -> None:
    folders.root.mkdir()
    folders.screening.write_text("a file where the folder should be")
    with pytest.raises(StimulusError, match="screening cannot be written: "):
        make_screening(folders, 1)
