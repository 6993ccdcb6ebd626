"""Figures of sets of clips: how far each is from the first set, how varied it is and how much it copies."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from models.evaluation_classifier import Separation, separate
from models.evaluation_distances import Scale, measure_diversity, measure_frechet
from models.evaluation_features import Floats, measure_all
from models.tokens import Score
from study_core.seeds import child_seed
from study_core.types import HUMAN

HELD_OUT, CEILING, FLOOR = "held-out music", "ceiling: other real music", "floor: markov"
FEWEST_CLIPS = 10  # fewer are told apart by chance


@dataclass(frozen=True, slots=True)
class ClipSet:
    """Clips of one kind: their music, their songs and how many notes in a row each copies."""

    name: str
    clip_ids: list[str]
    scores: list[Score]
    songs: list[str]
    copied_notes: list[int]


@dataclass(frozen=True)
class MeasuredSet:
    """Clips and their features, a row each."""

    clips: ClipSet

    @cached_property
    def features(self) -> Floats:
        """The features, a row per clip."""
        return measure_all(self.clips.scores)

    def leave_out(self, songs: Sequence[str]) -> "MeasuredSet":
        """Return the clips that are of none of some songs."""
        kept = [i for i, song in enumerate(self.clips.songs) if song not in songs]
        scores, names = [self.clips.scores[i] for i in kept], [self.clips.songs[i] for i in kept]
        return MeasuredSet(dataclasses.replace(self.clips, scores=scores, songs=names))


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of a set; `separation` and `frechet` are against the held-out music."""

    name: str
    n_clips: int
    n_songs: int
    separation: Separation | None
    frechet: float | None
    diversity: float
    copied_median: float
    copied_p95: float
    means: list[float]
    """Of each feature, in the order of `FEATURES`."""
    deviations: list[float]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The sets that were measured, held-out music first, and their figures."""

    sets: list[ClipSet]
    features: list[Floats]
    figures: list[Figures]


def measure(sets: Sequence[ClipSet], seed: int, ceilings: Sequence[ClipSet] = ()) -> Evaluation:
    """Return the figures of sets of clips against the first; those of the ceilings as their mean."""
    reference = MeasuredSet(sets[0])
    scale = Scale.of(reference.features)
    measured = [reference, *map(MeasuredSet, sets[1:])]
    figures = [_measure(each, reference, scale, seed) for each in measured]
    if ceilings:
        drawn = [MeasuredSet(each) for each in ceilings]
        measured.insert(1, drawn[0])
        figures.insert(1, average([_measure(each, reference, scale, seed) for each in drawn]))
    return Evaluation([each.clips for each in measured], [each.features for each in measured], figures)


def average(draws: Sequence[Figures]) -> Figures:
    """Return the mean of the figures of several draws of one kind of music."""
    apart = [each.separation for each in draws if each.separation]
    frechet = [each.frechet for each in draws if each.frechet is not None]
    note = draws[0].note
    if apart:
        aucs = [each.auc for each in apart]
        note = f"mean of {len(apart)} draws, AUC from {min(aucs):.2f} to {max(aucs):.2f}"
    return dataclasses.replace(
        draws[0],
        separation=Separation(*np.mean([dataclasses.astuple(each) for each in apart], axis=0).tolist())
        if apart
        else None,
        frechet=float(np.mean(frechet)) if frechet else None,
        diversity=float(np.mean([each.diversity for each in draws])),
        means=np.mean([each.means for each in draws], axis=0).tolist(),
        deviations=np.mean([each.deviations for each in draws], axis=0).tolist(),
        note=note,
    )


def _measure(own: MeasuredSet, reference: MeasuredSet, scale: Scale, seed: int) -> Figures:
    clips, features = own.clips, own.features
    separation, frechet, note = None, None, ""
    real = reference.leave_out(clips.songs) if clips.name == HUMAN else reference
    if clips.name == HELD_OUT:
        note = "is what the others are compared with"
    elif min(len(clips.scores), len(real.clips.songs)) < FEWEST_CLIPS:
        n_clips = min(len(clips.scores), len(real.clips.songs))
        note = f"{n_clips} clips are too few to compare; {FEWEST_CLIPS} are the least"
    else:
        drawn = child_seed(seed, "evaluation", clips.name)
        separation = separate(real.features, features, real.clips.songs, clips.songs, drawn)
        frechet = measure_frechet(scale.apply(real.features), scale.apply(features))
    return Figures(
        clips.name,
        len(clips.scores),
        len(set(clips.songs)),
        separation,
        frechet,
        measure_diversity(scale.apply(features)),
        float(np.median(clips.copied_notes)),
        float(np.percentile(clips.copied_notes, 95)),
        features.mean(axis=0).tolist(),
        features.std(axis=0).tolist(),
        note,
    )
