"""Ten thousand damaged MIDI files: each must become music or be refused in words, fast and in little memory.

Run it as `python benchmarks/midi_fuzz.py [FOLDER]`; the folder's files, or those that STUDY_POKEMON_DIR
names, are damaged beside made ones. All that an import does to a file is done: it is read, arranged for the
piano and put on the grid. That happens in a process of its own, so that its death or silence is seen. File N
of a seed is always the same; `--keep` writes those that failed.
"""

import faulthandler
import multiprocessing
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import click
import numpy as np

from models.arrangement import arrange
from models.midi import MAX_BYTES, parse_midi
from models.sources import POKEMON_VARIABLE, list_midi
from models.tokens import fit_vocabulary, quantize
from study_core.errors import CorpusError

MAX_SECONDS, MAX_SILENCE_S, MAX_MIB = 2, 60, 1024
MUSIC, REFUSED = "music", "refused"
N_WHOLE, LARGE_BYTES = 5, 100_000
LARGEST_NUMBER = b"\xff\xff\xff\x7f"  # of variable length

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Case:
    """What became of one damaged file."""

    number: int
    outcome: str
    """`music`, `refused`, or the name of another exception."""
    message: str
    cpu_s: float
    peak_mib: float

    @property
    def failed(self) -> bool:
        """Whether it ended otherwise than it may."""
        return self.outcome not in {MUSIC, REFUSED} or self.cpu_s > MAX_SECONDS or self.peak_mib > MAX_MIB


@click.command()
@click.argument(
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar=POKEMON_VARIABLE,
    required=False,
)
@click.option("--count", default=10_000, show_default=True, help="Damaged files.")
@click.option("--seed", default=2018, show_default=True, help="Other seeds, other damage.")
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Write failures here.")
def main(folder: Path | None, count: int, seed: int, keep: Path | None) -> None:
    """Print what became of the files, and the worst time and memory; the exit status is 1 on a failure."""
    whole = [file.read_bytes() for file in list_midi(folder)] if folder else []
    files = [*whole, *make_files()]
    print(f"{count:,} files, damaged from {len(whole)} real and {len(files) - len(whole)} made ones")
    cases = list(run_cases(files, seed, count))
    print_cases(cases)
    failures = [case for case in cases if case.failed]
    if len(cases) < count:
        failures.append(Case(len(cases), "death or silence", "", 0, 0))
    for case in failures:
        print(f"FAILED: {case}")
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{case.number}.mid").write_bytes(damage_file(files, seed, case.number))
    sys.exit(bool(failures))


def print_cases(cases: Sequence[Case]) -> None:
    """Print outcomes, reasons and the worst."""
    for outcome, n in Counter(case.outcome for case in cases).most_common():
        print(f"  {n:6,} {outcome}")
    print("refused, by the first words of the reason:")
    reasons = Counter(" ".join(case.message.split()[:4]) for case in cases if case.outcome == REFUSED)
    for reason, n in reasons.most_common(12):
        print(f"  {n:6,} {reason}")
    slowest = max(cases, key=lambda case: case.cpu_s)
    print(f"slowest: {slowest.cpu_s:.2f} s of CPU time (file {slowest.number}; {MAX_SECONDS} s are allowed)")
    print(f"peak memory of the process: {cases[-1].peak_mib:.0f} MiB ({MAX_MIB} are allowed)")


