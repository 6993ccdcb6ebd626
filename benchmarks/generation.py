"""Notes per second: our generators against the article's loop, in one run; and one clip from start to file.

    python benchmarks/generation.py --data-dir data

The corpus must be prepared and the lstm there (`study train lstm`). The article's network has its full size
and random weights, which decide what it writes but not how fast; its loop asks Keras for one token after the
other. Ours composes the same clips alone and side by side. Times are CPU seconds of this process, or of the
process of `study generate`; the best of several, for other programs only make a run slower.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is loaded, as the `study` command does

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import numpy as np
from claims import state_claim

from models.article_windows import WINDOW
from models.backend import load_backend
from models.corpus import load_pieces
from models.generator import Generator, Request, open_generator
from models.primers import find_primer_starts, request_after
from models.tokens import TICKS_PER_BEAT
from study_core.folders import DataFolders
from study_core.production import ClipsConfig

CLIP_S, MANY = 20, 32
VOCABULARY = 546  # of the training pieces
REPEATS = 3
WANTED = {1: 100, MANY: 500}


def time_cpu(work: Callable[[], int]) -> float:
    """Return the most notes per CPU second of several runs of something that returns how many it made."""
    speeds = []
    for _ in range(REPEATS):
        start = time.process_time()
        n_notes = work()
        speeds.append(n_notes / (time.process_time() - start))
    return max(speeds)


def make_article_loop(n_tokens: int) -> Callable[[], int]:
    """Return the published loop: the likeliest next token of a window, appended, again and again."""
    from models.article_lstm import build_article_lstm

    model = build_article_lstm(VOCABULARY)
    start = np.random.default_rng(1).integers(VOCABULARY, size=WINDOW).tolist()

    def write() -> int:
        pattern = list(start)
        for _ in range(n_tokens):
            heard = np.reshape(pattern, (1, WINDOW, 1)).astype(np.float32) / VOCABULARY
            pattern = [*pattern[1:], int(np.argmax(model.predict(heard, verbose=0)))]
        return n_tokens

    model.predict(np.zeros((1, WINDOW, 1), np.float32), verbose=0)  # compiles
    return write


def make_requests(folders: DataFolders, n: int) -> list[Request]:
    """Return orders for clips that go on from training pieces."""
    usable = [p.score for p in load_pieces(folders, "train") if find_primer_starts(p.score)]
    ticks = [int(CLIP_S * score.bpm / 60 * TICKS_PER_BEAT) for score in usable[:n]]
    return [request_after(score, i, ticks[i]) for i, score in enumerate(usable[:n])]


def make_ours(generator: Generator, requests: Sequence[Request]) -> Callable[[], int]:
    """Return composing those clips side by side."""
    return lambda: sum(len(score.notes) for score in generator.compose(requests))


def time_one_clip(system: str, data_dir: Path) -> float:
    """Return the CPU seconds of `study generate` from the start of its process to one MIDI file."""
    spent = []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as out:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(
                [
                    *(sys.executable, "-m", "study_core.cli", "--quiet", "--data-dir", str(data_dir)),
                    *("generate", "--system", system, "--seconds", str(CLIP_S), "--out", out),
                ],
                check=True,
                capture_output=True,
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            if not list(Path(out).glob("*.mid")):
                raise SystemExit("study generate wrote no clip")
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(spent)


@click.command()
@click.option("--data-dir", type=click.Path(exists=True, file_okay=False, path_type=Path), default="data")
@click.option("--system", default="lstm", show_default=True)
@click.option("--article-tokens", default=20, show_default=True, help="That the article's loop writes.")
def main(data_dir: Path, system: str, article_tokens: int) -> None:
    """Print notes per second, their ratios and the time of one clip."""
    print(f"one clip of {CLIP_S} s, from process start to MIDI: {time_one_clip(system, data_dir):.2f} CPU-s")
    folders = DataFolders(data_dir)
    generator = open_generator(system, folders, ClipsConfig())
    ours = {n: time_cpu(make_ours(generator, make_requests(folders, n))) for n in WANTED}
    load_backend()
    article = time_cpu(make_article_loop(article_tokens))
    print(f"article's loop, 512 units: {article:8.1f} notes per CPU-s")
    for n, speed in ours.items():
        print(f"{system}, {n:2} at once: {speed:13.1f} notes per CPU-s, {speed / article:.0f} times")
        state_claim(f"Notes a second, {n} at once", speed / article, "times the article's loop")


if __name__ == "__main__":
    main()
