"""What a listener's answers to questions and screenings come to, one value each."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from study_server.questions import score_training
from study_server.screening import EXAMPLE

BACKGROUND = ("age_band", "musical_training", "games_played", "headphones", "reason")
"""The columns that `score_background` fills."""


def score_background(answers: Mapping[str, str], headphones: float | None) -> tuple[object, ...]:
    """Return the values of `BACKGROUND` from the answers by question; None where nothing was said."""
    games = answers.get("pokemon_games")
    return (
        answers.get("age_band"),
        score_training(answers),
        int(games) if games else None,
        headphones,
        answers.get("gave_it_away"),
    )


def share_right(screening: Sequence[Any]) -> float | None:
    """Return the share of right answers: of each test the best attempt, the mean over tests."""
    attempts: dict[tuple[str, int], list[bool]] = defaultdict(list)
    for row in screening:
        if row.trial_index != EXAMPLE:
            attempts[row.test, row.attempt].append(row.answer == row.correct_answer)
    best: dict[str, float] = defaultdict(float)
    for (test, _), right in attempts.items():
        best[test] = max(best[test], sum(right) / len(right))
    return sum(best.values()) / len(best) if best else None
