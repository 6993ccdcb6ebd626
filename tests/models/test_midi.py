"""Reading MIDI: what is in a file comes out, what is wrong with one is said, and other readers agree."""

import io
import os
from collections import defaultdict, deque
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.midi import MAX_BYTES, parse_midi, read_performance
from models.midi_messages import match_ends
from models.performance import Performance
from models.sources import list_midi
from study_core.errors import CorpusError

END = b"\0\xff\x2f\0"
NOTE = b"\0\x90\x3c\x40\x60\x80\x3c\0"  # middle C for a beat
COLUMNS = ["onset_beat", "duration_beat", "pitch", "velocity"]


def make_midi(*tracks: bytes, file_format: int = 1, division: bytes = b"\0\x60") -> bytes:
    chunks = [b"MTrk" + len(track).to_bytes(4, "big") + track for track in tracks]
    head = b"MThd\0\0\0\6" + bytes([0, file_format]) + len(tracks).to_bytes(2, "big") + division
    return head + b"".join(chunks)


def meta(kind: int, data: bytes, delta: int = 0) -> bytes:
    return bytes([delta, 0xFF, kind, len(data)]) + data


def rows(performance: Performance) -> list[Any]:
    return performance.notes[COLUMNS].tolist()


def read_with_mido(file: mido.MidiFile) -> tuple[list[Any], list[Any], list[Any]]:
    """Return notes, tempi and meters by an independent reader of events; drums too."""
    notes, tempi, meters = [], {0: 120.0}, {0: (4, 4)}
    for track in file.tracks:
        tick, sounding = 0, defaultdict(deque)
        for message in track:
            tick += message.time
            if message.type == "set_tempo":
                tempi[tick] = mido.tempo2bpm(message.tempo)
            elif message.type == "time_signature":
                meters[tick] = (message.numerator, message.denominator)
            elif message.type == "note_on" and message.velocity:
                sounding[message.channel, message.note].append((tick, message.velocity))
            elif message.type in {"note_on", "note_off"} and sounding[message.channel, message.note]:
                onset, velocity = sounding[message.channel, message.note].popleft()
                notes.append((onset, tick - onset, message.note, velocity))
        for (_, pitch), starts in sounding.items():
            notes += [(onset, tick - onset, pitch, velocity) for onset, velocity in starts]
    return sorted(notes), sorted(tempi.items()), sorted((tick, *meter) for tick, meter in meters.items())


def in_ticks(performance: Performance) -> tuple[list[Any], list[Any], list[Any]]:
    """Return a performance as `read_with_mido` returns it; every time must be a whole tick."""
    tables = []
    for table, n_times in ((performance.notes[COLUMNS], 2), (performance.tempi, 1), (performance.meters, 1)):
        ticks = [[time * performance.ticks_per_beat for time in row[:n_times]] for row in table.tolist()]
        assert all(abs(tick - round(tick)) < 1e-6 for row in ticks for tick in row)
        rest = [row[n_times:] for row in table.tolist()]
        tables.append(sorted((*map(round, ts), *values) for ts, values in zip(ticks, rest, strict=True)))
    return tables[0], tables[1], tables[2]


@pytest.mark.parametrize("step", [8, pytest.param(1, marks=pytest.mark.slow)])
def test_pokemon_files_give_the_notes_tempi_and_meters_that_mido_finds(pokemon_dir: Path, step: int) -> None:
    for file in list_midi(pokemon_dir)[::step]:
        performance = read_performance(file)
        assert in_ticks(performance) == read_with_mido(mido.MidiFile(file, clip=True)), file


def test_all_pokemon_files_are_read_and_two_are_mended(pokemon_dir: Path) -> None:
    performances = {file.name: read_performance(file) for file in list_midi(pokemon_dir)}
    assert len(performances) == 307
    assert sum(len(performance.notes) for performance in performances.values()) == 233_856
    repairs = {name: performance.repairs for name, performance in performances.items() if performance.repairs}
    assert repairs == {
        "Pokemon - Littleroot Town.mid": ("1 data bytes above 127 were limited to it",),
        "Pokemon DiamondPearlPlatinum - Route 205.mid": ("1 data bytes above 127 were limited to it",),
    }


messages = st.one_of(
    st.builds(
        mido.Message,
        st.sampled_from(["note_on", "note_off"]),
        channel=st.sampled_from([0, 1, 9]),
        note=st.integers(60, 62),
        velocity=st.sampled_from([0, 1, 90]),
        time=st.sampled_from([0, 1, 127, 128, 20_000, 3_000_000]),
    ),
    st.builds(mido.Message, st.just("program_change"), program=st.integers(0, 127), time=st.integers(0, 9)),
    st.builds(mido.Message, st.just("control_change"), control=st.integers(0, 127), time=st.integers(0, 9)),
    st.builds(mido.Message, st.just("pitchwheel"), pitch=st.integers(-8192, 8191), time=st.integers(0, 9)),
    st.builds(mido.Message, st.just("aftertouch"), value=st.integers(0, 127), time=st.integers(0, 9)),
    st.builds(
        mido.Message, st.just("sysex"), data=st.lists(st.integers(0, 127), max_size=200), time=st.just(3)
    ),
    st.builds(mido.MetaMessage, st.just("set_tempo"), tempo=st.integers(60_000, 2**24 - 1), time=st.just(5)),
    st.builds(
        mido.MetaMessage, st.just("time_signature"), numerator=st.integers(1, 20), denominator=st.just(8)
    ),
    st.builds(mido.MetaMessage, st.just("text"), text=st.text("abc", max_size=200)),
)


