"""MIDI to sound by FluidSynth, through pyfluidsynth's own binding; the same clip gives the same samples.

A synth that has played before sounds different afterwards, even when it is reset, so every clip gets a
fresh one. The soundfont is loaded once, by a synth that never plays, and lent to each of them.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_char_p, c_int, c_size_t, c_void_p
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study_core.errors import StimulusError, ToolMissingError

SYNTH_SETTINGS: dict[str, str | int | float] = {
    "synth.gain": 0.5,  # float output cannot clip; mastering sets the level
    "synth.reverb.active": 1,
    "synth.chorus.active": 1,
    "synth.polyphony": 256,
    "synth.cpu-cores": 1,  # more would tie the samples to the machine
    "synth.dynamic-sample-loading": 1,  # the same samples, a tenth of the time and memory to load
    "player.timing-source": "sample",
    "player.reset-synth": 0,  # the synth is fresh
}
_LOG_LEVELS = 5
_BLOCK = 64  # FluidSynth computes so many frames at a time


class Renderer:
    """A loaded soundfont that turns MIDI files into sound."""

    def __init__(self, soundfont: Path, sample_rate_hz: int) -> None:
        """Load a soundfont, once per process.

        Raises
        ------
        ToolMissingError
            If FluidSynth's library is not installed.
        StimulusError
            If FluidSynth cannot load the soundfont.
        """
        self._api = load_binding()
        self._settings = self._make_settings(sample_rate_hz)
        self._lender = self._api.new_fluid_synth(self._settings)
        number = self._api.fluid_synth_sfload(self._lender, os.fsencode(soundfont), 1)
        if number == self._api.FLUID_FAILED:
            raise StimulusError(f"FluidSynth cannot load the soundfont {soundfont}. Is the file whole?")
        self._sfont = self._api.fluid_synth_get_sfont_by_id(self._lender, number)

    def render(self, midi: bytes, n_frames: int) -> NDArray[np.float32]:
        """Return the sound of a MIDI file, float of shape (n_frames, 2), in FluidSynth's scale.

        MIDI that FluidSynth cannot read gives silence.
        """
        # One write, because FluidSynth's samples depend on how the writes are cut.
        n_written = -(-n_frames // _BLOCK) * _BLOCK
        sound = np.zeros((n_written, 2), dtype=np.float32)
        out = sound.ctypes.data
        with self._play(midi) as synth:
            self._api.fluid_synth_write_float(synth, n_written, out, 0, 2, out, 1, 2)
        return sound[:n_frames]

    @contextmanager
    def _play(self, midi: bytes) -> Iterator[int]:
        """Lend a fresh synth that plays a MIDI file while samples are drawn from it."""
        api = self._api
        synth = api.new_fluid_synth(self._settings)
        api.fluid_synth_add_sfont(synth, self._sfont)
        player = api.new_fluid_player(synth)
        try:
            api.fluid_player_add_mem(player, midi, len(midi))
            api.fluid_player_play(player)
            yield synth
        finally:
            api.fluid_player_stop(player)
            api.delete_fluid_player(player)
            api.fluid_synth_remove_sfont(synth, self._sfont)  # else the synth would free what was lent
            api.delete_fluid_synth(synth)

    def _make_settings(self, sample_rate_hz: int) -> int:
        settings: int = self._api.new_fluid_settings()
        for name, value in {**SYNTH_SETTINGS, "synth.sample-rate": float(sample_rate_hz)}.items():
            if isinstance(value, str):
                self._api.fluid_settings_setstr(settings, name.encode(), value.encode())
            elif isinstance(value, float):
                self._api.fluid_settings_setnum(settings, name.encode(), value)
            else:
                self._api.fluid_settings_setint(settings, name.encode(), value)
        return settings


def load_binding() -> Any:
    """Return pyfluidsynth's module, with the functions added that its classes do not need.

    Raises
    ------
    ToolMissingError
        If FluidSynth's library is not installed, or another package hides the module.
    """
    try:
        import fluidsynth
    except (ImportError, OSError):
        raise ToolMissingError(
            "FluidSynth's library is not installed. Run `sudo apt-get install libfluidsynth3`."
        ) from None
    if not hasattr(fluidsynth, "cfunc"):
        raise ToolMissingError(
            "The package `fluidsynth` hides pyfluidsynth's module of the same name. "
            "Run `uv pip uninstall fluidsynth` and `uv sync --reinstall-package pyfluidsynth`."
        )
    if not hasattr(fluidsynth, "fluid_synth_write_float"):
        _add_functions(fluidsynth)
    return fluidsynth


def read_version() -> str:
    """Return the version of FluidSynth's library, such as `2.3.1`."""
    numbers = c_int(), c_int(), c_int()
    load_binding().fluid_version(*numbers)
    return ".".join(str(number.value) for number in numbers)


def _add_functions(binding: Any) -> None:
    """Declare what pyfluidsynth leaves out, in its own way, and silence FluidSynth's log."""

    def declare(name: str, **arguments: type) -> None:
        setattr(
            binding, name, binding.cfunc(name, c_int, *((key, kind, 1) for key, kind in arguments.items()))
        )

    declare("fluid_synth_add_sfont", synth=c_void_p, sfont=c_void_p)
    declare("fluid_synth_remove_sfont", synth=c_void_p, sfont=c_void_p)
    declare("fluid_player_add_mem", player=c_void_p, buffer=c_char_p, len=c_size_t)
    declare("fluid_set_log_function", level=c_int, fun=c_void_p, data=c_void_p)
    left = {"lout": c_void_p, "loff": c_int, "lincr": c_int}
    right = {"rout": c_void_p, "roff": c_int, "rincr": c_int}
    declare("fluid_synth_write_float", synth=c_void_p, len=c_int, **left, **right)
    for level in range(_LOG_LEVELS):
        binding.fluid_set_log_function(level, None, None)
