"""The answers of studies of pairs and of ratings in plain words, with their places on a scale."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.equivalence import Claim, Verdict
from analysis.estimates import Estimate
from analysis.pairs import Pair
from analysis.paradigms import PairFindings, PairStudy, RatingStudy
from analysis.ratings import Rating
from analysis.wording import count, decimal, give_range, percent, points, show_level
from study_core.types import HUMAN

GUESSING = 0.5
MARK = 0.004
"""Half the width of the mark of guessing on a scale."""
CONFUSED = "listeners confused the two: they took the generated clip for the human one more often than not"


@dataclass(frozen=True, slots=True)
class Answer:
    """One generator's answer.

    Attributes
    ----------
    headline
        The number to show first.
    place, range, human
        Where it lies on a scale from 0 to 1, its interval, and the range to compare with.
    """

    system: str
    headline: str
    sentence: str
    place: float
    range: tuple[float, float] | None
    human: tuple[float, float]


def list_answers(study: PairStudy | RatingStudy) -> list[Answer]:
    """Return the answer about every generator."""
    declared = {claim.system: claim for claim in study.findings.claims if claim.name == "declared"}
    level = study.config.confidence_level
    if isinstance(study, PairStudy):
        return [_answer_pair(pair, declared[pair.system], level) for pair in study.findings.pairs]
    ratings = {one.system: one for one in study.findings.ratings}
    highest = float(study.responses.highest or ratings[HUMAN].shares["rating"].max())
    return [
        _answer_rating(ratings[name], ratings[HUMAN], declared.get(name), level, highest)
        for name in study.generators
    ]


def _answer_pair(pair: Pair, claim: Claim, level: float) -> Answer:
    correct = pair.correct
    told = "listeners told the two apart" if correct.value > GUESSING else CONFUSED
    verdict = _conclude(claim, told)
    sentence = (
        f"Beside {pair.system}, the human clip was found in {percent(correct.value)} of pairs "
        f"({give_range(correct, level)}), where guessing gives 50%: {verdict}."
    )
    mark = GUESSING - MARK, GUESSING + MARK
    return Answer(pair.system, percent(correct.value), sentence, correct.value, _bound(correct), mark)


def _answer_rating(
    rating: Rating, human: Rating, claim: Claim | None, level: float, highest: float
) -> Answer:
    mean, verdict = rating.mean, ""
    if claim is not None and rating.superiority is not None:
        verdict = (
            f": the chance that it is rated above a human clip is {percent(rating.superiority.value)}; "
            f"{_conclude(claim, 'the two were rated differently')}"
        )
    interval = ""
    if mean.low is not None and mean.high is not None:
        interval = f" ({show_level(level)} interval {decimal(mean.low)} to {decimal(mean.high)})"
    return Answer(
        rating.system,
        decimal(mean.value),
        f"{rating.system} was rated {decimal(mean.value)} on average{interval}, human clips "
        f"{decimal(human.mean.value)}{verdict}.",
        _scale(mean.value, 1.0, highest),
        _bound(mean, 1.0, highest),
        _bound(human.mean, 1.0, highest) or (0.0, 0.0),
    )


def read_shift(study: PairStudy | RatingStudy) -> str:
    """Return in a sentence what leaving judgments out changed."""
    before, kept = len(study.exclusions.before), len(study.exclusions.kept)
    if before == kept:
        return "No declared rule left a judgment out, so estimates with and without exclusions are the same."
    without, found = _list_answers(study.without_exclusions), study.findings
    now = _list_answers(found.pairs if isinstance(found, PairFindings) else found.ratings)
    shifts = [f"{name} {without[name]} without and {value} with" for name, value in now.items()]
    what = "shares of human clips found" if isinstance(study, PairStudy) else "mean ratings"
    return (
        f"{before - kept:,} of {count(before, 'judgment')} were left out; {what} "
        f"without and with these exclusions: {', '.join(shifts)}."
    )


def list_disagreements(study: PairStudy | RatingStudy) -> list[str]:
    """Return a sentence per generator about which the robust line and the mixed model decide differently."""
    if isinstance(study, PairStudy):
        lines = [
            (pair.system, _leaves(pair.correct, GUESSING), model.d_prime)
            for pair, model in zip(study.findings.pairs, study.findings.models, strict=True)
        ]
    else:
        lines = [
            (one.system, one.difference.excludes_zero, one.effect)
            for one in study.findings.ratings
            if one.difference is not None and one.difference.low is not None and one.effect is not None
        ]
    names = "robust line", "mixed model"
    return [
        f"{system}: the {names[not robust]} finds a difference to human clips and the {names[robust]} does "
        "not, so the evidence is on the edge: rest no conclusion on it."
        for system, robust, model in lines
        if robust is not None and model.low is not None and robust != model.excludes_zero
    ]


def _leaves(share: Estimate, value: float) -> bool | None:
    """Return whether an interval lies to one side of a value; None where there is none."""
    return None if share.low is None or share.high is None else not share.low <= value <= share.high


def _list_answers(found: Sequence[Pair | Rating]) -> dict[str, str]:
    return {
        one.system: percent(one.correct.value, 1) if isinstance(one, Pair) else decimal(one.mean.value)
        for one in found
    }


def _conclude(claim: Claim, told: str) -> str:
    bound = f"{points(claim.test.bound)} of 50%"
    return {
        Verdict.DIFFERENT: told,
        Verdict.DIFFERENT_WITHIN_BOUND: f"a difference, though within {bound}",
        Verdict.EQUAL: f"within {bound}, by a test of equivalence",
        Verdict.OPEN: f"the study leaves open whether they differ or are equal within {bound}",
        Verdict.NOT_ESTIMATED: "whether that differs from 50% cannot be estimated",
    }[claim.test.verdict]


def _scale(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.5


def _bound(estimate: Estimate, low: float = 0.0, high: float = 1.0) -> tuple[float, float] | None:
    """Return an interval's ends on a scale from 0 to 1."""
    if estimate.low is None or estimate.high is None:
        return None
    return _scale(estimate.low, low, high), _scale(estimate.high, low, high)