@given(st.lists(st.lists(messages, max_size=30), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_random_files_give_the_notes_tempi_and_meters_that_mido_finds(tracks: list[list[Any]]) -> None:
    file = mido.MidiFile(ticks_per_beat=1024, tracks=[mido.MidiTrack(track) for track in tracks])
    data = io.BytesIO()
    file.save(file=data)
    expected = read_with_mido(file)
    if expected[0]:
        assert in_ticks(parse_midi(data.getvalue())) == expected
    else:
        with pytest.raises(CorpusError, match="holds no note"):
            parse_midi(data.getvalue())


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=60))
@settings(max_examples=300, deadline=None)
def test_an_end_ends_the_oldest_open_start_of_its_key_and_nothing_where_none_is_open(
    events: list[tuple[int, bool]],
) -> None:
    open_, expected = defaultdict(deque), {}
    for i, (key, is_start) in enumerate(events):
        if is_start:
            open_[key].append(i)
            expected[i] = -1
        elif open_[key]:
            expected[open_[key].popleft()] = i
    keys = np.array([key for key, _ in events], dtype=np.int64)
    starts, ends = match_ends(keys, np.array([is_start for _, is_start in events], dtype=bool))
    assert dict(zip(starts.tolist(), ends.tolist(), strict=True)) == expected


def test_of_two_sounding_notes_of_one_pitch_the_older_ends_first() -> None:
    track = b"\0\x90\x3c\x40\x30\x90\x3c\x50\x30\x80\x3c\0\x60\x80\x3c\0" + END
    assert rows(parse_midi(make_midi(track))) == [(0, 1, 60, 0x40), (0.5, 1.5, 60, 0x50)]


def test_notes_know_their_track_their_channel_and_the_program_that_it_plays_then() -> None:
    conductor = b"\0\xc2\x28\x60\xc2\x49" + END
    player = b"\0\x92\x40\x40\x30\x82\x40\0\x30\x92\x43\x40\x30\x82\x43\0" + END
    notes = parse_midi(make_midi(conductor, NOTE + END, player)).notes
    columns = ["pitch", "track", "channel", "program"]
    assert notes[columns].tolist() == [(60, 1, 0, 0), (64, 2, 2, 40), (67, 2, 2, 73)]


def test_pedal_key_names_and_texts_are_kept() -> None:
    head = meta(3, b"Song") + meta(1, "Pok\u00e9mon".encode()) + meta(2, b"\xa9 me") + meta(0x59, b"\xfd\1")
    player = (
        meta(3, b" Piano \0")
        + meta(3, b"later")
        + b"\0\xb1\x40\x7f\0\xb1\x07\x10"
        + NOTE
        + b"\0\xb1\x40\0"
        + END
    )
    performance = parse_midi(make_midi(head + END, player))
    assert performance.pedal.tolist() == [(0, 1, 1, 127), (1, 1, 1, 0)]
    assert performance.keys.tolist() == [(0, -3, True)]
    assert performance.track_names == ("Song", "Piano")
    assert performance.texts == ("Pok\u00e9mon", "\u00a9 me")
    assert (performance.n_tracks, performance.file_format, performance.ticks_per_beat) == (2, 1, 96)


def test_a_file_without_tempo_and_meter_has_those_of_the_format() -> None:
    performance = parse_midi(make_midi(NOTE + END))
    assert performance.tempi.tolist() == [(0, 120)]
    assert performance.meters.tolist() == [(0, 4, 4)]
    assert performance.repairs == ()


def test_seconds_follow_the_tempi() -> None:
    tempi = meta(0x51, (500_000).to_bytes(3, "big")) + meta(0x51, (1_000_000).to_bytes(3, "big"), delta=0x60)
    performance = parse_midi(make_midi(tempi + NOTE + END))
    assert performance.seconds_at([0, 1, 2]).tolist() == [0, 0.5, 1.5]
    assert performance.end_beat == 2


def test_running_status_goes_on_behind_a_meta_event() -> None:
    track = b"\0\x90\x3c\x40" + meta(1, b"text") + b"\x60\x3c\0" + END
    assert rows(parse_midi(make_midi(track))) == [(0, 1, 60, 0x40)]


