"""Sound to Opus of constant bit rate by the `opusenc` program, for players that take it before MP3."""

import io
import shutil
import subprocess
from functools import cache

from study_core.errors import StimulusError, ToolMissingError
from synthesis.loudness import Sound


def check_opus() -> str:
    """Return the path of `opusenc`.

    Raises
    ------
    ToolMissingError
        If it is not installed.
    """
    program = shutil.which("opusenc")
    if program is None:
        raise ToolMissingError(
            "The Opus encoder `opusenc` is not installed. Run `sudo apt-get install opus-tools`, "
            "or set synthesis.opus_kbps: null."
        )
    return program


@cache
def read_opus_version() -> str:
    """Return the first line in which `opusenc` says what it is."""
    command = [check_opus(), "--version"]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 (fixed)
    return done.stdout.decode(errors="replace").partition("\n")[0].strip()


def encode_opus(sound: Sound, sample_rate_hz: int, kbps: int) -> bytes:
    """Return a sound as Ogg Opus without comments; the same sound gives the same bytes.

    Raises
    ------
    ToolMissingError
        If `opusenc` is not installed.
    StimulusError
        If it fails.
    """
    import soundfile

    wave = io.BytesIO()
    soundfile.write(wave, sound, sample_rate_hz, format="WAV", subtype="FLOAT")
    # The serial number of an Ogg stream is random by default.
    arguments = [
        "--quiet",
        "--hard-cbr",
        "--bitrate",
        str(kbps),
        "--serial",
        "1",
        "--discard-comments",
        "-",
        "-",
    ]
    command = [check_opus(), *arguments]
    done = subprocess.run(command, input=wave.getvalue(), capture_output=True, check=False)  # noqa: S603 (fixed)
    if done.returncode:
        raise StimulusError(f"opusenc failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
