"""The article's LSTM and ours on the article's own tokens, side by side: what each learns in its time.

    python benchmarks/article_lstm.py --data-dir data

The corpus must be prepared (`study corpus prepare`). Ours here is the small network that its tokens allow:
an embedding, one LSTM and a softmax that learns from every token of a crop at once, where the article's
pipeline reads a hundred tokens to learn from one. Both train on the training pieces and foretell the same
held-out tokens of the test pieces. Times are CPU seconds of training steps; compiling and measuring are left
out. The article's network is scaled by `--units`: at its full 512, a step takes seconds on a CPU.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import click
import numpy as np
from claims import state_claim
from numpy.typing import NDArray

from models.article_songs import read_songs
from models.article_windows import WINDOW, Windows, make_windows
from models.backend import load_backend
from study_core.folders import DataFolders

MOST_TARGETS = 2048
CROPS, CROP_TOKENS = 32, 96
EMBEDDING, UNITS, DROPOUT, RATE = 96, 192, 0.4, 4e-3
OUR_MARKS_S = (5, 10, 15, 30, 60)


class Learner(Protocol):
    """A network that learns step by step."""

    def step(self) -> None:
        """Take one step of the optimizer."""

    def foretell(self, inputs: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return probabilities of the token behind each row of token numbers."""


