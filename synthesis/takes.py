"""One clip recorded: rendered, mastered, encoded and noted beside the file, so that a rerun can skip it."""

import dataclasses
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from study_core.config import SynthesisConfig
from study_core.errors import StimulusError
from study_core.manifest import fingerprint, sha256_bytes, sha256_file, write_bytes, write_json
from synthesis.encoding import check_format, decode_mp3, encode_mp3, read_encoder_version
from synthesis.fluidsynth import SYNTH_SETTINGS, Renderer, read_version
from synthesis.mastering import apply_gain, cut_window, measure_level
from synthesis.soundfonts import Soundfont, find_soundfont

PIPELINE_VERSION = 1
"""Raise it where a change of this package changes what stimuli sound like."""
ENCODER_MARGIN_DB = 0.5
"""Encoding adds to the peaks: up to 0.25 dB for 39 piano clips at 128 kbit/s. Nearer to the ceiling than
this, the encoded sound itself is measured."""
LONGEST_REST_S = 2.0
"""Silence that may stand before a clip's first note; it is cut away."""
_SMALLEST_CONCESSION_LU = 0.1  # so that no study is recorded over and over for a hair


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """What is the same for all stimuli: instrument, settings, programs."""

    soundfont: Soundfont
    config: SynthesisConfig
    duration_s: float
    fluidsynth_version: str
    encoder_version: str

    @classmethod
    def open(cls, config: SynthesisConfig, duration_s: float) -> Self:
        """Return the studio of a study, after a check that all it needs is there.

        Raises
        ------
        StimulusError
            If the soundfont is missing or altered, or MP3 cannot hold the format.
        ToolMissingError
            If FluidSynth's library or `lame` is not installed.
        """
        check_format(config.sample_rate_hz, config.mp3_kbps)
        return cls(
            soundfont=find_soundfont(config.soundfont),
            config=config,
            duration_s=duration_s,
            fluidsynth_version=read_version(),
            encoder_version=read_encoder_version(),
        )

    @property
    def settings_sha256(self) -> str:
        """The fingerprint of all that decides how a clip sounds, beside the soundfont's own."""
        settings = self.config.model_dump(exclude={"soundfont"})
        versions = (PIPELINE_VERSION, self.fluidsynth_version, self.encoder_version)
        return fingerprint(settings, self.duration_s, SYNTH_SETTINGS, versions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One clip to record: which, where to, and how loud."""

    clip_id: str
    clip_path: Path
    stimulus_id: str
    folder: Path
    studio: Studio
    target_lufs: float

    @property
    def stimulus_path(self) -> Path:
        """Where the audio goes."""
        return self.folder / f"{self.stimulus_id}.mp3"

    @property
    def note_path(self) -> Path:
        """Where the take's note goes."""
        return self.folder / "takes" / f"{self.stimulus_id}.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """What came of a job; its levels are those before the gain."""

    stimulus_id: str
    loudness_lufs: float
    true_peak_dbtp: float
    loudest_lufs: float
    """How loud the clip may be without its peaks reaching the ceiling, as far as is known."""
    target_lufs: float
    n_bytes: int
    """0 where the peaks forbid the job's loudness, and no file was written."""
    sha256: str

    @property
    def gain_db(self) -> float:
        """What was added to reach the target."""
        return self.target_lufs - self.loudness_lufs


def record_take(job: Job) -> Take | StimulusError:
    """Record a clip, write its file and its note, and return the take.

    A clip that is silent or too short gives the error back as a value, so that all such clips can be named.

    Raises
    ------
    StimulusError
        If the stimulus cannot be encoded or written.
    """
    config = job.studio.config
    renderer = _open_renderer(job.studio.soundfont.path, config.sample_rate_hz)
    n_frames = round((job.studio.duration_s + LONGEST_REST_S) * config.sample_rate_hz)
    sound = renderer.render(job.clip_path.read_bytes(), n_frames)
    try:
        window = cut_window(sound, config, job.studio.duration_s)
        level = measure_level(window, config.sample_rate_hz)
    except StimulusError as error:
        return StimulusError(f"{job.clip_id} {error}")
    louder = apply_gain(window, job.target_lufs - level.loudness_lufs)
    audio, loudest_lufs = _encode_below_ceiling(job, louder, level.loudest_lufs(config.true_peak_dbtp))
    take = Take(
        stimulus_id=job.stimulus_id,
        loudness_lufs=level.loudness_lufs,
        true_peak_dbtp=level.true_peak_dbtp,
        loudest_lufs=loudest_lufs,
        target_lufs=job.target_lufs,
        n_bytes=len(audio),
        sha256=sha256_bytes(audio),
    )
    _keep(job, take, audio)
    return take


def find_take(job: Job) -> Take | None:
    """Return the take of an earlier run; none where there is none or its file has changed since.

    The stimulus id stands for clip, soundfont and settings, so an old take of it is as good as a new one.
    """
    try:
        take = Take(**json.loads(job.note_path.read_text(encoding="utf-8")))
        intact = not take.n_bytes or sha256_file(job.stimulus_path) == take.sha256
    except (OSError, ValueError, TypeError):
        return None
    return take if intact else None


def _encode_below_ceiling(job: Job, sound: NDArray[np.float64], loudest_lufs: float) -> tuple[bytes, float]:
    """Return the audio, empty where its peaks exceed the ceiling, and the loudness that they allow."""
    config = job.studio.config
    if job.target_lufs > loudest_lufs:
        return b"", loudest_lufs - ENCODER_MARGIN_DB
    audio = encode_mp3(sound, config.sample_rate_hz, config.mp3_kbps)
    if job.target_lufs <= loudest_lufs - ENCODER_MARGIN_DB:
        return audio, loudest_lufs - ENCODER_MARGIN_DB
    heard = measure_level(decode_mp3(audio), config.sample_rate_hz)
    excess_db = heard.true_peak_dbtp - config.true_peak_dbtp
    if excess_db > 0:
        return b"", job.target_lufs - excess_db - _SMALLEST_CONCESSION_LU
    return audio, job.target_lufs


def _keep(job: Job, take: Take, audio: bytes) -> None:
    try:
        if audio:
            write_bytes(job.stimulus_path, audio)
        write_json(job.note_path, dataclasses.asdict(take))
    except OSError as error:
        raise StimulusError(
            f"{job.stimulus_path} cannot be written: {error.strerror}. Free space or correct the folder, "
            "then run `study render` again: finished stimuli are kept."
        ) from None


@lru_cache(maxsize=1)
def _open_renderer(soundfont: Path, sample_rate_hz: int) -> Renderer:
    """Load a soundfont once per process."""
    return Renderer(soundfont, sample_rate_hz)
