"""The blindness audit: what a browser could measure of the stimuli must not differ.

The files are looked at as a participant's browser gets them: size, time stamp, frames, decoded sound. A
property whose values lie further apart than its tolerance could tell the systems apart, and fails.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from study_core.config import SynthesisConfig
from study_core.errors import StimulusError, list_problems
from study_core.parallel import map_ordered
from study_core.types import Stimulus
from synthesis.encoding import decode_mp3
from synthesis.frames import read_frames
from synthesis.mastering import SILENCE_DB, longest_tail_s, measure_level
from synthesis.stimuli import ShowProgress

_ONSET_DB = -40.0
"""Where the first note counts as begun; encoding smears a little sound in front of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What can be measured of one stimulus file."""

    n_bytes: int
    time_stamp_s: float
    kbps: int
    """The highest bit rate, plus one where the frames do not agree."""
    n_tag_bytes: int
    duration_s: float
    loudness_lufs: float
    true_peak_dbtp: float
    lead_in_s: float
    tail_silence_s: float


@dataclass(frozen=True, slots=True)
class Property:
    """Something that must be alike for all stimuli, and how far apart its values may lie."""

    name: str
    unit: str
    tolerance: float
    read: Callable[[Facts], float]


def list_properties(config: SynthesisConfig) -> list[Property]:
    """Return what the audit compares, each with its tolerance."""
    return [
        Property("size", "bytes", 0, lambda facts: facts.n_bytes),
        Property("time stamp", "s", 0, lambda facts: facts.time_stamp_s),
        Property("bit rate", "kbit/s", 0, lambda facts: facts.kbps),
        Property("tags", "bytes", 0, lambda facts: facts.n_tag_bytes),
        Property("duration", "s", 0, lambda facts: facts.duration_s),
        Property("loudness", "LU", 0.2, lambda facts: facts.loudness_lufs),
        Property("lead-in", "s", 0.02, lambda facts: facts.lead_in_s),
        Property("silence at the end", "s", longest_tail_s(config), lambda facts: facts.tail_silence_s),
    ]


def audit_stimuli(
    stimuli: Sequence[Stimulus],
    folder: Path,
    config: SynthesisConfig,
    show_progress: ShowProgress,
    *,
    workers: int | None = None,
) -> None:
    """Check that nothing but the music tells stimuli apart, and that none is too loud.

    Raises
    ------
    StimulusError
        If a property differs beyond its tolerance, names or order tell something, or a peak exceeds the
        ceiling: all of it in one message.
    """
    with show_progress("Checking blindness", len(stimuli)) as bar:
        paths = [folder / stimulus.stimulus_file for stimulus in stimuli]
        facts = list(map_ordered(measure_file, paths, workers=workers, on_progress=bar.advance))
    problems = _check_names(stimuli)
    for known in list_properties(config):
        problems += _compare(known, stimuli, facts)
    problems += _check_peaks(stimuli, facts, config.true_peak_dbtp)
    if problems:
        raise StimulusError(
            list_problems(
                f"The {len(stimuli)} stimuli in {folder} are not blind and were not released. Remove the "
                "folder and run `study render` again; if it says the same, compose the named clips again:",
                problems,
            )
        )


def measure_file(path: Path) -> Facts:
    """Return the facts of one stimulus file, its sound decoded.

    Raises
    ------
    StimulusError
        If the file is not MP3.
    """
    data, state = path.read_bytes(), path.stat()
    frames = read_frames(data)
    if not frames.n_frames:
        raise StimulusError(f"{path} is not an MP3 file. Remove it and run `study render` again.")
    rate_hz = frames.sample_rate_hz
    sound = decode_mp3(data)
    level = measure_level(sound, rate_hz)
    size = np.abs(sound).max(axis=1)
    begun = np.flatnonzero(size > size.max() * 10 ** (_ONSET_DB / 20))
    heard = np.flatnonzero(size > size.max() * 10 ** (SILENCE_DB / 20))
    return Facts(
        n_bytes=state.st_size,
        time_stamp_s=state.st_mtime,
        kbps=max(frames.kbps) + (len(frames.kbps) > 1),
        n_tag_bytes=frames.n_other_bytes,
        duration_s=len(sound) / rate_hz,
        loudness_lufs=level.loudness_lufs,
        true_peak_dbtp=level.true_peak_dbtp,
        lead_in_s=begun[0] / rate_hz,
        tail_silence_s=(len(sound) - 1 - heard[-1]) / rate_hz,
    )


def _compare(known: Property, stimuli: Sequence[Stimulus], facts: Sequence[Facts]) -> list[str]:
    values = [known.read(fact) for fact in facts]
    spread = max(values) - min(values)
    if spread <= known.tolerance:
        return []
    by_system = defaultdict(list)
    for stimulus, value in zip(stimuli, values, strict=True):
        by_system[stimulus.system].append(value)
    apart = f"values differ by {spread:.6g} {known.unit} ({known.tolerance:g} allowed)"
    means = ", ".join(f"{system} {fmean(group):.6g}" for system, group in sorted(by_system.items()))
    lowest, highest = (stimuli[values.index(edge(values))].clip_id for edge in (min, max))
    return [f"{known.name}: {apart}, from clip {lowest} to clip {highest}; means: {means}"]


def _check_names(stimuli: Sequence[Stimulus]) -> list[str]:
    names = [stimulus.stimulus_file for stimulus in stimuli]
    problems = [
        f"name: {stimulus.stimulus_file} is not an opaque id; it is of clip {stimulus.clip_id}"
        for stimulus in stimuli
        if not re.fullmatch(r"[0-9a-f]{32}\.mp3", stimulus.stimulus_file)
    ]
    return problems + ([] if names == sorted(names) else ["order: stimuli are not in the order of their ids"])


def _check_peaks(stimuli: Sequence[Stimulus], facts: Sequence[Facts], ceiling_dbtp: float) -> list[str]:
    return [
        f"peak: clip {stimulus.clip_id} reaches {fact.true_peak_dbtp:.2f} dBTP after encoding, "
        f"{ceiling_dbtp:g} allowed; lower synthesis.loudness_lufs"
        for stimulus, fact in zip(stimuli, facts, strict=True)
        if fact.true_peak_dbtp > ceiling_dbtp
    ]
