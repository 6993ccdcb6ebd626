"""The report's numbers as rows of a scale and answers in plain words, alike for the three paradigms.

They are read from `numbers.json`, which `study analyze` writes and documents.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from study_core.types import HUMAN, HUMAN_ORIGINAL, HUMAN_SYSTEMS
from study_server.dataset.cells import MARK

Numbers = Mapping[str, Any]
FORMAT_VERSION = 2
NAMES = {
    HUMAN: "People",
    HUMAN_ORIGINAL: "People, as they timed it",
    "lstm": "LSTM network",
    "gan": "GAN network",
    "markov": "Markov chain",
    "article_lstm": "LSTM of the 2018 article",
    "article_gan": "GAN of the 2018 article",
}
GUESSING = 0.5


@dataclass(frozen=True, slots=True)
class Row:
    """One system on the scale.

    Attributes
    ----------
    place, low, high
        Its value and interval, on a scale from 0 to 1; the interval is None where none can be estimated.
    value, range
        The same as a reader sees them; the range is empty where there is none.
    sentence
        The answer about a generator; empty of human clips.
    """

    system: str
    place: float
    low: float | None
    high: float | None
    value: str
    range: str
    n_listeners: int
    n_clips: int
    n_answers: int
    sentence: str = ""

    @property
    def name(self) -> str:
        """What readers call it."""
        return name_system(self.system)

    @property
    def is_human(self) -> bool:
        """Tell whether people composed its clips."""
        return self.system in HUMAN_SYSTEMS


@dataclass(frozen=True, slots=True)
class Answers:
    """What a study found.

    Attributes
    ----------
    rows
        Human clips first, where they have a place of their own on the scale.
    mark
        The place to compare generators with: human clips, or guessing.
    ticks
        Places on the scale with their labels.
    clip_column
        The column of the table of clips that holds a clip's value.
    """

    paradigm: str
    rows: tuple[Row, ...]
    mark: float
    mark_name: str
    ticks: tuple[tuple[float, str], ...]
    clip_column: str
    lowest: float = 0.0
    highest: float = 1.0

    @property
    def generators(self) -> tuple[Row, ...]:
        """The rows of generators."""
        return tuple(row for row in self.rows if not row.is_human)

    @property
    def human(self) -> Row | None:
        """The row of human clips; of pairs there is none."""
        return next((row for row in self.rows if row.is_human), None)

    def place(self, value: float) -> float:
        """Return where a value lies on the scale from 0 to 1."""
        return min(1.0, max(0.0, (value - self.lowest) / (self.highest - self.lowest)))


def percent(share: float) -> str:
    """Return a share as a percentage without decimals."""
    return f"{100 * share:.0f}%"


def name_system(system: str) -> str:
    """Return what readers call a system."""
    return NAMES.get(system, system.replace("_", " "))


def read_text(cell: str) -> str:
    """Return a text of the data set without the mark that keeps a spreadsheet from taking it for another."""
    return cell.removeprefix(MARK)


def list_answers(numbers: Numbers, levels: int) -> Answers | None:
    """Return a report's answers, or None where it is of a format that is not known here.

    Parameters
    ----------
    levels
        The highest rating, where ratings were asked for.
    """
    if numbers.get("format_version") != FORMAT_VERSION:
        return None
    readers: dict[str, Callable[[Numbers], Answers]] = {
        "whos-that-composer/numbers": _read_single,
        "whos-that-composer/numbers-pairs": _read_pairs,
        "whos-that-composer/numbers-ratings": lambda found: _read_ratings(found, levels),
    }
    read = readers.get(str(numbers.get("format")))
    return read(numbers["with_exclusions"]) if read else None


def _read_single(found: Numbers) -> Answers:
    human, original = found["human"], found["human_original"]
    people = [_make_row(one, one["rate"]) for one in (human, original) if one]
    generators = [
        _make_row(one["fooling"], one["fooling"]["rate"], _answer_single(one)) for one in found["generators"]
    ]
    mark = float(human["rate"]["value"])
    rows = (*people, *generators)
    return Answers("yes_no", rows, mark, "music by people", _list_percents(), "judged_human")


def _answer_single(generator: Numbers) -> str:
    difference, test = generator["fooling"]["difference"], generator["equivalence"]
    points = f"{100 * test['bound']:.0f} points"
    low = difference["value"] < 0
    told = "Listeners could tell: they took it for human less often than music by people."
    fooled = "It was taken for human even more often than music by people."
    return _conclude(test["verdict"], points, told if low else fooled)


def _read_pairs(found: Numbers) -> Answers:
    tests = _find_declared(found)
    rows = tuple(
        _make_row(
            pair,
            pair["correct"],
            _conclude(
                tests[pair["system"]]["verdict"],
                f"{100 * tests[pair['system']]['bound']:.0f} points",
                "Listeners could tell: they found the human's clip more often than by guessing."
                if pair["correct"]["value"] > GUESSING
                else "Listeners took it for the human's clip more often than the human's own.",
            ),
        )
        for pair in found["pairs"]
    )
    return Answers("two_afc", rows, GUESSING, "guessing", _list_percents(), "judged_human")


def _read_ratings(found: Numbers, levels: int) -> Answers:
    tests = _find_declared(found)
    rated = sorted(found["ratings"], key=lambda one: one["system"] not in HUMAN_SYSTEMS)
    ends = 1.0, float(levels)
    rows = tuple(_make_rating(one, tests.get(one["system"]), ends) for one in rated)
    ticks = tuple(((i - 1) / (levels - 1), str(i)) for i in range(1, levels + 1))
    mark = next((row.place for row in rows if row.system == HUMAN), GUESSING)
    return Answers("rating", rows, mark, "music by people", ticks, "mean", *ends)


def _make_rating(rating: Numbers, test: Numbers | None, ends: tuple[float, float]) -> Row:
    sentence, better = "", rating["superiority"]
    if test is not None and better is not None:
        share = better["value"]
        verdict = _conclude(
            test["verdict"],
            f"{100 * test['bound']:.0f} points",
            f"Listeners rated it {'lower' if share < GUESSING else 'higher'} than music by people.",
        )
        sentence = (
            f"{verdict} Beside a clip by a person it is the better rated one {percent(share)} of the time."
        )
    return _make_row(rating, rating["mean"], sentence, ends)


def _find_declared(found: Numbers) -> dict[str, Numbers]:
    return {claim["system"]: claim["test"] for claim in found["claims"] if claim["name"] == "declared"}


def _conclude(verdict: str, bound: str, told: str) -> str:
    """Return what may be said of a generator; a difference that was not found is never called equality."""
    within = f"within the {bound} that were declared before as too small to matter"
    return {
        "different": told,
        "different_within_bound": f"{told} But the difference is small: {within}.",
        "equal": f"Listeners could not tell: any difference is {within}.",
        "open": "The study cannot say whether listeners can tell: its range leaves room for both.",
    }.get(verdict, "Whether listeners can tell cannot be estimated from these answers.")


def _make_row(
    one: Numbers, estimate: Numbers, sentence: str = "", ends: tuple[float, float] = (0.0, 1.0)
) -> Row:
    lowest, highest = ends
    is_share = ends == (0.0, 1.0)

    def place(value: float | None) -> float | None:
        return None if value is None else min(1.0, max(0.0, (value - lowest) / (highest - lowest)))

    def show(value: float) -> str:
        return percent(value) if is_share else f"{value:.1f}"

    low, high = estimate["low"], estimate["high"]
    return Row(
        read_text(one["system"]),
        place(estimate["value"]) or 0.0,
        place(low),
        place(high),
        show(estimate["value"]),
        f"{show(low)} to {show(high)}" if low is not None and high is not None else "",
        one["n_listeners"],
        one["n_clips"],
        one["n_trials"],
        sentence,
    )


def _list_percents() -> tuple[tuple[float, str], ...]:
    quarters: Sequence[float] = (0, 0.25, 0.5, 0.75, 1)
    return tuple((place, percent(place)) for place in quarters)
