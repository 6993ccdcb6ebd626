"""The article's tokens with and without music21, side by side: what is equal, what falls back, how fast.

Run it as `python benchmarks/article_tokens.py FOLDER`; without a folder it takes the Pokémon files that
STUDY_POKEMON_DIR names. Times are CPU seconds of this process, each file read both ways in turn; music21 is
imported before the clock starts.
"""

import random
import statistics
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import click
from claims import state_claim

from models.article_notation import NotFollowedError
from models.article_tokens import FOLLOWED_VERSION, read_with_music21, read_without_music21
from models.sources import POKEMON_VARIABLE, list_midi


@click.command()
@click.argument(
    "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), envvar=POKEMON_VARIABLE
)
@click.option("--n-compared", default=60, show_default=True, help="Files that music21 reads too.")
@click.option("--all", "compare_all", is_flag=True, help="Let music21 read every file.")
@click.option("--seed", default=2018, show_default=True, help="Of the choice of files.")
def main(folder: Path, n_compared: int, seed: int, *, compare_all: bool) -> None:
    """Print the shares of files and the ratio of times."""
    import music21

    files = list_midi(folder)
    rng = random.Random(seed)  # noqa: S311 (a choice of files, no secret)
    compared = set(files if compare_all else rng.sample(files, min(n_compared, len(files))))
    reasons: Counter[str] = Counter()
    times, expected_times, n_equal, n_followed = [], [], 0, 0
    for file in files:
        tokens, seconds = time_reading(follow(reasons), file)
        if file in compared:
            expected, expected_s = time_reading(read_with_music21, file)
            n_followed += tokens is not None
            n_equal += tokens == expected
            times.append(seconds if tokens is not None else seconds + expected_s)
            expected_times.append(expected_s)
    print(f"music21 {music21.__version__}, followed {FOLLOWED_VERSION}; {len(files)} files in {folder.name}")
    print(f"left to music21: {reasons.total()} of {len(files)} files ({reasons.total() / len(files):.1%})")
    for reason, count in reasons.most_common():
        print(f"  {count} with {reason}")
    print(
        f"equal to music21: {n_equal} of the {n_followed} files that are not left to it, of {len(compared)}"
    )
    ratio = sum(expected_times) / sum(times)
    print(f"CPU time: {sum(expected_times):.2f} s with music21, {sum(times):.2f} s by the rule: {ratio:.0f}x")
    state_claim("The article's tokens", ratio, "times as fast as with music21")
    ratio = statistics.median(slow / fast for slow, fast in zip(expected_times, times, strict=True))
    print(f"median ratio of a file: {ratio:.0f}x")


def follow(reasons: Counter[str]) -> Callable[[Path], list[str] | None]:
    """Return a reader that counts why files are left to music21."""

    def read(file: Path) -> list[str] | None:
        try:
            return read_without_music21(file)
        except NotFollowedError as error:
            reasons[str(error)] += 1
            return None

    return read


def time_reading(read: Callable[[Path], list[str] | None], file: Path) -> tuple[list[str] | None, float]:
    """Return what a reader returns, and the CPU seconds that it took."""
    start = time.process_time()
    result = read(file)
    return result, time.process_time() - start


if __name__ == "__main__":
    main()
