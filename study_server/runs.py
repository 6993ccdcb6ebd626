"""Orders of two classes in which no run of one class is long: each such order equally likely."""

from functools import cache

import numpy as np

from study_core.errors import StimulusError


class Orders:
    """All orders of so many human and so many generated clips with runs of a limited length."""

    def __init__(self, n_human: int, n_generated: int, longest_run: int) -> None:
        """Count them.

        Raises
        ------
        StimulusError
            If there is none.
        """
        self._n_human, self._n_generated = n_human, n_generated

        @cache
        def count(human: int, generated: int, last: bool | None, run: int) -> int:  # noqa: FBT001 (a state, not an option)
            """Return in how many ways an order goes on that has so many left, after a run of the last."""
            if run > longest_run or human < 0 or generated < 0:
                return 0
            if not human and not generated:
                return 1
            return count(human - 1, generated, True, run + 1 if last is True else 1) + count(
                human, generated - 1, False, run + 1 if last is False else 1
            )

        self._count = count
        if not count(n_human, n_generated, None, 0):
            raise StimulusError(
                f"No order of {n_human} human and {n_generated} generated clips has runs of at most "
                f"{longest_run}. Raise trials.longest_run or even out trials.per_participant."
            )

    def draw(self, random: np.random.Generator) -> list[bool]:
        """Return which trials are human."""
        order: list[bool] = []
        human, generated = self._n_human, self._n_generated
        last, run = None, 0
        while human or generated:
            ways = self._count(human - 1, generated, True, run + 1 if last is True else 1)
            is_human = random.random() * self._count(human, generated, last, run) < ways
            last, run = is_human, run + 1 if is_human is last else 1
            human, generated = human - is_human, generated - (not is_human)
            order.append(is_human)
        return order
