import ctypes.util
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from study_core.errors import StimulusError, ToolMissingError
from study_core.manifest import sha256_bytes
from synthesis.fluidsynth import Renderer, load_binding, read_version
from synthesis.soundfonts import find_soundfont

from .conftest import SOUNDFONT, make_midi

RATE_HZ = 44100
MIDIS = [make_midi(seed, music_s=2) for seed in range(4)]


def render_hash(midi: bytes) -> str:
    """Return the hash of a clip rendered by a renderer that nothing else has used."""
    return sha256_bytes(open_renderer().render(midi, RATE_HZ).tobytes())


def open_renderer() -> Renderer:
    return Renderer(find_soundfont(SOUNDFONT).path, RATE_HZ)


def test_sound_depends_on_the_clip_only_not_on_what_was_rendered_before() -> None:
    renderer = open_renderer()
    forwards = [sha256_bytes(renderer.render(midi, RATE_HZ).tobytes()) for midi in MIDIS]
    backwards = [sha256_bytes(renderer.render(midi, RATE_HZ).tobytes()) for midi in reversed(MIDIS)]
    alone = [render_hash(midi) for midi in MIDIS]
    assert forwards == backwards[::-1] == alone
    assert len(set(forwards)) == len(MIDIS)


def test_sound_has_the_asked_shape_and_starts_with_the_first_note() -> None:
    sound = open_renderer().render(make_midi(rest_s=0.5), 40_001)
    assert (sound.shape, sound.dtype) == ((40_001, 2), np.float32)
    assert np.abs(sound[: RATE_HZ // 2 - 100]).max() < 1e-4 < np.abs(sound[RATE_HZ // 2 :]).max()


def test_two_sample_rates_give_the_same_music() -> None:
    loudness = [
        Renderer(find_soundfont(SOUNDFONT).path, rate)
        .render(make_midi(), 4 * rate)
        .reshape(40, -1)
        .std(axis=1)
        for rate in (24000, 48000)
    ]
    assert np.corrcoef(loudness)[0, 1] > 0.95


def test_bytes_that_are_no_midi_give_silence() -> None:
    assert np.abs(open_renderer().render(b"not MIDI", RATE_HZ)).max() < 1e-6


def test_broken_soundfont_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.sf2"
    path.write_bytes(b"RIFF\x04\x00\x00\x00sfbk")
    with pytest.raises(StimulusError, match=r"cannot load the soundfont .*broken\.sf2"):
        Renderer(path, RATE_HZ)


def test_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "fluidsynth", raising=False)
    monkeypatch.setattr(ctypes.util, "find_library", lambda _name: None)
    with pytest.raises(ToolMissingError, match="sudo apt-get install libfluidsynth3"):
        load_binding()


def test_other_package_of_the_same_module_name_is_recognized(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fluidsynth", types.ModuleType("fluidsynth"))
    with pytest.raises(ToolMissingError, match="uninstall fluidsynth"):
        load_binding()


def test_version_is_fluidsynths_of_the_second_kind() -> None:
    assert read_version().startswith("2.")
