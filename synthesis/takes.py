"""One clip recorded: rendered and measured first, mastered and encoded once the study's loudness is known.

Between the two a clip waits as a master, its sound before the gain. Every step leaves a note beside the
files, so that a rerun can skip it.
"""

import dataclasses
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

import numpy as np

from study_core.errors import StimulusError
from study_core.manifest import fingerprint, sha256_bytes, sha256_file, write_bytes, write_json
from study_core.production import SynthesisConfig
from synthesis.decoding import decode_sound
from synthesis.encoding import check_format, encode_mp3, read_encoder_version
from synthesis.fluidsynth import SYNTH_SETTINGS, Renderer, read_version
from synthesis.frames import OPUS_HZ
from synthesis.loudness import Sound, measure_loudness, measure_true_peak
from synthesis.mastering import apply_gain, cut_window, find_onset, measure_level
from synthesis.opus import check_opus, encode_opus, read_opus_version
from synthesis.recordings import is_recording, read_recording
from synthesis.soundfonts import Soundfont, find_soundfont

PIPELINE_VERSION = 2
"""Raise it where a change of this package changes what stimuli sound like."""
ENCODER_MARGIN_DB = 0.5
"""Encoding adds to the peaks: up to 0.25 dB for 39 piano clips at 128 kbit/s."""
MASTER_TYPE = ".f32"
LONGEST_REST_S = 2.0
"""Silence that may stand before a clip's first note; it is cut away."""
_CHECKED_DB = 2.0
"""Stimuli whose peaks come nearer to the ceiling than this are measured after encoding."""
_SMALLEST_CONCESSION_LU = 0.1  # so that no study is encoded over and over for a hair


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
            If FluidSynth's library, `lame` or, where it is wanted, `opusenc` is not installed.
        """
        check_format(config.sample_rate_hz, config.mp3_kbps)
        if config.opus_kbps:
            check_opus()
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
        versions = [PIPELINE_VERSION, self.fluidsynth_version, self.encoder_version]
        versions += [read_opus_version()] if self.config.opus_kbps else []
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
    def opus_path(self) -> Path:
        """Where the same goes as Opus, if the study wants it."""
        return self.stimulus_path.with_suffix(".opus")

    @property
    def note_path(self) -> Path:
        """Where the take's note goes."""
        return self.folder / "takes" / f"{self.stimulus_id}.json"

    @property
    def master_path(self) -> Path:
        """Where the master waits: 32-bit floats of both channels."""
        return self.note_path.with_suffix(MASTER_TYPE)


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
    """0 where no file was written: not yet, or because the peaks forbid the job's loudness."""
    sha256: str
    opus_sha256: str
    """Empty where no file was written."""

    @property
    def gain_db(self) -> float:
        """What was added to reach the target."""
        return self.target_lufs - self.loudness_lufs


def measure_clip(job: Job) -> Take | StimulusError:
    """Render a clip, leave its master and a note, and return a take without a file.

    A clip that is silent or too short gives the error back as a value, so that all such clips can be named.

    Raises
    ------
    StimulusError
        If master or note cannot be written.
    """
    config = job.studio.config
    try:
        master = _make_master(job)
        level = measure_level(master, config.sample_rate_hz)
    except StimulusError as error:
        return StimulusError(f"{job.clip_id} {error}")
    take = Take(
        stimulus_id=job.stimulus_id,
        loudness_lufs=level.loudness_lufs,
        true_peak_dbtp=level.true_peak_dbtp,
        loudest_lufs=level.loudest_lufs(config.true_peak_dbtp) - ENCODER_MARGIN_DB,
        target_lufs=job.target_lufs,
        n_bytes=0,
        sha256="",
        opus_sha256="",
    )
    try:
        _write_master(job.master_path, master)
        write_json(job.note_path, dataclasses.asdict(take))
    except OSError as error:
        raise _explain(job, error) from None
    return take


def encode_take(job: Job) -> Take:
    """Bring a measured clip to the job's loudness, write its file and its note, and return the take.

    No file is written where the encoded peaks exceed the ceiling.

    Raises
    ------
    StimulusError
        If the stimulus cannot be encoded or written.
    """
    measured = find_take(job)
    if measured is None:
        raise StimulusError(f"{job.note_path} is gone. Run `study render` again, and only once at a time.")
    audio, opus = _encode(apply_gain(_read_master(job), job.target_lufs - measured.loudness_lufs), job)
    take = dataclasses.replace(
        measured,
        target_lufs=job.target_lufs,
        n_bytes=len(audio),
        sha256=sha256_bytes(audio),
        opus_sha256=sha256_bytes(opus) if opus else "",
    )
    excess_db = _find_excess(audio, opus, measured, job)
    if excess_db > 0:
        loudest_lufs = job.target_lufs - excess_db - _SMALLEST_CONCESSION_LU
        take = dataclasses.replace(take, loudest_lufs=loudest_lufs, n_bytes=0, sha256="", opus_sha256="")
    try:
        if take.n_bytes:
            _write_stimulus(audio, opus, job)
        write_json(job.note_path, dataclasses.asdict(take))
        job.master_path.unlink(missing_ok=True)
    except OSError as error:
        raise _explain(job, error) from None
    return take


