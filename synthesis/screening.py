"""Two sets of sounds that tell headphones from loudspeakers, made from their published parameters.

* Antiphase (Woods, Siegel, Traer & McDermott 2017, doi 10.3758/s13414-017-1361-2): three tones of 200 Hz; one
  is 6 dB quieter, another has its channels in opposite phase, so that over loudspeakers it cancels in the air
  and seems the quietest. Which is the quietest? Passed with 5 of 6.
* Huggins pitch (Milne et al. 2021, doi 10.3758/s13428-020-01514-0): three white noises; in one, a band of
  6 % around 600 Hz is shifted by 180 degrees in one ear, which two ears together hear as a faint tone. Which
  holds the tone? Passed with 6 of 6.

The sounds are FLAC, because a lossy encoder may destroy what they rest on. The tones keep their published
levels; the noise is brought down from full scale, which is loud over headphones, to that of the tones.
"""

import io
import os
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Literal

import numpy as np

from study_core.errors import StimulusError
from study_core.folders import SCREENING_FILE, DataFolders
from study_core.manifest import fingerprint, sha256_bytes, stamp_stage, write_bytes, write_manifest
from study_core.secret import load_secret, opaque_id
from study_core.seeds import random_generator
from study_core.types import ScreeningSound
from synthesis.loudness import Sound
from synthesis.stimuli import TIME_STAMP

SAMPLE_RATE_HZ = 44100
_VERSION = 1  # raise it when the same seed and key become other sounds
_INTERVALS = 3
_SETS_OF_NOISE = 6

_TONE_HZ, _TONE_S, _TONE_GAP_S, _TONE_RAMP_S = 200, 1.0, 0.5, 0.1
_TONE_DBFS, _QUIET_DB = -17.0, -6.0  # RMS
_NOISE_S, _NOISE_GAP_S, _NOISE_CLIP_SD = 1.0, 1.0, 4.2
_PITCH_HZ, _PITCH_BAND = 600, 0.06
_NOISE_DBFS = -23.0  # RMS; it peaks 12.5 dB above
_NOISE_RAMP_S = 0.01


def fingerprint_screening(folders: DataFolders, study_seed: int) -> str:
    """Return the fingerprint of all that decides the sounds and their names."""
    return fingerprint(
        "screening", _VERSION, study_seed, opaque_id(load_secret(folders.secrets), "screening")
    )


def make_screening(folders: DataFolders, study_seed: int) -> list[ScreeningSound]:
    """Write both sets under opaque names, with their answers in a manifest, and return its rows.

    Raises
    ------
    StimulusError
        If the folder cannot be written.
    """
    folder = folders.screening
    try:
        key = load_secret(folders.secrets)
        rows = [
            *_write_set(folder, key, "antiphase", make_antiphase_set()),
            *_write_set(folder, key, "huggins", make_huggins_set(study_seed)),
        ]
        rows.sort(key=lambda row: row.sound_id)
        write_manifest(folder / SCREENING_FILE, rows)
        kept = {row.sound_file for row in rows}
        for path in folder.glob("*.flac"):
            if path.name not in kept:
                path.unlink()
        files = [folder / SCREENING_FILE, *(folder / row.sound_file for row in rows)]
        stamp_stage(folder, fingerprint_screening(folders, study_seed), files)
    except OSError as error:
        raise StimulusError(f"{folder} cannot be written: {error.strerror}. Correct the folder.") from None
    return rows


def make_antiphase_set() -> list[tuple[Sound, int]]:
    """Return the six orders of the standard, quiet and antiphase tone, each with the place of the quiet."""
    return [
        (_join([_make_tone(kind) for kind in order], _TONE_GAP_S), order.index("quiet") + 1)
        for order in permutations(["standard", "quiet", "antiphase"])
    ]


def make_huggins_set(study_seed: int) -> list[tuple[Sound, int]]:
    """Return six sets of three places of the noise that holds the pitch, each with that place."""
    rng = random_generator(study_seed, "screening", "huggins")
    return [
        (
            _join([_make_noise(rng, has_pitch=place == at) for place in range(_INTERVALS)], _NOISE_GAP_S),
            at + 1,
        )
        for _ in range(_SETS_OF_NOISE)
        for at in range(_INTERVALS)
    ]


def _write_set(
    folder: Path, key: str, test: Literal["antiphase", "huggins"], sounds: Sequence[tuple[Sound, int]]
) -> list[ScreeningSound]:
    rows = []
    for number, (sound, answer) in enumerate(sounds):
        audio = _encode_flac(sound)
        sound_id = opaque_id(key, "screening", test, str(number), sha256_bytes(audio))
        path = folder / f"{sound_id}.flac"
        write_bytes(path, audio)
        os.utime(path, (TIME_STAMP, TIME_STAMP))
        row = ScreeningSound(
            sound_id=sound_id,
            test=test,
            answer=answer,
            duration_s=len(sound) / SAMPLE_RATE_HZ,
            n_bytes=len(audio),
            sound_file=path.name,
            sound_sha256=sha256_bytes(audio),
        )
        rows.append(row)
    return rows


def _make_tone(kind: str) -> Sound:
    """Return one tone; in the antiphase one the right channel is the left one's opposite."""
    times = np.arange(round(_TONE_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    level_db = _TONE_DBFS + (_QUIET_DB if kind == "quiet" else 0)
    tone = np.sqrt(2) * 10 ** (level_db / 20) * np.sin(2 * np.pi * _TONE_HZ * times)
    tone = _ramp(tone[:, np.newaxis], _TONE_RAMP_S)
    return np.hstack([tone, -tone if kind == "antiphase" else tone]).astype(np.float32)


def _make_noise(rng: np.random.Generator, *, has_pitch: bool) -> Sound:
    """Return one noise, the same in both ears but for the shifted band."""
    n_frames = round(_NOISE_S * SAMPLE_RATE_HZ)
    noise = np.clip(rng.normal(size=n_frames), -_NOISE_CLIP_SD, _NOISE_CLIP_SD)
    spectrum = np.fft.rfft(noise)
    hz = np.fft.rfftfreq(n_frames, 1 / SAMPLE_RATE_HZ)
    is_shifted = has_pitch & (np.abs(hz / _PITCH_HZ - 1) <= _PITCH_BAND)
    right = np.fft.irfft(np.where(is_shifted, -spectrum, spectrum), n_frames)
    both = np.stack([noise, right], axis=1) / noise.std() * 10 ** (_NOISE_DBFS / 20)
    return _ramp(both, _NOISE_RAMP_S).astype(np.float32)


def _ramp(sound: np.ndarray, ramp_s: float) -> np.ndarray:
    """Return a sound of shape (frames, channels) with half a cosine at its start and end."""
    n_ramp = round(ramp_s * SAMPLE_RATE_HZ)
    rise = 0.5 - 0.5 * np.cos(np.pi * np.arange(n_ramp) / n_ramp)
    envelope = np.ones(len(sound))
    envelope[:n_ramp], envelope[-n_ramp:] = rise, rise[::-1]
    return sound * envelope[:, np.newaxis]


def _join(intervals: Sequence[Sound], gap_s: float) -> Sound:
    gap = np.zeros((round(gap_s * SAMPLE_RATE_HZ), 2), dtype=np.float32)
    first, *others = intervals
    return np.concatenate([first, *(part for interval in others for part in (gap, interval))])


def _encode_flac(sound: Sound) -> bytes:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, sound, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    return file.getvalue()
