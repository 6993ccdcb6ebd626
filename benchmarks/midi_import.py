"""How fast a corpus is imported: against music21 as the article used it, against pretty_midi, and tenfold.

Run it as `python benchmarks/midi_import.py [FOLDER]`; without a folder it takes the Pokémon files that
STUDY_POKEMON_DIR names. An import is what `study corpus prepare` does first: files are opened, hashed and
parsed into the note table, which is kept on the disk. music21 runs the article's own loop, without its cache.
Times are CPU seconds of this process. The readers take turns, a few files at a time, so that whatever else
the machine does falls on all alike.
"""

import random
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

import click
import pretty_midi
from claims import state_claim, state_growth

from models.article_tokens import read_with_music21
from models.notes import NoteTable, read_notes
from models.sources import POKEMON_VARIABLE, list_midi
from study_core.errors import CorpusError

N_FILES_PER_TURN, N_COPIES, N_ROUNDS = 25, 10, 3
REFUSALS = (CorpusError, OSError, ValueError, LookupError)


@click.command()
@click.argument(
    "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), envvar=POKEMON_VARIABLE
)
@click.option("--n-compared", type=int, help="Compare readers on so many files; on all where not given.")
@click.option("--seed", default=2018, show_default=True, help="Of the choice of files.")
def main(folder: Path, n_compared: int | None, seed: int) -> None:
    """Print the times, their ratios, and what a corpus ten times as large costs."""
    files = list_midi(folder)
    rng = random.Random(seed)  # noqa: S311 (a choice of files, no secret)
    with tempfile.TemporaryDirectory() as place:
        compare_readers(rng.sample(files, n_compared or len(files)), Path(place, "cache.npz"))
        compare_sizes(files, list(copy_files(files, Path(place))), Path(place, "cache.npz"))


def compare_readers(files: Sequence[Path], cache: Path) -> None:
    """Print what each reader takes for the same files."""
    readers: dict[str, Callable[[Sequence[Path]], int]] = {
        "this import": lambda some: len(import_cold(some, cache).performances),
        "pretty_midi": read_each(lambda file: pretty_midi.PrettyMIDI(str(file))),
        "music21": read_each(read_with_music21),
    }
    seconds, n_read = dict.fromkeys(readers, 0.0), dict.fromkeys(readers, 0)
    for read in readers.values():
        read(files[:1])  # imports what it needs
    for first in range(0, len(files), N_FILES_PER_TURN):
        for name, read in readers.items():
            start = time.process_time()
            n_read[name] += read(files[first : first + N_FILES_PER_TURN])
            seconds[name] += time.process_time() - start
    print(f"CPU time for {len(files)} files, and how often this import's:")
    for name in readers:
        ratio = seconds[name] / seconds["this import"]
        print(f"  {name:12} {seconds[name]:8.2f} s {ratio:8.1f}x, {n_read[name]} files read")
    for name in list(readers)[1:]:
        ratio = seconds[name] / seconds["this import"]
        state_claim(f"Import of {len(files)} MIDI files", ratio, f"times as fast as {name}")


def compare_sizes(files: Sequence[Path], many: Sequence[Path], cache: Path) -> None:
    """Print what the import of two corpora costs, cold, from the cache, and with one file changed."""
    costs: dict[str, list[float]] = {}
    for _ in range(N_ROUNDS):
        for some in (files, many):
            for state, before in (("cold", ()), ("from the cache", some), ("with one new file", some[1:])):
                import_cold(before, cache)
                start = time.process_time()
                read_notes(some, cache)
                costs.setdefault(f"{len(some)} files {state}", []).append(time.process_time() - start)
    print(f"CPU time of an import, median of {N_ROUNDS}:")
    for name, seconds in costs.items():
        print(f"  {name}: {median(seconds):.3f} s")
    cold = {len(some): median(costs[f"{len(some)} files cold"]) for some in (files, many)}
    state_growth("Import of a corpus", "files", cold)


def import_cold(files: Sequence[Path], cache: Path) -> NoteTable:
    """Return the note table of files that were never seen before."""
    cache.unlink(missing_ok=True)
    return read_notes(files, cache)


def read_each(read: Callable[[Path], object]) -> Callable[[Sequence[Path]], int]:
    """Return a function that reads some files and counts those that were not refused."""

    def read_some(files: Sequence[Path]) -> int:
        n_read = 0
        for file in files:
            try:
                read(file)
                n_read += 1
            except REFUSALS:
                continue
        return n_read

    return read_some


def copy_files(files: Sequence[Path], folder: Path) -> Iterator[Path]:
    """Yield copies of all files, no two alike: a byte or more stands behind the last track."""
    for i in range(N_COPIES):
        for file in files:
            copy = folder / f"{i} {file.name}"
            copy.write_bytes(file.read_bytes() + b"\0" * i)
            yield copy


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # what the others say about single files
    main()
