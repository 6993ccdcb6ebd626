"""Small studies made for tests: real MP3s of made-up piano-like tones, a manifest, a config."""

import io
import random
import subprocess
import wave
from array import array
from math import exp, pi, sin
from pathlib import Path

from study_core.config import Config
from study_core.manifest import sha256_bytes, write_manifest
from study_core.secret import opaque_id
from study_core.types import HUMAN, Stimulus

SAMPLE_RATE_HZ = 22050
DURATION_S = 6.0
TITLES = ("lavender town", "route 119", "driftveil")


def make_config(folder: Path, **sections: object) -> Config:
    """Return the config of a small study: 8 trials out of 24 clips."""
    values: dict[str, object] = {
        "title": "Who's That Composer?",
        "data_dir": str(folder),
        "clips": {"systems": ["lstm", "gan"], "per_system": 8, "duration_s": DURATION_S},
        "synthesis": {"fade_out_s": 0.5},
        "trials": {
            "per_participant": {HUMAN: 4, "lstm": 2, "gan": 2},
            "longest_run": 3,
            "listen_s": 0.5,
            "break_after": None,
        },
        "practice": {"trials": 0},
        "questions": {"before": [], "after": []},
        "recruitment": {"target_participants": 2, "contact": "Prof. Oak's assistant"},
        "server": {"port": 0},
    }
    for name, section in sections.items():
        values[name] = {**values.get(name, {}), **section} if isinstance(section, dict) else section  # type: ignore[dict-item]
    return Config.model_validate(values, strict=False)


def make_stimuli(folder: Path, per_system: int = 8) -> list[Stimulus]:
    """Write the stimuli of a study into its data folder and return their records."""
    folder.mkdir(parents=True, exist_ok=True)
    stimuli = []
    for system in (HUMAN, "lstm", "gan"):
        for index in range(per_system):
            audio = encode_tones(f"{system}/{index}")
            stimuli.append(make_stimulus(system, index, audio=audio))
            (folder / stimuli[-1].stimulus_file).write_bytes(audio)
    write_manifest(folder / "stimuli.csv", stimuli)
    return stimuli


def make_stimulus(system: str, index: int, *, audio: bytes = b"", cluster: str | None = None) -> Stimulus:
    """Return the record of one stimulus."""
    is_human = system == HUMAN
    title = f"{TITLES[index % len(TITLES)]} {index}"
    stimulus_id = opaque_id("key of the tests", system, str(index))
    return Stimulus(
        clip_id=f"{system}-{index:04d}",
        system=system,
        corpus="pokemon",
        seed=index,
        checkpoint_sha256="" if is_human else sha256_bytes(system.encode()),
        piece_id=title if is_human else "",
        song_cluster=cluster if cluster is not None else (f"cluster of {title}" if is_human else ""),
        split="test" if is_human else "",
        longest_copied_notes=4,
        nearest_piece_id="viridian forest",
        n_notes=40 + index,
        duration_s=DURATION_S,
        clip_file=f"{system}-{index:04d}.mid",
        clip_sha256=sha256_bytes(stimulus_id.encode()),
        stimulus_id=stimulus_id,
        soundfont="FluidR3_GM",
        soundfont_sha256=sha256_bytes(b"soundfont"),
        render_settings_sha256=sha256_bytes(b"settings"),
        gain_db=-1.25,
        loudness_lufs=-20.0,
        true_peak_dbtp=-3.5,
        stimulus_duration_s=DURATION_S,
        sample_rate_hz=SAMPLE_RATE_HZ,
        n_bytes=len(audio),
        stimulus_file=f"{stimulus_id}.mp3",
        stimulus_sha256=sha256_bytes(audio),
    )


def encode_tones(seed: str) -> bytes:
    """Return an MP3 of some decaying tones; equal seeds give equal bytes."""
    chance = random.Random(seed)  # noqa: S311 (notes, not secrets)
    samples = [0.0] * round(DURATION_S * SAMPLE_RATE_HZ)
    for start_s in (0.05, 1.2, 2.4, 3.6):
        frequency_hz = 220 * 2 ** (chance.randrange(24) / 12)
        start = round(start_s * SAMPLE_RATE_HZ)
        for i in range(SAMPLE_RATE_HZ):
            t_s = i / SAMPLE_RATE_HZ
            samples[start + i] += 0.3 * exp(-3 * t_s) * sin(2 * pi * frequency_hz * t_s)
    return encode_mp3(samples)


def encode_mp3(samples: list[float]) -> bytes:
    """Return samples as an MP3 of constant rate without tags."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(SAMPLE_RATE_HZ)
        wav.writeframes(array("h", (round(32000 * s) for s in samples)).tobytes())
    command = ["lame", "--quiet", "--cbr", "-b", "64", "-t", "--noreplaygain", "-", "-"]
    return subprocess.run(command, input=file.getvalue(), capture_output=True, check=True).stdout
