"""The sound of the volume page: noise made here, as loud as the stimuli, so that no stimulus is used up."""

import io
import wave
from functools import cache

import numpy as np
from numpy.typing import NDArray

from study_core.seeds import random_generator

SAMPLE_RATE_HZ = 22050
DURATION_S = 5.0
FADE_S = 0.4
BAND_HZ = (100.0, 7000.0)  # what a phone's loudspeaker can play
NOISE_LUFS = -12.08
"""Loudness of the noise before its gain (ITU-R BS.1770), always the same; a test measures it again."""


@cache
def make_volume_sound(loudness_lufs: float) -> bytes:
    """Return a mono 16-bit WAV file of pink noise with that loudness (ITU-R BS.1770)."""
    noise = _make_pink_noise(round(DURATION_S * SAMPLE_RATE_HZ))
    noise = np.clip(noise * 10 ** ((loudness_lufs - NOISE_LUFS) / 20), -1, 1)
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(SAMPLE_RATE_HZ)
        wav.writeframes((noise * 32767).astype("<i2").tobytes())
    return file.getvalue()


def _make_pink_noise(n_samples: int) -> NDArray[np.float64]:
    """Return noise of equal power per octave inside the band, faded in and out."""
    frequencies_hz = np.fft.rfftfreq(n_samples, 1 / SAMPLE_RATE_HZ)
    inside = (frequencies_hz >= BAND_HZ[0]) & (frequencies_hz <= BAND_HZ[1])
    spectrum = np.where(inside, 1 / np.sqrt(np.maximum(frequencies_hz, 1.0)), 0.0)
    phases = random_generator(0, "volume sound").uniform(0, 2 * np.pi, len(spectrum))
    noise = np.fft.irfft(spectrum * np.exp(1j * phases), n_samples)
    ramp = np.clip(np.arange(n_samples) / (FADE_S * SAMPLE_RATE_HZ), 0, 1)
    faded: NDArray[np.float64] = noise * ramp * ramp[::-1] / np.abs(noise).max()
    return faded
