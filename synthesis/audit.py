"""The blindness audit: nothing but the sound may tell which system a stimulus is from.

The files are looked at as a participant's browser gets them. A property whose values lie further apart than
its tolerance fails. Then a classifier tries to guess the system from all of them together: what a system
shares within the tolerances gives it away too.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from study_core.errors import StimulusError, list_problems
from study_core.parallel import map_ordered
from study_core.production import SynthesisConfig
from study_core.types import Stimulus
from synthesis.facts import Facts, measure_file
from synthesis.guessing import Guess, guess_system
from synthesis.mastering import longest_tail_s
from synthesis.stimuli import ShowProgress

ALPHA = 0.001
"""Of so many studies that leak nothing one is refused all the same."""
_NOISE_SEEDS = range(1770, 1775)
"""Of draws of that noise: one alone may happen to favor a system, so most of them have to tell it."""


@dataclass(frozen=True, slots=True)
class Property:
    """Something that handling decides and not the notes, and how it is judged.

    The notes do have a say in the last digits: a soft attack is found a millisecond later. So the classifier
    sees every value with noise of the size of `resolution`, below which a difference is theirs.
    """

    name: str
    unit: str
    tolerance: float
    resolution: float
    read: Callable[[Facts, Stimulus], float]


def list_properties(config: SynthesisConfig) -> list[Property]:
    """Return what the audit compares.

    The peak is compared with the one before encoding: how far it stands above the loudness is up to the
    notes.
    """
    anything = float("inf")
    tail_s = longest_tail_s(config)
    return [
        Property("size", "bytes", 0, 0, lambda facts, _: facts.n_bytes),
        Property("time stamp", "s", 0, 0, lambda facts, _: facts.time_stamp_s),
        Property("bit rate", "kbit/s", 0, 0, lambda facts, _: facts.kbps),
        Property("tags", "bytes", 0, 0, lambda facts, _: len(facts.tags)),
        Property("duration", "s", 0, 0, lambda facts, _: facts.duration_s),
        Property("loudness", "LU", 0.2, 0.03, lambda facts, _: facts.loudness_lufs),
        Property("lead-in", "s", 0.02, 0.0015, lambda facts, _: facts.lead_in_s),
        Property("silence at the end", "s", tail_s, 0.05, lambda facts, _: facts.tail_silence_s),
        Property(
            "added peak", "dB", anything, 0.2, lambda facts, row: facts.true_peak_dbtp - row.true_peak_dbtp
        ),
        Property("roll-off", "Hz", anything, 1500, lambda facts, _: facts.roll_off_hz),
    ]


def audit_stimuli(
    stimuli: Sequence[Stimulus],
    folder: Path,
    config: SynthesisConfig,
    show_progress: ShowProgress,
    *,
    workers: int | None = None,
    cluster: str | None = None,
) -> None:
    """Check that nothing but the sound tells systems apart, and that no stimulus is too loud.

    Raises
    ------
    StimulusError
        If a property differs beyond its tolerance, the system can be guessed, names or order tell something,
        or a peak exceeds the ceiling: all of it in one message.
    """
    paths = [folder / stimulus.stimulus_file for stimulus in stimuli]
    opus_paths = [
        path.with_suffix(".opus") for path, row in zip(paths, stimuli, strict=True) if row.opus_sha256
    ]
    with show_progress("Checking blindness", len(paths) + len(opus_paths)) as bar:
        run = partial(map_ordered, workers=workers, cluster=cluster, on_progress=bar.advance)
        facts, opus_facts = list(run(measure_file, paths)), list(run(measure_file, opus_paths))
    problems = _check_names(stimuli) + _check_files(stimuli, facts, config)
    if len(opus_facts) == len(facts):
        problems += [f"Opus, {problem}" for problem in _check_files(stimuli, opus_facts, config)]
    elif opus_facts:
        problems.append(f"Opus: {len(opus_facts)} of {len(facts)} stimuli have it")
    if problems:
        raise StimulusError(
            list_problems(
                f"The {len(stimuli)} stimuli in {folder} are not blind and were not released. Remove the "
                "folder and run `study render` again; if it says the same, compose the named clips again:",
                problems,
            )
        )


def _check_files(stimuli: Sequence[Stimulus], facts: Sequence[Facts], config: SynthesisConfig) -> list[str]:
    """Return the problems of the files of one format."""
    properties = list_properties(config)
    problems = [problem for known in properties for problem in _compare(known, stimuli, facts)]
    if len({fact.tags for fact in facts}) > 1:
        problems.append("tags: what stands outside of the frames differs from file to file")
    problems += _check_peaks(stimuli, facts, config.true_peak_dbtp)
    return problems + _check_guess(properties, stimuli, facts)


def _compare(known: Property, stimuli: Sequence[Stimulus], facts: Sequence[Facts]) -> list[str]:
    values = [known.read(fact, stimulus) for fact, stimulus in zip(facts, stimuli, strict=True)]
    spread = max(values) - min(values)
    if spread <= known.tolerance:
        return []
    apart = f"values differ by {spread:.6g} {known.unit} ({known.tolerance:g} allowed)"
    lowest, highest = (stimuli[values.index(edge(values))].clip_id for edge in (min, max))
    return [f"{known.name}: {apart}, from clip {lowest} to clip {highest}; {_list_means(stimuli, values)}"]


def _check_guess(
    properties: Sequence[Property], stimuli: Sequence[Stimulus], facts: Sequence[Facts]
) -> list[str]:
    """Return a problem where a classifier tells the systems apart."""
    columns = [[known.read(*pair) for pair in zip(facts, stimuli, strict=True)] for known in properties]
    ranks = np.argsort(np.argsort([stimulus.stimulus_file for stimulus in stimuli]))
    table = np.array([*columns, ranks], dtype=float).T
    resolutions = np.array([*(known.resolution for known in properties), 0])
    guess = _guess_through_noise(table, resolutions, [stimulus.system for stimulus in stimuli])
    if guess is None or guess.p_value > ALPHA:
        return []
    name = [*(known.name for known in properties), "place in the order of names"][guess.best_column]
    shares = f"{guess.share_right:.0%} of stimuli, by chance in {guess.chance:.0%} (p = {guess.p_value:.2g})"
    means = _list_means(stimuli, table[:, guess.best_column])
    told = f"file properties tell the system of {shares}. Most telling is {name}: {means}"
    advice = (
        f"Rendering again changes nothing. One blind study in {1 / ALPHA:.0f} is refused by chance: take "
        "another seed. If it is refused again, that system's music is made or recorded differently"
    )
    return [f"guessing: {told}. {advice}"]


def _guess_through_noise(
    table: NDArray[np.float64], resolutions: NDArray[np.float64], systems: Sequence[str]
) -> Guess | None:
    """Return the first guess or, where it is a sure one, the middle one of all draws of the noise."""
    draws = (np.random.default_rng(seed).normal(size=table.shape) for seed in _NOISE_SEEDS)
    guesses = (guess_system(table + noise * resolutions, systems) for noise in draws)
    first = next(guesses)
    if first is None or first.p_value > ALPHA:
        return first
    ordered = sorted([first, *filter(None, guesses)], key=lambda guess: guess.p_value)
    return ordered[len(ordered) // 2]


def _list_means(stimuli: Sequence[Stimulus], values: Sequence[float] | NDArray[np.float64]) -> str:
    by_system = defaultdict(list)
    for stimulus, value in zip(stimuli, values, strict=True):
        by_system[stimulus.system].append(float(value))
    means = ", ".join(f"{system} {fmean(group):.6g}" for system, group in sorted(by_system.items()))
    return f"means: {means}"


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
