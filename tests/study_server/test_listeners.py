"""Simulated listeners have the skill they were given, whatever makes them differ."""

import math
from statistics import NormalDist

import pytest

from study_core.participation import TrialsConfig
from study_server.listeners import Listener, Skill

Z = NormalDist().inv_cdf
SINGLES, PAIRS, RATINGS = (TrialsConfig(paradigm=name) for name in ("yes_no", "two_afc", "rating"))


def measure(skill: Skill, n_listeners: int = 150, n_clips: int = 60) -> tuple[float, float, list[int]]:
    """Return d', criterion and the confidences of a population."""
    computer = {True: 0, False: 0}
    confidences = []
    for index in range(n_listeners):
        listener = Listener(skill, 7, index, SINGLES)
        for clip in range(n_clips):
            for is_generated in (True, False):
                response = listener.respond(f"{is_generated} {clip}", is_generated=is_generated)
                computer[is_generated] += not response.judged_human
                confidences.append(response.confidence)
    hit, false_alarm = (computer[kind] / (n_listeners * n_clips) for kind in (True, False))
    return Z(hit) - Z(false_alarm), -(Z(hit) + Z(false_alarm)) / 2, confidences


@pytest.mark.parametrize(("dprime", "criterion"), [(0.0, 0.0), (0.6, 0.0), (1.5, 0.4), (-0.5, -0.3)])
def test_the_population_has_the_dprime_and_the_criterion_asked_for(dprime: float, criterion: float) -> None:
    skill = Skill(dprime=dprime, criterion=criterion)
    # Standard errors: clips 0.3 * sqrt(2 / 60) = 0.055 and listeners 0.2 / sqrt(150) = 0.016, 0.3 / sqrt(150)
    measured = measure(skill)
    assert measured[0] == pytest.approx(dprime, abs=0.15)
    assert measured[1] == pytest.approx(criterion, abs=0.12)


def test_larger_differences_do_not_lower_the_populations_dprime() -> None:
    skill = Skill(dprime=1.0, bias_sd=1.0, sensitivity_sd=0.5, clip_sd=0.0)
    assert skill.conditional_scale() == pytest.approx(math.sqrt(1 + 1.0 + 0.0625))
    assert measure(skill)[0] == pytest.approx(1.0, abs=0.1)


def test_every_level_of_confidence_is_used() -> None:
    assert set(measure(Skill(dprime=0.6), 20, 20)[2]) == {1, 2, 3, 4}


@pytest.mark.parametrize(("dprime", "lean"), [(0.8, 0.0), (1.5, 0.4)])
def test_in_pairs_the_population_has_the_dprime_and_the_lean_asked_for(dprime: float, lean: float) -> None:
    skill = Skill(dprime=dprime, criterion=lean)
    chose_first: dict[bool, list[bool]] = {True: [], False: []}
    for index in range(150):
        listener = Listener(skill, 7, index, PAIRS)
        for pair in range(80):
            side = bool((index + pair) % 2)
            response = listener.choose(f"{pair}", f"other {pair}", is_first_generated=side)
            chose_first[side].append(response.judged_human)
    hit, false_alarm = (Z(sum(chose_first[side]) / len(chose_first[side])) for side in (False, True))
    # Standard errors: clips 0.3 sqrt(2 / 80) and listeners as above, times sqrt(2) for d'
    assert (hit - false_alarm) / math.sqrt(2) == pytest.approx(dprime, abs=0.17)
    assert -(hit + false_alarm) / 2 == pytest.approx(lean, abs=0.12)


@pytest.mark.parametrize("dprime", [0.0, 1.0])
def test_ratings_of_two_systems_lie_as_far_apart_as_the_dprime_asked_for(dprime: float) -> None:
    ratings: dict[bool, list[int]] = {True: [], False: []}
    for index in range(150):
        listener = Listener(Skill(dprime=dprime), 7, index, RATINGS)
        for clip in range(80):
            is_generated = bool(clip % 2)
            ratings[is_generated].append(listener.rate(str(clip), is_generated=is_generated))
    assert set(ratings[True]) == set(ratings[False]) == {1, 2, 3, 4, 5}
    for cut in (2, 3, 4, 5):  # where the evidence is normal with equal spread, every cut gives the same d'
        above = {kind: sum(r >= cut for r in given) / len(given) for kind, given in ratings.items()}
        assert Z(above[False]) - Z(above[True]) == pytest.approx(dprime, abs=0.2)


def test_the_same_seed_gives_the_same_listener() -> None:
    answers = [
        [Listener(Skill(dprime=1), seed, 3, SINGLES).respond(str(i), is_generated=True) for i in range(20)]
        for seed in (1, 1, 2)
    ]
    assert answers[0] == answers[1] != answers[2]
