"""What the numbers say, in plain words; every sentence is computed from the estimates."""

from analysis.equivalence import Verdict
from analysis.estimates import Estimate
from analysis.findings import Generator, Study
from analysis.wording import give_range, percent, points, sign_points


def answer(generator: Generator, study: Study) -> str:
    """Return the study's answer about one generator, in one sentence."""
    level, human = study.config.confidence_level, study.findings.human
    rate = generator.fooling.rate
    return (
        f"{generator.system} was judged human in {percent(rate.value)} of its trials "
        f"({give_range(rate, level)}), human clips in {percent(human.rate.value)}: "
        f"{conclude(generator)}."
    )


def conclude(generator: Generator) -> str:
    """Return what may be said about a generator and human music."""
    difference, test = generator.fooling.difference, generator.equivalence
    if difference is None or difference.low is None or difference.high is None:
        because = "" if difference is None else difference.because
        return f"whether it differs from human music cannot be estimated because {because}"
    gap = f"{points(difference.value)} {'fewer' if difference.value < 0 else 'more'}"
    near, far = sorted((abs(difference.low), abs(difference.high)))
    sure = f"{gap} ({100 * near:.0f} to {100 * far:.0f})"
    bound = f"±{points(test.bound)}"
    return {
        Verdict.DIFFERENT: f"{sure}, so listeners told the two apart",
        Verdict.DIFFERENT_WITHIN_BOUND: f"{sure}, a difference, though within the declared {bound}",
        Verdict.EQUAL: f"within the declared {bound} of human music, by a test of equivalence",
        Verdict.OPEN: f"{gap}, but with {_signed_range(difference)} still possible the study leaves open "
        f"whether they differ or are equal within {bound}",
    }[test.verdict]


def read_exclusions(study: Study) -> str:
    """Return in a sentence what leaving judgments out changed."""
    before, kept = len(study.exclusions.before), len(study.exclusions.kept)
    if before == kept:
        return (
            "No declared rule left a judgment out, so the estimates with and without exclusions are the same."
        )
    without = {g.system: g.fooling.rate.value for g in study.without_exclusions.generators}
    shifts = [
        f"{g.system} {percent(without[g.system], 1)} without and {percent(g.fooling.rate.value, 1)} with"
        for g in study.findings.generators
    ]
    return (
        f"{before - kept} of {before} judgments were left out; fooling rates without and with these "
        f"exclusions: {', '.join(shifts)}."
    )


def _signed_range(difference: Estimate) -> str:
    low, high = difference.low or 0.0, difference.high or 0.0
    return f"{sign_points(low)} to {sign_points(high)}"
