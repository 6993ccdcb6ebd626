"""The clips of a study made into its stimuli: `data/clips/clips.csv` to `data/stimuli/stimuli.csv`."""

import dataclasses
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from study_core.errors import StimulusError, list_problems
from study_core.folders import CLIPS_FILE, STIMULI_FILE, DataFolders
from study_core.manifest import (
    fingerprint,
    read_manifest,
    sha256_file,
    stamp_stage,
    write_manifest,
)
from study_core.parallel import map_ordered
from study_core.production import SynthesisConfig
from study_core.secret import load_secret, opaque_id
from study_core.types import Clip, Stimulus
from synthesis.mastering import choose_loudness
from synthesis.recordings import is_recording
from synthesis.takes import MASTER_TYPE, Job, Studio, Take, encode_take, find_take, measure_clip

TIME_STAMP = 946_684_800
"""Modification time of every stimulus, 2000-01-01 UTC: when it was made tells nothing."""


log = logging.getLogger(__name__)


class Bar(Protocol):
    """What a loop reports to."""

    def advance(self) -> None:
        """Count one step."""


ShowProgress = Callable[[str, int], AbstractContextManager[Bar]]
"""Opens a bar of that label and length."""
Run = Callable[..., Iterator[Any]]
"""`map_ordered` with its workers chosen."""


def read_clips(folder: Path) -> list[Clip]:
    """Return the clips of a study, after a check that their files are what the manifest says.

    Raises
    ------
    StimulusError
        If clip files are missing or altered: all of them named.
    """
    clips = read_manifest(folder / CLIPS_FILE, Clip)
    problems = [problem for clip in clips for problem in _find_problems(folder, clip)]
    counts = Counter(clip.clip_id for clip in clips)
    problems += [f"{clip_id}: listed {count} times" for clip_id, count in counts.items() if count > 1]
    if problems:
        raise StimulusError(
            list_problems(
                f"{len(problems)} of {len(clips)} clips in {folder} are not what clips.csv says. "
                "Run `study generate` to compose them again:",
                problems,
            )
        )
    return clips


def fingerprint_inputs(clips: Sequence[Clip], folders: DataFolders, studio: Studio) -> str:
    """Return the fingerprint of all that decides a study's stimuli and their names."""
    key_mark = opaque_id(_load_key(folders), "stimuli")
    rows = [dataclasses.asdict(clip) for clip in clips]
    return fingerprint(rows, studio.soundfont.sha256, studio.settings_sha256, key_mark)


def render_stimuli(
    clips: Sequence[Clip],
    folders: DataFolders,
    studio: Studio,
    show_progress: ShowProgress,
    *,
    workers: int | None = None,
    cluster: str | None = None,
) -> list[Stimulus]:
    """Render the clips that no earlier run has rendered and return all stimuli, in the order of their ids.

    The ids are drawn by a keyed hash, so their order is random with respect to the systems. Files appear
    whole, each with its note; `publish_stimuli` makes them the study's.

    Raises
    ------
    StimulusError
        If clips are silent, too short or too peaky, all of them named; or if files cannot be written.
    """
    jobs = _plan_jobs(clips, folders, studio)
    run = partial(map_ordered, workers=workers, cluster=cluster)
    takes = _record_alike(jobs, studio.config, show_progress, run)
    for job in jobs:
        for path in (job.stimulus_path, job.opus_path):
            if path.exists():
                os.utime(path, (TIME_STAMP, TIME_STAMP))
    by_id = {clip.clip_id: clip for clip in clips}
    return [_describe(by_id[job.clip_id], takes[job.clip_id], studio) for job in jobs]


def publish_stimuli(stimuli: Sequence[Stimulus], folders: DataFolders, inputs: str) -> Path:
    """Write the manifest, remove what is not in it, and return its path."""
    folder = folders.stimuli
    path = folder / STIMULI_FILE
    kept = {stimulus.stimulus_id for stimulus in stimuli}
    try:
        write_manifest(path, stimuli)
        audio = [*folder.glob("*.mp3"), *folder.glob("*.opus")]
        # Hidden files are drafts of a run that was killed.
        for file in [*audio, *folder.glob("takes/*"), *filter(Path.is_file, folder.rglob(".*"))]:
            if file.stem not in kept or file.suffix == MASTER_TYPE:
                file.unlink(missing_ok=True)
        stamp_stage(folder, inputs, [path, *(file for file in audio if file.stem in kept)])
    except OSError as error:
        raise StimulusError(f"{folder} cannot be written: {error.strerror}. Correct the folder.") from None
    return path