def run_cases(
    files: Sequence[bytes], seed: int, count: int, read: Callable[[bytes], int] | None = None
) -> Iterator[Case]:
    """Yield the cases until all are done, or the process that does them is dead or silent.

    `read` takes a file's bytes and returns its number of notes; all of an import where not given.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    worker = context.Process(
        target=read_cases, args=(sender, files, seed, count, read or import_file), daemon=True
    )
    worker.start()
    sender.close()
    try:
        for _ in range(count):
            if not receiver.poll(MAX_SILENCE_S):
                return
            yield receiver.recv()
    except EOFError:
        return
    finally:
        worker.kill()
        worker.join()


def read_cases(
    sender: Connection, files: Sequence[bytes], seed: int, count: int, read: Callable[[bytes], int]
) -> None:
    """Damage and read the files one by one; send what became of each."""
    faulthandler.enable()
    for number in range(count):
        data = damage_file(files, seed, number)
        start = time.process_time()
        outcome, message = judge(read, data)
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        sender.send(Case(number, outcome, message, time.process_time() - start, peak_mib))


def judge(read: Callable[[bytes], int], data: bytes) -> tuple[str, str]:
    """Return the outcome and its words."""
    try:
        return MUSIC, f"{read(data)} notes"
    except CorpusError as error:
        return REFUSED, str(error)
    except Exception as error:  # noqa: BLE001 (every other exception is what is looked for)
        return type(error).__name__, str(error)


def import_file(data: bytes) -> int:
    """Do all that an import does to a file; return its number of notes."""
    return len(fit_vocabulary(quantize(arrange(parse_midi(data)))).notes)


def damage_file(files: Sequence[bytes], seed: int, number: int) -> bytes:
    """Return one of the files, damaged once or more often; the last files come first, undamaged.

    Of files as large as is allowed one in a hundred is damaged: they take a thousand times as long.
    """
    if number < N_WHOLE:
        return files[-1 - number]
    rng = np.random.default_rng([seed, number])
    chosen = files if number % 100 == 0 else [file for file in files if len(file) < LARGE_BYTES]
    data = chosen[rng.integers(len(chosen))]
    for _ in range(rng.geometric(0.6)):
        damage = DAMAGES[rng.integers(len(DAMAGES))]
        data = damage(rng, data, files)
    return data


def flip_bytes(rng: Rng, data: bytes, _: Sequence[bytes]) -> bytes:
    """Change up to 8 bytes, anywhere."""
    damaged = bytearray(data)
    for place in find_places(rng, data, int(rng.integers(1, 9))):
        damaged[place : place + 1] = rng.bytes(1)
    return bytes(damaged)


def change_music(rng: Rng, data: bytes, _: Sequence[bytes]) -> bytes:
    """Change up to 1,000 bytes below 128 into others below 128: other pitches, times and velocities."""
    damaged = bytearray(data)
    for place in rng.integers(min(22, len(data)), len(data) + 1, rng.integers(1, 1001)).tolist():
        if damaged[place : place + 1] < b"\x80":
            damaged[place : place + 1] = bytes([rng.integers(128)])
    return bytes(damaged)


def flip_header(rng: Rng, data: bytes, _: Sequence[bytes]) -> bytes:
    """Change up to 4 bytes of the header and the first track's head."""
    damaged = bytearray(data)
    for place in rng.integers(0, 22, rng.integers(1, 5)):
        damaged[place : place + 1] = rng.bytes(1)
    return bytes(damaged)


def cut_end(rng: Rng, data: bytes, _: Sequence[bytes]) -> bytes:
    """Keep the first bytes only."""
    return data[: rng.integers(len(data) + 1)]


def cut_piece(rng: Rng, data: bytes, _: Sequence[bytes]) -> bytes:
    """Take bytes out of the middle."""
    first, last = sorted(find_places(rng, data, 2))
    return data[:first] + data[last:]


def repeat_piece(rng: Rng, data: bytes, _: Sequence[bytes]) -> bytes:
    """Repeat some bytes up to 64 times, within what a file may have."""
    first, last = sorted(find_places(rng, data, 2))
    return (data[:last] + data[first:last] * int(rng.integers(1, 65)) + data[last:])[:MAX_BYTES]


def splice(rng: Rng, data: bytes, files: Sequence[bytes]) -> bytes:
    """Go on with the end of another file."""
    other = files[rng.integers(len(files))]
    return data[: rng.integers(len(data) + 1)] + other[rng.integers(len(other) + 1) :]


def insert_number(rng: Rng, data: bytes, _: Sequence[bytes]) -> bytes:
    """Put numbers of variable length, the largest or endless, between the bytes."""
    number = (LARGEST_NUMBER, b"\xff" * int(rng.integers(1, 300)))[rng.integers(2)]
    for place in find_places(rng, data, int(rng.integers(1, 9))):
        data = data[:place] + number + data[place:]
    return data


