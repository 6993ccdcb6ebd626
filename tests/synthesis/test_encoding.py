from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from study_core.errors import StimulusError, ToolMissingError
from synthesis import encoding
from synthesis.decoding import decode_sound
from synthesis.encoding import MPEG1_KBPS, MPEG2_KBPS, check_format, encode_mp3, read_encoder_version
from synthesis.frames import read_mp3_frames


def make_click(rate_hz: int, n_frames: int) -> NDArray[np.float64]:
    """Return a loud 1 kHz tone burst from exactly 0.1 s on."""
    tone = 0.5 * np.sin(2 * np.pi * 1000 / rate_hz * np.arange(n_frames))
    tone[: rate_hz // 10] = 0
    return np.stack([tone, tone], axis=1)


@pytest.mark.parametrize(
    ("rate_hz", "kbps"),
    [
        *((44100, kbps) for kbps in MPEG1_KBPS),
        (48000, 128),
        (32000, 128),
        *((22050, k) for k in MPEG2_KBPS[::3]),
    ],
)
def test_decoded_sound_is_as_long_as_early_and_as_loud_as_it_was(rate_hz: int, kbps: int) -> None:
    sound = make_click(rate_hz, rate_hz + 17)
    decoded = decode_sound(encode_mp3(sound, rate_hz, kbps))
    assert decoded.shape == sound.shape
    onset = int(np.flatnonzero(np.abs(decoded[:, 0]) > 0.25)[0])
    assert onset == pytest.approx(np.flatnonzero(np.abs(sound[:, 0]) > 0.25)[0], abs=20)
    middle = slice(rate_hz // 2, rate_hz * 9 // 10)
    assert np.std(decoded[middle]) / np.std(sound[middle]) == pytest.approx(1, abs=0.005)


def test_same_sound_gives_the_same_bytes_without_tags_at_one_rate() -> None:
    sound = make_click(44100, 44100)
    audio = encode_mp3(sound, 44100, 128)
    frames = read_mp3_frames(audio)
    assert audio == encode_mp3(sound, 44100, 128)
    assert (frames.kbps, frames.tags, frames.sample_rate_hz) == ({128}, b"", 44100)


def test_sounds_of_one_length_give_files_of_one_size() -> None:
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (44100, 2))
    sizes = {len(encode_mp3(sound, 44100, 128)) for sound in (noise, make_click(44100, 44100), noise * 0)}
    assert len(sizes) == 1


def test_tags_are_seen_as_bytes_outside_of_frames() -> None:
    audio = encode_mp3(make_click(44100, 44100), 44100, 128)
    assert read_mp3_frames(b"ID3\x04" + bytes(20) + audio + b"TAG").tags == b"ID3\x04" + bytes(20) + b"TAG"
    assert read_mp3_frames(b"no MP3 at all").n_frames == 0


@pytest.mark.parametrize(("rate_hz", "kbps"), [(44100, 144), (22050, 320), (44100, 100)])
def test_bit_rate_that_mp3_lacks_is_refused_with_those_it_has(rate_hz: int, kbps: int) -> None:
    with pytest.raises(StimulusError, match=rf"MP3 at {rate_hz} Hz has no {kbps} kbit/s. Use one of 64, 80"):
        check_format(rate_hz, kbps)


def test_sample_rate_that_mp3_lacks_is_refused_with_those_it_has() -> None:
    with pytest.raises(StimulusError, match=r"MP3 has no 40000 Hz. Use one of 22050, .*48000"):
        check_format(40000, 128)


def test_missing_encoder_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError, match="sudo apt-get install lame"):
        read_encoder_version()


def test_failing_encoder_is_quoted() -> None:
    with pytest.raises(StimulusError, match=r"lame failed: .*space left"):
        encoding._run_lame(["--no-such-option"])


def test_version_names_the_encoder() -> None:
    assert "LAME" in read_encoder_version()