def _load_key(folders: DataFolders) -> str:
    try:
        return load_secret(folders.secrets)
    except OSError as error:
        raise StimulusError(
            f"{folders.secrets} cannot be written: {error.strerror}. Correct the folder."
        ) from None


def _find_problems(folder: Path, clip: Clip) -> list[str]:
    path = folder / clip.clip_file
    if not path.is_file():
        return [f"{clip.clip_file}: missing"]
    return [] if sha256_file(path) == clip.clip_sha256 else [f"{clip.clip_file}: its sha256 differs"]


def _plan_jobs(clips: Sequence[Clip], folders: DataFolders, studio: Studio) -> list[Job]:
    """Return a job per clip, in the order of the stimulus ids."""
    key = _load_key(folders)
    recording = (studio.soundfont.sha256, studio.settings_sha256)
    jobs = [
        Job(
            clip_id=clip.clip_id,
            clip_path=folders.clips / clip.clip_file,
            stimulus_id=opaque_id(key, "stimulus", clip.clip_id, clip.clip_sha256, *recording),
            folder=folders.stimuli,
            studio=studio,
            target_lufs=studio.config.loudness_lufs,
        )
        for clip in clips
    ]
    return sorted(jobs, key=lambda job: job.stimulus_id)


def _record_alike(
    jobs: Sequence[Job], config: SynthesisConfig, show_progress: ShowProgress, run: Run
) -> dict[str, Take]:
    """Return takes of one loudness by clip id: the wanted one, or where peaks forbid it a lower one."""
    takes = {job.clip_id: take for job in jobs if (take := find_take(job))}
    takes |= _measure([job for job in jobs if job.clip_id not in takes], show_progress, run)
    target_lufs = config.loudness_lufs
    while True:
        loudest = {clip_id: take.loudest_lufs for clip_id, take in takes.items()}
        target_lufs = min(target_lufs, choose_loudness(loudest, config))
        missing = [
            dataclasses.replace(job, target_lufs=target_lufs)
            for job in jobs
            if not takes[job.clip_id].n_bytes or takes[job.clip_id].target_lufs != target_lufs
        ]
        if not missing:
            _tell_concession(loudest, config)
            return takes
        with show_progress("Encoding", len(missing)) as bar:
            encoded = list(run(encode_take, missing, on_progress=bar.advance))
        takes |= {job.clip_id: take for job, take in zip(missing, encoded, strict=True)}


def _tell_concession(loudest_lufs: Mapping[str, float], config: SynthesisConfig) -> None:
    """Log which clip's peaks made the whole study quieter, if one's did."""
    peakiest = min(loudest_lufs, key=loudest_lufs.__getitem__)
    if loudest_lufs[peakiest] < config.loudness_lufs:
        log.info(
            "All stimuli get %.1f instead of %g LUFS: the peaks of clip %s allow no more.",
            loudest_lufs[peakiest],
            config.loudness_lufs,
            peakiest,
        )


def _measure(jobs: Sequence[Job], show_progress: ShowProgress, run: Run) -> dict[str, Take]:
    """Return the takes of clips that were never rendered, by clip id."""
    if not jobs:
        return {}
    with show_progress("Rendering", len(jobs)) as bar:
        results = list(run(measure_clip, jobs, on_progress=bar.advance))
    problems = sorted(str(result) for result in results if isinstance(result, StimulusError))
    if problems:
        raise StimulusError(
            list_problems(
                f"{len(problems)} of {len(jobs)} clips cannot become stimuli. Compose them again or shorten "
                "clips.duration_s; what was rendered is kept:",
                problems,
            )
        )
    takes = [result for result in results if isinstance(result, Take)]
    return {job.clip_id: take for job, take in zip(jobs, takes, strict=True)}


def _describe(clip: Clip, take: Take, studio: Studio) -> Stimulus:
    return Stimulus(
        **dataclasses.asdict(clip),
        stimulus_id=take.stimulus_id,
        soundfont="" if is_recording(Path(clip.clip_file)) else studio.soundfont.name,
        soundfont_sha256="" if is_recording(Path(clip.clip_file)) else studio.soundfont.sha256,
        render_settings_sha256=studio.settings_sha256,
        gain_db=round(take.gain_db, 3),
        loudness_lufs=round(take.target_lufs, 3),
        true_peak_dbtp=round(take.true_peak_dbtp + take.gain_db, 3),
        stimulus_duration_s=studio.duration_s,
        sample_rate_hz=studio.config.sample_rate_hz,
        n_bytes=take.n_bytes,
        stimulus_file=f"{take.stimulus_id}.mp3",
        stimulus_sha256=take.sha256,
        opus_sha256=take.opus_sha256,
    )