def change_length(rng: Rng, data: bytes, _: Sequence[bytes]) -> bytes:
    """Give a chunk another length: none, the largest, or any."""
    place = data.find(b"MTrk", rng.integers(len(data) + 1)) + 4
    length = (b"\0\0\0\0", b"\xff\xff\xff\xff", rng.bytes(4), b"\0\0" + rng.bytes(2))[rng.integers(4)]
    return data[:place] + length + data[place + 4 :]


def change_division(rng: Rng, data: bytes, _: Sequence[bytes]) -> bytes:
    """Give the file other ticks per beat: none, one, many, film frames."""
    return data[:12] + (b"\0\0", b"\0\1", b"\x7f\xff", b"\xe7\x28", rng.bytes(2))[rng.integers(5)] + data[14:]


def insert_event(rng: Rng, data: bytes, _: Sequence[bytes]) -> bytes:
    """Put odd events between the bytes: tempi and meters out of range, the end of a track, cable messages."""
    event = EVENTS[rng.integers(len(EVENTS))]
    for place in find_places(rng, data, int(rng.integers(1, 9))):
        data = data[:place] + event + data[place:]
    return data


def find_places(rng: Rng, data: bytes, count: int) -> list[int]:
    """Return places in a file."""
    return rng.integers(0, len(data) + 1, count).tolist()


EVENTS = (
    b"\0\xff\x51\3\0\0\0",
    b"\0\xff\x51\3\xff\xff\xff",
    b"\0\xff\x58\4\0\xff\0\0",
    b"\0\xff\x58\4\xff\0\x18\x08",
    b"\0\xff\x59\2\x80\xff",
    b"\0\xff\x2f\0",
    b"\0\xf0" + LARGEST_NUMBER,
    b"\0\xf8\0\xf4\0\xfe",
    b"\0\xb0\x40\x7f",
    b"\0\x99\x24\x7f",
    b"\0\x90\x7f\x7f" * 40,
    b"\0\xc0\x7f",
)
DAMAGES: tuple[Callable[[Rng, bytes, Sequence[bytes]], bytes], ...] = (
    flip_bytes,
    *[change_music] * 3,  # more often: it lets most files be music
    flip_header,
    cut_end,
    cut_piece,
    repeat_piece,
    splice,
    insert_number,
    change_length,
    change_division,
    insert_event,
)


def make_files() -> list[bytes]:
    """Return files as corpora seldom have them: of 300 tracks, in a RIFF wrapper, as large as is allowed."""
    note, end = b"\0\x90\x3c\x40\x60\x80\x3c\0", b"\0\xff\x2f\0"
    small, n_largest = make_file(note * 40 + end), MAX_BYTES // 4 - 100
    size, size_wrapped = len(small).to_bytes(4, "little"), (len(small) + 12).to_bytes(4, "little")
    rows = np.random.default_rng(0).integers((0, 0x80, 21, 0), (2, 0xA0, 109, 128), (n_largest, 4))
    return [
        make_file(*[b"\0\xff\x03\x04part" + note * 8 + end] * 300),
        b"RIFF" + size_wrapped + b"RMIDdata" + size + small,
        make_file(b"\0\x90\x3c\x40" * (n_largest // 2) + b"\1\x80\x3c\0" * (n_largest // 2) + end),
        make_file(b"\0\xb0\x40\x7f" * 1000 + b"\1\x90\x3c\x40" * (n_largest - 1000) + end),
        make_file(rows.astype(np.uint8).tobytes() + end),
    ]


def make_file(*tracks: bytes) -> bytes:
    """Return a MIDI file of format 1 with 96 ticks per beat."""
    chunks = [b"MTrk" + len(track).to_bytes(4, "big") + track for track in tracks]
    return b"MThd\0\0\0\6\0\1" + len(tracks).to_bytes(2, "big") + b"\0\x60" + b"".join(chunks)


if __name__ == "__main__":
    main()
