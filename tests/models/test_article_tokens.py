"""The article's tokens: the fast path against music21 itself, on real files, made files and random ones."""

import random
import struct
from collections.abc import Callable
from pathlib import Path

import mido
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import article_instruments as instruments
from models import article_tokens as subject
from models.article_bars import UNITS
from models.article_notation import NotFollowedError
from models.article_tokens import (
    article_tokens,
    name_token,
    read_with_music21,
    read_without_music21,
    write_article_midi,
)
from models.sources import list_midi
from study_core.errors import CorpusError
from tests.models.conftest import run_python

QUARTER = 96
END = b"\0\xff\x2f\0"
NOTE = b"\0\x90\x3c\x50\x60\x80\x3c\0"  # middle C for a quarter note
NAMES = ["Piano", "Piano 1", "Flute", "SmartMusic SoftSynth", "", "Instrument 3", "R. H.", "flute ", "Inst"]


def write_bytes(path: Path, *tracks: bytes, kind: int = 1, division: int = QUARTER) -> Path:
    """Write tracks of raw events."""
    head = struct.pack(">4sIHHH", b"MThd", 6, kind, len(tracks), division)
    path.write_bytes(head + b"".join(struct.pack(">4sI", b"MTrk", len(each)) + each for each in tracks))
    return path


def write_notes(path: Path, *tracks: list[tuple[float, float, int]], meter: tuple[int, int] = (4, 4)) -> Path:
    """Write tracks of notes (onset, length, pitch) in quarter notes, the meter in a track of its own."""
    file = mido.MidiFile(ticks_per_beat=QUARTER)
    numerator, denominator = meter
    meters = [mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator)]
    file.tracks.append(mido.MidiTrack(meters))
    for notes in tracks:
        events = [(round(onset * QUARTER), 1, pitch) for onset, _, pitch in notes]
        events += [(round((onset + length) * QUARTER), 0, pitch) for onset, length, pitch in notes]
        file.tracks.append(mido.MidiTrack([mido.Message("program_change", program=0)]))
        add_events(file.tracks[-1], [(tick, is_on, note_message(p, is_on)) for tick, is_on, p in events])
    file.save(path)
    return path


def note_message(pitch: int, is_on: int, channel: int = 0) -> mido.Message:
    return mido.Message("note_on", note=pitch, velocity=80 * is_on, channel=channel)


def add_events(track: mido.MidiTrack, events: list[tuple[int, int, mido.Message]]) -> None:
    now = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick


# --- random files -------------------------------------------------------------------------------------------


