"""What the numbers say, in plain words; every sentence is computed from the estimates."""

import numpy as np

from analysis.detection import Detection
from analysis.equivalence import Verdict
from analysis.estimates import BOUND, Estimate
from analysis.findings import Findings, Generator, Study

SIMULATED = "Simulated listeners"
D_PRIME = "d\u2032"
"""With a real prime, as it is printed."""
MINUS = "\u2212"


def percent(share: float, digits: int = 0) -> str:
    """Return a share as a percentage."""
    return f"{100 * share:.{digits}f}%"


def points(difference: float, digits: int = 0) -> str:
    """Return a difference of shares in percentage points, without its sign."""
    size = f"{abs(100 * difference):.{digits}f}"
    return f"{size} point{'' if float(size) == 1 else 's'}"


def give_range(estimate: Estimate, level: float, digits: int = 0) -> str:
    """Return a rate's interval in words, or why it has none."""
    if estimate.low is None or estimate.high is None:
        return f"interval cannot be estimated because {estimate.because}"
    kind = "bound" if estimate.method == BOUND else "interval"
    return f"{percent(level)} {kind} {100 * estimate.low:.{digits}f} to {percent(estimate.high, digits)}"


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


def read_fooling(study: Study) -> str:
    """Return figure 1 in a sentence."""
    found = study.findings
    rates = sorted(found.generators, key=lambda g: (-g.fooling.rate.value, g.system))
    best = rates[0]
    start = f"{best.system} was taken for human"
    if len(rates) > 1:
        start = f"Of the generators, {start} most often,"
    return (
        f"{start} in {percent(best.fooling.rate.value)} of its trials; human clips themselves were called "
        f"human in {percent(found.human.rate.value)}, and that, not half, is the mark to compare with."
    )


def read_detection(study: Study) -> str:
    """Return figure 2 in a sentence."""
    parts = [_read_d_prime(generator.detection) for generator in study.findings.generators]
    return f"{'; '.join(parts)} (0 is guessing, 1 a fair ability, 2 a strong one)."


def read_listeners(study: Study) -> str:
    """Return figure 3 in a sentence."""
    listeners = study.findings.listeners
    share = listeners["n_correct"] / listeners["n_trials"]
    above = int((share > chance_limit(study.findings)).sum())
    accuracy = study.findings.accuracy
    return (
        f"Listeners were right in {percent(accuracy.correct.value)} of trials on average, "
        f"from {percent(share.min())} to {percent(share.max())}; {above} of {len(share)} did better than "
        "19 of 20 who guess would."
    )


def chance_limit(findings: Findings) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Return, per listener, the share correct that a guesser exceeds with a chance of at most 5 %."""
    from scipy import stats

    trials = findings.listeners["n_trials"].to_numpy()
    limit: np.ndarray[tuple[int], np.dtype[np.float64]] = stats.binom.ppf(0.95, trials, 0.5) / trials
    return limit


def read_exclusions(study: Study) -> str:
    """Return in a sentence what leaving judgments out changed."""
    before, kept = len(study.exclusions.before), len(study.exclusions.kept)
    if before == kept:
        return "No judgment was left out, so the estimates with and without exclusions are the same."
    without = {g.system: g.fooling.rate.value for g in study.without_exclusions.generators}
    shifts = [
        f"{g.system} {percent(without[g.system], 1)} without and {percent(g.fooling.rate.value, 1)} with"
        for g in study.findings.generators
    ]
    return (
        f"{before - kept} of {before} judgments were left out; fooling rates without and with these "
        f"exclusions: {', '.join(shifts)}."
    )


def _read_d_prime(detection: Detection) -> str:
    d_prime = detection.d_prime
    if d_prime.low is None or d_prime.high is None:
        return (
            f"{detection.system} {D_PRIME} is about {d_prime.value:.2f} ({d_prime.method}), "
            f"its interval cannot be estimated because {d_prime.because}"
        )
    return (
        f"{detection.system} was told from human music with {D_PRIME} {d_prime.value:.2f} "
        f"({d_prime.low:.2f} to {d_prime.high:.2f})"
    )


def _signed_range(difference: Estimate) -> str:
    low, high = difference.low or 0.0, difference.high or 0.0
    return f"{100 * low:+.0f} to {100 * high:+.0f}".replace("-", MINUS)
