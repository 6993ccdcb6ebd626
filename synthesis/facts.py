"""What a browser could measure of a stimulus file: its size, time stamp, frames and decoded sound."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from study_core.errors import StimulusError
from synthesis.decoding import decode_sound
from synthesis.frames import read_mp3_frames, read_opus_frames
from synthesis.loudness import Sound
from synthesis.mastering import SILENCE_DB, measure_level

_ONSET_DB = -40.0
"""Where the first note counts as begun; encoding smears a little sound in front of it."""
_ROLL_OFF_DB = -90.0
"""Above the roll-off, no moment of the sound comes nearer than this to its strongest frequency."""
_WINDOW = np.hanning(4096).astype(np.float32)[:, np.newaxis]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What can be measured of one stimulus file."""

    n_bytes: int
    time_stamp_s: float
    kbps: int
    """The highest bit rate, plus one where the frames do not agree."""
    tags: bytes
    """What stands outside of the frames."""
    duration_s: float
    loudness_lufs: float
    true_peak_dbtp: float
    lead_in_s: float
    tail_silence_s: float
    roll_off_hz: float


def measure_file(path: Path) -> Facts:
    """Return the facts of one MP3 or Opus file, its sound decoded.

    Raises
    ------
    StimulusError
        If the file is missing or not what its name says.
    """
    try:
        data, state = path.read_bytes(), path.stat()
    except OSError as error:
        raise StimulusError(f"{path} cannot be read: {error.strerror}. Run `study render` again.") from None
    is_opus = path.suffix == ".opus"
    frames = read_opus_frames(data) if is_opus else read_mp3_frames(data)
    if not frames.n_frames:
        kind = "an Opus" if is_opus else "an MP3"
        raise StimulusError(f"{path} is not {kind} file. Remove it and run `study render` again.")
    rate_hz = frames.sample_rate_hz
    sound = decode_sound(data)
    level = measure_level(sound, rate_hz)
    size = np.abs(sound).ravel()
    is_begun = size > size.max() * 10 ** (_ONSET_DB / 20)
    is_heard = size > size.max() * 10 ** (SILENCE_DB / 20)
    return Facts(
        n_bytes=state.st_size,
        time_stamp_s=state.st_mtime,
        kbps=max(frames.kbps) + (len(frames.kbps) > 1),
        tags=frames.tags,
        duration_s=len(sound) / rate_hz,
        loudness_lufs=level.loudness_lufs,
        true_peak_dbtp=level.true_peak_dbtp,
        lead_in_s=int(is_begun.argmax()) // 2 / rate_hz,
        tail_silence_s=int(is_heard[::-1].argmax()) // 2 / rate_hz,
        roll_off_hz=_find_roll_off(sound, rate_hz),
    )


def _find_roll_off(sound: Sound, rate_hz: int) -> float:
    """Return the highest frequency that any moment of the sound holds, in Hz."""
    n_window = len(_WINDOW)
    stretches = sound[: len(sound) // n_window * n_window].reshape(-1, n_window, 2) * _WINDOW
    spectrum = np.abs(np.fft.fft(stretches.view(np.complex64)[..., 0])).max(axis=0, initial=0)
    # Left and right stand in one complex signal: a frequency is in either where it is in one of these halves.
    held = np.maximum(spectrum[1 : n_window // 2], spectrum[: n_window // 2 : -1])
    is_held = held > held.max() * 10 ** (_ROLL_OFF_DB / 20)
    return float(len(held) - is_held[::-1].argmax()) * rate_hz / n_window