def find_take(job: Job) -> Take | None:
    """Return the take of an earlier run; none where there is none or its file has changed since.

    The stimulus id stands for clip, soundfont and settings, so an old take of it is as good as a new one.
    """
    try:
        take = Take(**json.loads(job.note_path.read_text(encoding="utf-8")))
        files = {job.stimulus_path: take.sha256, job.opus_path: take.opus_sha256} if take.n_bytes else {}
        is_whole = all(sha256_file(path) == sha256 for path, sha256 in files.items() if sha256)
    except (OSError, ValueError, TypeError):
        return None
    return take if is_whole else None


def _make_master(job: Job) -> Sound:
    """Return the clip's window, its level as it is."""
    config, duration_s = job.studio.config, job.studio.duration_s
    if is_recording(job.clip_path):
        sound = read_recording(job.clip_path, config.sample_rate_hz, duration_s + LONGEST_REST_S)
    else:
        sound = _render(job)
    return cut_window(sound, config, duration_s)


def _render(job: Job) -> Sound:
    """Return the clip's sound, longer than the stimulus only where it begins with a rest."""
    config = job.studio.config
    renderer = _open_renderer(job.studio.soundfont.path, config.sample_rate_hz)
    midi = job.clip_path.read_bytes()
    n_frames = round(job.studio.duration_s * config.sample_rate_hz)
    sound: Sound = renderer.render(midi, n_frames)
    if find_onset(sound) > round(config.lead_in_s * config.sample_rate_hz):
        sound = renderer.render(midi, n_frames + round(LONGEST_REST_S * config.sample_rate_hz))
    return sound


def _encode(sound: Sound, job: Job) -> tuple[bytes, bytes]:
    """Return a sound as MP3 and as Opus; the second is empty where the study wants none."""
    config = job.studio.config
    audio = encode_mp3(sound, config.sample_rate_hz, config.mp3_kbps)
    if is_recording(job.clip_path):
        # What MP3 leaves out above 16 kHz is nothing of a piano, but up to 1 LU of bright sound.
        lost_db = job.target_lufs - measure_loudness(decode_sound(audio), config.sample_rate_hz)
        sound = apply_gain(sound, lost_db)
        audio = encode_mp3(sound, config.sample_rate_hz, config.mp3_kbps)
    return audio, encode_opus(sound, config.sample_rate_hz, config.opus_kbps) if config.opus_kbps else b""


def _find_excess(audio: bytes, opus: bytes, measured: Take, job: Job) -> float:
    """Return by how many decibels the encoded peaks exceed the ceiling, 0 where they are far from it."""
    config = job.studio.config
    peak_dbtp = measured.true_peak_dbtp + job.target_lufs - measured.loudness_lufs
    if peak_dbtp < config.true_peak_dbtp - _CHECKED_DB and not is_recording(job.clip_path):
        return 0.0
    peaks = [measure_true_peak(decode_sound(audio), config.sample_rate_hz)]
    if opus:
        peaks.append(measure_true_peak(decode_sound(opus), OPUS_HZ))
    return max(peaks) - config.true_peak_dbtp


def _write_stimulus(audio: bytes, opus: bytes, job: Job) -> None:
    if opus:
        write_bytes(job.opus_path, opus)
    write_bytes(job.stimulus_path, audio)


def _write_master(path: Path, master: Sound) -> None:
    """Write a master whole or not at all, and let the system choose when it reaches the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}")
    draft.write_bytes(master.data)
    draft.replace(path)


def _read_master(job: Job) -> Sound:
    """Return the master that waits, or make it again."""
    try:
        return np.fromfile(job.master_path, dtype=np.float32).reshape(-1, 2)
    except FileNotFoundError:
        return _make_master(job)


def _explain(job: Job, error: OSError) -> StimulusError:
    return StimulusError(
        f"{job.stimulus_path} cannot be written: {error.strerror}. Free space or correct the folder, "
        "then run `study render` again: finished stimuli are kept."
    )


@lru_cache(maxsize=1)
def _open_renderer(soundfont: Path, sample_rate_hz: int) -> Renderer:
    """Load a soundfont once per process."""
    return Renderer(soundfont, sample_rate_hz)
