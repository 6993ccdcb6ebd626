import io

import numpy as np
import pyloudnorm
import soundfile

from study_server.sounds import BAND_HZ, make_volume_sound


def test_the_volume_sound_is_as_loud_as_the_stimuli_and_does_not_clip() -> None:
    for loudness_lufs in (-30.0, -20.0):
        samples, rate_hz = soundfile.read(io.BytesIO(make_volume_sound(loudness_lufs)))
        assert abs(pyloudnorm.Meter(rate_hz).integrated_loudness(samples) - loudness_lufs) < 0.02
        assert np.abs(samples).max() < 1


def test_the_volume_sound_begins_and_ends_softly_and_stays_in_its_band() -> None:
    samples, rate_hz = soundfile.read(io.BytesIO(make_volume_sound(-20.0)))
    assert np.abs(samples[[0, -1]]).max() < 0.001
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequencies_hz = np.fft.rfftfreq(len(samples), 1 / rate_hz)
    inside = (frequencies_hz > 0.9 * BAND_HZ[0]) & (frequencies_hz < 1.1 * BAND_HZ[1])
    assert power[inside].sum() / power.sum() > 0.999
