"""MP3 and Ogg Opus back to sound, by libsndfile."""

import io

from study_core.errors import StimulusError
from synthesis.loudness import Sound


def decode_sound(audio: bytes) -> Sound:
    """Return the sound of stereo MP3 or Opus, the encoder's delay and padding removed.

    Opus comes at 48 kHz, MP3 at the rate it was made at.

    Raises
    ------
    StimulusError
        If the bytes cannot be decoded.
    """
    import soundfile

    try:
        sound: Sound = soundfile.read(io.BytesIO(audio), dtype="float32", always_2d=True)[0]
    except soundfile.LibsndfileError as error:
        raise StimulusError(f"The bytes are neither MP3 nor Opus: {error}") from None
    return sound