def test_what_stands_around_the_tracks_changes_nothing() -> None:
    plain = make_midi(NOTE + END)
    alien = plain[:14] + b"XFIH\0\0\0\2ab" + plain[14:] + b"behind"
    long_header = plain[:4] + b"\0\0\0\x08" + plain[8:14] + b"ab" + plain[14:]
    wrapped = (
        b"RIFF" + (len(plain) + 12).to_bytes(4, "little") + b"RMIDdata" + len(plain).to_bytes(4, "little")
    )
    for data in (alien, long_header, wrapped + plain, make_midi(NOTE + END, file_format=2)):
        assert rows(parse_midi(data)) == [(0, 1, 60, 64)]
        assert parse_midi(data).repairs == ()


MENDED = {
    "1 data bytes above 127 were limited to it": b"\0\xb0\x07\xe2" + NOTE + END,
    "1 notes that never end were ended with their track": NOTE + b"\0\x90\x3e\x40" + END,
    "3 tempi of 0 or above 1000 beats per minute, or cut short, were left out": meta(0x51, b"\0\0\0")
    + meta(0x51, b"\0\0\1")
    + meta(0x51, b"\xff\xff")
    + NOTE
    + END,
    "4 meters or keys that do not exist were left out": meta(0x58, b"\0\2\x18\x08")
    + meta(0x58, b"\4\xff\x18\x08")
    + meta(0x59, b"\x08\0")
    + meta(0x59, b"")
    + NOTE
    + END,
    "2 messages that belong on a cable were left out": b"\0\xf8\0\xf2\1\2" + NOTE + END,
}


@pytest.mark.parametrize("repair", MENDED)
def test_a_mended_fault_is_said(repair: str) -> None:
    performance = parse_midi(make_midi(MENDED[repair]))
    assert performance.repairs == (repair,)
    assert (performance.notes["pitch"] == 60).any()
    assert performance.tempi.tolist() == [(0, 120)]
    assert performance.meters.tolist() == [(0, 4, 4)]


def test_a_wrong_length_of_the_last_track_is_forgiven_where_its_end_mark_is_there() -> None:
    data = bytearray(make_midi(NOTE + END))
    data[21] += 7
    assert parse_midi(bytes(data)).repairs == ("7 bytes that its length promises are not there",)


REFUSED = {
    "it begins with b'RIFF', not with b'MThd'": b"RIFF\0\0\0\0WAVE",
    "it begins with b'<htm', not with b'MThd'": b"<html>",
    "its header is cut off": make_midi(NOTE + END)[:13],
    "it has 0 of its 1 tracks": make_midi(NOTE + END)[:20],
    "it has 1 of its 2 tracks": make_midi(NOTE + END, NOTE + END)[:-20],
    "track 1 lacks its last 4 bytes": make_midi(NOTE + END)[:-4],
    "track 1 lacks its last 6 bytes": make_midi(NOTE + END)[:-6],
    "track 1 breaks off within an event": make_midi(NOTE[:-1]),
    "byte 60 stands where an event should begin": make_midi(b"\0\x3c\x40"),
    "byte 244 stands where an event should begin": make_midi(b"\0\xf4" + NOTE + END),
    "a number has more than 4 bytes": make_midi(b"\xff" * 9 + NOTE + END),
    "holds no note": make_midi(meta(3, b"silence") + END),
    "holds 2 songs (format 2), not one": make_midi(NOTE + END, NOTE + END, file_format=2),
    "counts time in film frames": make_midi(NOTE + END, division=b"\xe7\x28"),
    "has 0 ticks per beat": make_midi(NOTE + END, division=b"\0\0"),
    "lasts 2,796,204 beats, more than 100,000": make_midi(b"\xff\xff\xff\x7f" + NOTE[1:] + END),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_with_its_fault(reason: str) -> None:
    with pytest.raises(CorpusError) as raised:
        parse_midi(REFUSED[reason])
    assert reason in str(raised.value)


def test_what_is_no_file_is_refused_and_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "folder.mid").mkdir()
    os.mkfifo(tmp_path / "pipe.mid")
    (tmp_path / "nowhere.mid").symlink_to(tmp_path / "gone.mid")
    (tmp_path / "ring.mid").symlink_to(tmp_path / "ring.mid")
    (tmp_path / "empty.mid").touch()
    with (tmp_path / "huge.mid").open("wb") as file:
        file.truncate(MAX_BYTES + 2**20)
    reasons = {
        "folder.mid": "is a folder, not a file",
        "pipe.mid": "is no regular file",
        "nowhere.mid": "cannot be opened (No such file or directory)",
        "ring.mid": "cannot be opened (Too many levels of symbolic links)",
        "empty.mid": "is empty",
        "huge.mid": "has 3.0 MiB, more than 2",
    }
    for name, reason in reasons.items():
        with pytest.raises(CorpusError) as raised:
            read_performance(tmp_path / name)
        assert str(raised.value) == reason
