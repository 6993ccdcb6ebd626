"""Clips that are sound already: WAV, FLAC or MP3, brought to the study's sample rate and two channels."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from study_core.errors import StimulusError
from study_core.types import SOUND_SUFFIXES
from synthesis.loudness import Sound

if TYPE_CHECKING:
    import soundfile

_STEREO = 2


def is_recording(path: Path) -> bool:
    """Tell whether a clip is sound already, and not MIDI."""
    return path.suffix.lower() in SOUND_SUFFIXES


def read_recording(path: Path, sample_rate_hz: int, longest_s: float) -> Sound:
    """Return the first so many seconds of a recording; one channel becomes two equal ones.

    Raises
    ------
    StimulusError
        If the file cannot be decoded to its end, has more than two channels or samples that are no numbers:
        what is wrong with it, without its name.
    """
    with _open(path) as file:
        if file.channels > _STEREO:
            raise StimulusError(f"has {file.channels} channels. Mix it down to two")
        sound = file.read(round(longest_s * file.samplerate), dtype="float32", always_2d=True)
        rate_hz = file.samplerate
    if not np.isfinite(sound).all():
        raise StimulusError("holds samples that are no numbers. Export it again")
    if rate_hz != sample_rate_hz:
        import soxr

        sound = soxr.resample(sound, rate_hz, sample_rate_hz, quality="VHQ")
    return np.ascontiguousarray(np.broadcast_to(sound, (len(sound), _STEREO)))


@contextmanager
def _open(path: Path) -> Iterator["soundfile.SoundFile"]:
    """Open a recording; what goes wrong while it is read is told as well."""
    import soundfile

    try:
        # As a stream: by its name, libsndfile takes a file for another that a Mac left beside it (`._name`).
        with path.open("rb") as stream, soundfile.SoundFile(stream) as file:
            yield file
    except OSError as error:
        raise StimulusError(f"cannot be opened: {error.strerror}") from None
    except soundfile.LibsndfileError as error:
        raise StimulusError(f"cannot be decoded: {error.error_string}") from None