class ArticleLearner:
    """The article's pipeline."""

    def __init__(self, windows: Windows, units: int) -> None:
        from models.article_lstm import BATCH, build_article_lstm

        self._model = build_article_lstm(len(windows.vocabulary), units)
        self._windows, self._batch, self._rng = windows, BATCH, np.random.default_rng(1)

    def step(self) -> None:
        """Learn from 64 windows, a token each."""
        starts = self._rng.integers(self._windows.n_windows, size=self._batch)
        self._model.train_on_batch(*self._windows.cut(starts))

    def foretell(self, inputs: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return probabilities of the token behind each row of token numbers."""
        scaled = inputs[..., np.newaxis].astype(np.float32) / len(self._windows.vocabulary)
        shares: NDArray[np.float32] = self._model.predict(scaled, batch_size=64, verbose=0)
        return shares


class OurLearner:
    """Every token of a crop learns at once."""

    def __init__(self, windows: Windows) -> None:
        import keras
        from keras import layers

        n_tokens = len(windows.vocabulary)
        self._model: Any = keras.Sequential(
            [
                layers.Embedding(n_tokens, EMBEDDING),
                layers.Dropout(DROPOUT / 2),
                layers.LSTM(UNITS, return_sequences=True),
                layers.Dropout(DROPOUT),
                layers.Dense(n_tokens),
            ]
        )
        self._model.compile(
            optimizer=keras.optimizers.AdamW(RATE, weight_decay=0.02, clipnorm=1.0),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=False,
        )
        self._numbers, self._rng = windows.numbers, np.random.default_rng(1)

    def step(self) -> None:
        """Learn from 32 crops, 96 tokens each."""
        starts = self._rng.integers(len(self._numbers) - CROP_TOKENS, size=CROPS)
        crops = self._numbers[starts[:, np.newaxis] + np.arange(CROP_TOKENS + 1)]
        self._model.train_on_batch(crops[:, :-1], crops[:, 1:])

    def foretell(self, inputs: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return probabilities of the token behind each row of token numbers."""
        logits = self._model.predict(inputs, batch_size=64, verbose=0)[:, -1]
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        normal: NDArray[np.float32] = shares / shares.sum(axis=1, keepdims=True)
        return normal


def cut_targets(windows: Windows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return windows of token numbers, evenly over the songs, and the token behind each."""
    starts = np.linspace(0, windows.n_windows - 1, min(MOST_TARGETS, windows.n_windows)).astype(np.int64)
    return windows.numbers[starts[:, np.newaxis] + np.arange(WINDOW)], windows.numbers[starts + WINDOW]


@dataclass(frozen=True, slots=True)
class Skill:
    """How well held-out tokens are foretold."""

    nats: float
    """Per token."""
    accuracy: float
    """Share of tokens that were the likeliest."""
    n_distinct: int
    """How many tokens ever were the likeliest."""

    def __str__(self) -> str:
        return f"{self.nats:.3f} nats, {self.accuracy:6.1%} right, {self.n_distinct:3} tokens ever likeliest"


Curve = list[tuple[float, Skill]]
"""CPU seconds of training, and what was learned in them."""


def measure(shares: NDArray[np.float32], targets: NDArray[np.int64]) -> Skill:
    """Return how well probabilities foretell tokens."""
    likelihood = np.maximum(shares[np.arange(len(targets)), targets], 1e-12)
    likeliest = shares.argmax(axis=1)
    return Skill(
        float(-np.log(likelihood).mean()), float((likeliest == targets).mean()), len(set(likeliest.tolist()))
    )


def learn(name: str, learner: Learner, held_out: Windows, marks_s: Sequence[float]) -> Curve:
    """Train until the last mark; print and return how well the targets are foretold at each."""
    inputs, targets = cut_targets(held_out)
    learner.step()  # compiles
    used_s, n_steps = 0.0, 1
    curve: Curve = []
    for mark_s in marks_s:
        while used_s < mark_s:
            start = time.process_time()
            learner.step()
            used_s += time.process_time() - start
            n_steps += 1
        curve.append((used_s, measure(learner.foretell(inputs), targets)))
        print(f"{name:18}{used_s:6.0f} CPU-s {n_steps:6} steps  {curve[-1][1]}", flush=True)
    return curve


def compare(ours: Curve, article: Curve) -> Iterator[str]:
    """Yield what the two curves say about each other."""
    best_nats = min(skill.nats for _, skill in article)
    best_accuracy = max(skill.accuracy for _, skill in article)
    last_s = article[-1][0]
    below = next(((used_s, skill) for used_s, skill in ours if skill.nats < best_nats), None)
    if below:
        share = f"in 1/{last_s / below[0]:.0f} of the time ({below[0]:.1f} of {last_s:.0f} CPU-s)"
        state_claim("The article's best NLL on its own tokens", last_s / below[0], "times sooner reached")
        yield f"ours is below the article's best NLL: {below[1].nats:.3f} against {best_nats:.3f} {share}"
    else:
        yield f"ours is never below the article's best NLL of {best_nats:.3f}"
    used_s, best = min(ours, key=lambda each: each[1].nats)
    state_claim("Token accuracy at the end", best.accuracy / best_accuracy, "times the article's")
    yield (
        f"token accuracy: {best.accuracy:.1%} against {best_accuracy:.1%}, "
        f"{best.accuracy / best_accuracy:.1f} times, after {used_s:.0f} against {last_s:.0f} CPU-s"
    )


def measure_unigram(windows: Windows, held_out: Windows) -> Skill:
    """Return how well tokens are foretold by how often they come."""
    counts = Counter(windows.numbers.tolist())
    shares = np.array([counts[i] + 1 for i in range(len(windows.vocabulary))], dtype=np.float32)
    inputs, targets = cut_targets(held_out)
    return measure(np.tile(shares / shares.sum(), (len(inputs), 1)), targets)


@click.command()
@click.option("--data-dir", type=click.Path(exists=True, file_okay=False, path_type=Path), default="data")
@click.option(
    "--units", default=64, show_default=True, help="Of the article's LSTM layers; 512 in the article."
)
@click.option("--article-s", default=180.0, show_default=True, help="CPU seconds that the article's trains.")
def main(data_dir: Path, units: int, article_s: float) -> None:
    """Train both and print what they learned."""
    folders = DataFolders(data_dir)
    windows = make_windows(list(read_songs(folders, "train").values()))
    held_out = make_windows(list(read_songs(folders, "test").values()), windows.vocabulary)
    n_train, n_test = len(windows.numbers), len(held_out.numbers)
    print(f"{n_train} training and {n_test} test tokens of {len(windows.vocabulary)} kinds")
    print(f"{'unigram':42}{measure_unigram(windows, held_out)}")
    load_backend()
    our_marks_s = [mark for mark in OUR_MARKS_S if mark <= article_s]
    ours = learn("ours", OurLearner(windows), held_out, our_marks_s)
    marks_s = [article_s * share for share in (0.25, 0.5, 1)]
    article = learn(f"article, {units} units", ArticleLearner(windows, units), held_out, marks_s)
    print("\n".join(compare(ours, article)))


if __name__ == "__main__":
    main()