class RandomFile:
    """A MIDI file drawn so that each of music21's steps has work: jitter, triplets, voices, ties, meters."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.quarter = rng.choice([24, 96, 100, 120, 384, 480, 960, 1024])
        self.span = rng.choice([4, 8, 16, 30]) * self.quarter
        self.grid = max(self.quarter // rng.choice([1, 2, 3, 4, 12]), 1)
        self.jitter = self.quarter // rng.choice([4, 10, 50, 10**6, 10**6])
        self.kind = rng.choice([0, 1, 1, 1])
        self.has_own_meters = self.kind == 0 or rng.random() < 0.3
        self.has_names = rng.random() < 0.5  # with names, the first instrument is often empty

    def save(self, path: Path) -> Path:
        file = mido.MidiFile(type=self.kind, ticks_per_beat=self.quarter)
        for _ in range(self.rng.randint(1, 4) if self.kind else 1):
            has_notes = self.kind == 0 or self.rng.random() < 0.8
            events = self.draw_marks(with_meters=has_notes == self.has_own_meters)
            if has_notes:
                events += self.draw_notes() + (self.draw_names() if self.has_names else [])
            file.tracks.append(mido.MidiTrack())
            add_events(file.tracks[-1], events)
        file.save(path)
        return path

    def draw_marks(self, *, with_meters: bool) -> list[tuple[int, int, mido.Message]]:
        rng, events = self.rng, []
        for _ in range(rng.choice([0, 0, 1, 5])):
            tempo = mido.MetaMessage("set_tempo", tempo=rng.randint(200_000, 1_000_000))
            events.append((rng.choice([0, rng.randint(0, self.span)]), 0, tempo))
        if rng.random() < 0.2:
            key = mido.MetaMessage("key_signature", key=rng.choice(["C", "Bb", "F#m"]))
            events.append((rng.choice([0, rng.randint(0, self.span)]), 0, key))
        for i in range(rng.choice([0, 1, 1, 2, 4]) if with_meters else 0):
            beats, unit = rng.choice([1, 2, 3, 4, 5, 7, 12]), rng.choice([2, 4, 4, 8, 16, 32])
            tick = rng.choice([rng.randint(0, self.span), self.quarter * rng.randint(0, 8)]) if i else 0
            events.append((tick, 0, mido.MetaMessage("time_signature", numerator=beats, denominator=unit)))
        return events

    def draw_names(self) -> list[tuple[int, int, mido.Message]]:
        rng, events = self.rng, []
        if rng.random() < 0.6:
            kind = rng.choice(["track_name", "track_name", "instrument_name"])
            events.append((0, 0, mido.MetaMessage(kind, name=rng.choice(NAMES))))
        for _ in range(rng.choice([0, 1, 1, 2, 3])):
            program = mido.Message("program_change", program=rng.choice([0, 0, 0, 6, 40]), channel=0)
            tick = rng.choice([0, 0, 0, 0, rng.randint(0, self.span)])
            events.append((tick, rng.choice([0, 1]), program))
        return events

    def draw_notes(self) -> list[tuple[int, int, mido.Message]]:
        rng, events = self.rng, []
        channels = rng.choice([[0], [0], [0], [0], [0, 1], [9], [0, 9]])
        for _ in range(rng.randint(1, 50)):
            start = rng.randint(0, self.span // self.grid) * self.grid
            length = rng.choice([self.grid, 2 * self.grid, *(self.quarter * n for n in (1, 2, 4, 9))])
            for _ in range(rng.choice([1, 1, 2, 3, 4])):
                pitch = rng.choice([60, 64, 67, rng.randint(36, 84)])
                onset = max(start + rng.randint(-self.jitter, self.jitter), 0)
                end = onset + max(length + rng.randint(-self.jitter, self.jitter), 1)
                channel = rng.choice(channels)
                events.append((onset, 5, note_message(pitch, 1, channel)))
                if rng.random() < 0.98:
                    events.append((end, 4, note_message(pitch, 0, channel)))
        return events


@given(st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_files_give_the_tokens_that_music21_gives(tmp_path: Path, rng: random.Random) -> None:
    path = RandomFile(rng).save(tmp_path / "random.mid")
    assert article_tokens(path) == read_with_music21(path)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_thousand_random_files_give_the_tokens_that_music21_gives(tmp_path: Path) -> None:
    n_fast = 0
    for seed in range(1000):
        rng = random.Random(seed)  # noqa: S311 (made music, no secret)
        path = RandomFile(rng).save(tmp_path / "random.mid")
        try:
            tokens = read_without_music21(path)
        except NotFollowedError:
            continue
        n_fast += 1
        assert tokens == read_with_music21(path), seed
    assert n_fast > 800


# --- real files ---------------------------------------------------------------------------------------------


def test_real_files_give_the_tokens_that_music21_gives(pokemon_dir: Path) -> None:
    small = sorted(list_midi(pokemon_dir), key=lambda path: path.stat().st_size)[:120]
    for path in small[::15]:
        assert article_tokens(path) == read_with_music21(path), path


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_pokemon_file_gives_the_tokens_that_music21_gives(pokemon_dir: Path) -> None:
    n_fast, n_tokens = 0, 0
    for path in list_midi(pokemon_dir):
        expected = read_with_music21(path)
        n_tokens += len(expected)
        try:
            assert read_without_music21(path) == expected, path
            n_fast += 1
        except NotFollowedError:
            assert article_tokens(path) == expected, path
    assert (n_fast, n_tokens) == (305, 128_870)


# --- made files: each of music21's steps --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("notes", "meter", "expected"),
    [
        ([(3, 2, 60)], (4, 4), ["C4", "C4"]),
        ([(0, 9, 61)], (3, 4), ["C#4", "C#4", "C#4"]),
        ([(0, 1, 63), (0, 1, 66), (0, 1, 70)], (4, 4), ["3.6.10"]),
        ([(0, 1, 60), (0.2, 1, 64)], (4, 4), ["0.4"]),
        ([(0, 1, 60), (0.25, 1, 64)], (4, 4), ["C4", "E4"]),
        ([(0, 1, 48), (0, 1, 60)], (4, 4), ["0"]),
        ([(0, 4, 48), (0, 1, 60), (1, 1, 62)], (4, 4), ["C3", "C4", "D4"]),
        ([(i / 3, 1 / 3, 60 + i) for i in range(6)], (4, 4), ["C4", "C#4", "D4", "E-4", "E4", "F4"]),
        ([(0, 2, 60), (1, 2, 60)], (4, 4), ["C4", "C4"]),
    ],
    ids=["tie", "ties", "chord", "late chord", "no chord", "octave", "voices", "triplets", "unison"],
)
def test_a_made_file_gives_its_tokens(
    tmp_path: Path, notes: list[tuple[float, float, int]], meter: tuple[int, int], expected: list[str]
) -> None:
    path = write_notes(tmp_path / "made.mid", notes, meter=meter)
    assert read_without_music21(path) == expected
    assert read_with_music21(path) == expected


def test_a_chord_cut_at_the_end_of_a_full_voice_moves_the_bars_of_its_track(tmp_path: Path) -> None:
    moved = [(0.0, 3.5, 60), (3.5, 2, 64), (3.5, 2, 67), (0, 1, 40), (8, 1, 72)]
    path = write_notes(tmp_path / "made.mid", moved, [(8, 1, 50), (9, 1, 52)])
    tokens = read_with_music21(path)
    assert tokens.index("C5") > tokens.index("D3")  # in the file they sound together
    assert read_without_music21(path) == tokens


@pytest.mark.parametrize(
    "events",
    [
        b"\0\xff\x03\x05Piano",
        b"\0\xff\x03\x07Piano 1\0\xc0\0",
        b"\0\xc0\0\0\xc0\x28",
        b"\0\xff\x04\x05Flute\0\xc0\0",
        b"\0\xff\x03\x02\xff\xfe\0\xc0\0",
        b"\0\xff\x03\x06inst 4\0\xc0\x49",
        b"\0\xff\x03\x0cPiano guitar\0\xc0\0",
        b"\0\xc9\0\0\x99\x3c\x50\x60\x89\x3c\0",
        b"\0\xb0\x07\xe2",
        b"\0\xf0\x03\x01\x02\xf7",
    ],
    ids=[
        "name",
        "two names",
        "two programs",
        "instrument",
        "no text",
        "no name",
        "two in one",
        "drum",
        "controller",
        "exclusive",
    ],
)
def test_what_stands_before_the_notes_is_read_as_music21_reads_it(tmp_path: Path, events: bytes) -> None:
    path = write_bytes(tmp_path / "made.mid", events + NOTE + END, NOTE + END)
    assert read_without_music21(path) == read_with_music21(path)


# --- tables -------------------------------------------------------------------------------------------------


def test_every_set_of_pitch_classes_has_music21s_normal_order() -> None:
    from music21.chord import Chord

    for mask in range(1, 2**12, 31):
        pitches = tuple(pitch for pitch in range(60, 72) if mask >> (pitch - 60) & 1)
        expected = ".".join(map(str, Chord(pitches).normalOrder))
        assert name_token((*pitches, pitches[0])) == expected


def test_every_pitch_has_music21s_name() -> None:
    from music21.pitch import Pitch

    for midi in range(128):
        pitch = Pitch()
        pitch.midi = midi
        assert name_token((midi,)) == str(pitch)


def test_every_program_is_music21s_instrument() -> None:
    from music21.instrument import instrumentFromMidiProgram

    for program in range(128):
        found = instruments.read_program(0, program)
        expected = instrumentFromMidiProgram(program)
        assert (found.kind, found.name) == (type(expected).__name__, expected.instrumentName)


def test_every_name_in_music21s_table_is_its_instrument() -> None:
    from music21.instrument import InstrumentException, fromString

    for name in instruments._kinds_by_name():
        given_name = f"My {name.title()}. 2"
        try:
            expected = type(fromString(given_name)).__name__
        except InstrumentException:
            expected = "Instrument"
        assert instruments._find_kind(given_name) == expected


def test_every_followed_meter_has_music21s_bar() -> None:
    from music21.meter import TimeSignature

    for beats in (1, 2, 3, 5, 7, 11, 12, 21, 32, 63, 64):
        for power in range(7):
            bar = TimeSignature(f"{beats}/{2**power}").barDuration.quarterLength
            assert bar == (4 * UNITS * beats >> power) / UNITS


# --- what is left to music21 --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tracks", "message"),
    [
        ([b"\0\x90\x3c\x50\0\x80\x3c\0" + END], "a note without length"),
        ([b"\0\xff\x58\x04\3\2\x18\x08" + END, b"\0\xff\x58\x04\4\2\x18\x08" + NOTE + END], "meters both"),
        ([b"\0\xc0\0" + NOTE + b"\x82\x20\xc0\x28" + END], "instrument set at the end"),
        ([b"\0\xc0\0" + END, b"\0\x90\x3c\x50" + END], "notes never end"),
        ([b"\0\xc0\0" + END], "no track with notes"),
        ([b"\0\xff\x05\x02la" + NOTE + END], "lyrics"),
        ([b"\0\xff\x58\x04\x41\2\x18\x08" + NOTE + END], "tempo, meter or key out of range"),
        ([b"\0\xf8" + NOTE + END], "a system message"),
        ([b"\0\x3c\x50\x60\x3c\0" + END], "data that follow no message"),
        ([b"\0\x90\x3c\xf0\x60\x80\x3c\0" + END], "a note out of range"),
        ([NOTE + b"\0\x90\x3c"], "an event that is cut"),
        ([NOTE + b"\x81"], "an event that is cut"),
    ],
)
def test_what_is_not_followed_is_said_and_left_to_music21(
    tmp_path: Path, tracks: list[bytes], message: str
) -> None:
    path = write_bytes(tmp_path / "odd.mid", *tracks)
    with pytest.raises(NotFollowedError, match=message):
        read_without_music21(path)
    assert outcome(article_tokens, path) == outcome(read_with_music21, path)


def test_a_program_out_of_range_is_not_followed(tmp_path: Path) -> None:
    path = write_bytes(tmp_path / "odd.mid", b"\0\xc0\xf0" + NOTE + END)
    with pytest.raises(NotFollowedError, match="a program out of range"):
        read_without_music21(path)


def outcome(read: Callable[[Path], list[str]], path: Path) -> list[str] | str:
    try:
        return read(path)
    except CorpusError as error:
        return str(error)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no MIDI file of type 0 or 1"),
        (b"MThd\0\0\0\6\0\2\0\1\0\x60", "no MIDI file of type 0 or 1"),
        (b"MThd\0\0\0\6\0\1\0\1\xe7\x28", "no MIDI file of type 0 or 1"),
        (b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk\0\0\0\x09", "a track that is missing or cut"),
        (b"MThd\0\0\0\6\0\1\0\2\0\x60MTrk\0\0\0\0", "a track that is missing or cut"),
    ],
)
def test_a_broken_file_is_left_to_music21_whose_refusal_is_said(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "broken.mid"
    path.write_bytes(content)
    with pytest.raises(NotFollowedError, match=message):
        read_without_music21(path)
    if not content.endswith(b"\x09"):  # music21 takes a track that is cut for an empty one
        with pytest.raises(CorpusError, match="cannot be read by music21"):
            article_tokens(path)


def test_another_version_of_music21_reads_every_file_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_notes(tmp_path / "made.mid", [(0, 1, 60)])
    monkeypatch.setattr(subject, "_music21_version", lambda: "10.6.0")
    monkeypatch.setattr(subject, "read_without_music21", lambda _: ["wrong"])
    assert article_tokens(path) == ["C4"]


def test_a_file_that_is_followed_is_read_without_loading_music21(tmp_path: Path) -> None:
    path = write_bytes(tmp_path / "made.mid", b"\0\xff\x03\x07Piano 1\0\xc0\0" + NOTE + END)
    run_python(
        "import sys, pathlib",
        "from models.article_tokens import article_tokens",
        f"assert article_tokens(pathlib.Path({str(path)!r})) == []",
        "assert not [name for name in sys.modules if name.split('.')[0] == 'music21']",
    )


# --- writing ------------------------------------------------------------------------------------------------


def test_tokens_are_written_as_the_articles_own_code_writes_them(tmp_path: Path) -> None:
    from music21 import chord, note, stream

    tokens = ["C4", "9", "0.4.7", "C4", "F#5", "C4", "0", "4.7", "E-3", "B-1", "C-1", "11.2"]
    elements = []
    for i, token in enumerate(tokens):
        classes = token.split(".")
        element = (
            chord.Chord([note.Note(int(c)) for c in classes]) if classes[0].isdigit() else note.Note(token)
        )
        element.offset = i / 2
        elements.append(element)
    stream.Stream(elements).write("midi", fp=tmp_path / "theirs.mid")
    write_article_midi(tokens, tmp_path / "ours.mid")
    assert note_events(tmp_path / "ours.mid") == note_events(tmp_path / "theirs.mid")


def note_events(path: Path) -> list[tuple[float, str, int, int]]:
    """Return (quarter, kind, pitch, velocity) of the note events of all tracks, ends first."""
    events = []
    file = mido.MidiFile(path)
    for track in file.tracks:
        now = 0
        for message in track:
            now += message.time
            if message.type in {"note_on", "note_off"}:
                velocity = message.velocity if message.type == "note_on" else 0
                events.append((now / file.ticks_per_beat, message.type, message.note, velocity))
    return sorted(events)


def test_tokens_that_name_no_note_are_all_reported(tmp_path: Path) -> None:
    with pytest.raises(
        CorpusError, match=r"3 of 5 tokens are neither(.|\n)*'H4' at place 2\n(.|\n)*'12'"
    ) as told:
        write_article_midi(["C4", "H4", "0.4", "12", "C99"], tmp_path / "no.mid")
    assert "'C99' at place 5" in str(told.value)
    assert not (tmp_path / "no.mid").exists()
