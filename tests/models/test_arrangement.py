"""Any music becomes piano music: made files of each kind, and what is said about each change."""

from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.arrangement import Arrangement, arrange
from models.keyboard import MAX_POLYPHONY, TOLERANCE_BEAT, bound_polyphony, count_sounding, merge_unisons
from models.midi import read_performance
from models.performance import NOTE
from models.sources import list_midi
from study_core.errors import CorpusError

QUARTER = 480
PEDAL = 64
Event = tuple[float, mido.Message | mido.MetaMessage]


def note(onset: float, duration: float, pitch: int, velocity: int = 80, channel: int = 0) -> list[Event]:
    return [
        (onset, mido.Message("note_on", note=pitch, velocity=velocity, channel=channel)),
        (onset + duration, mido.Message("note_off", note=pitch, channel=channel)),
    ]


def pedal(beat: float, value: int, channel: int = 0) -> list[Event]:
    return [(beat, mido.Message("control_change", control=PEDAL, value=value, channel=channel))]


def program(number: int, channel: int = 0) -> list[Event]:
    return [(0.0, mido.Message("program_change", program=number, channel=channel))]


def meter(beat: float, numerator: int, denominator: int) -> list[Event]:
    return [(beat, mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator))]


def play(folder: Path, *tracks: list[list[Event]], kind: int = 1) -> Arrangement:
    """Write a file of some tracks, each the events of its notes, and return its arrangement."""
    file = mido.MidiFile(type=kind, ticks_per_beat=QUARTER)
    for groups in tracks:
        track, now = mido.MidiTrack(), 0
        events = [event for group in groups for event in group]
        for beat, message in sorted(events, key=lambda event: (event[0], event[1].type == "note_on")):
            tick = round(beat * QUARTER)
            track.append(message.copy(time=tick - now))
            now = tick
        file.tracks.append(track)
    file.save(folder / "made.mid")
    return arrange(read_performance(folder / "made.mid"))


def rows(arrangement: Arrangement) -> list[tuple[float, ...]]:
    return [tuple(row) for row in arrangement.notes[:, :3].round(6).tolist()]


def test_piano_music_stays_as_it_is(tmp_path: Path) -> None:
    made = play(tmp_path, [note(0, 1, 60), note(0, 2, 64), note(1, 1, 62)])
    assert rows(made) == [(0, 1, 60), (0, 2, 64), (1, 1, 62)]
    assert made.changes == ()


@pytest.mark.parametrize("kind", [0, 1])
def test_files_of_one_track_and_of_several_become_the_same_music(tmp_path: Path, kind: int) -> None:
    right, left = [note(0, 1, 72), note(1, 1, 74)], [note(0, 2, 48, channel=1)]
    tracks = [right + left] if kind == 0 else [right, left]
    assert rows(play(tmp_path, *tracks, kind=kind)) == [(0, 2, 48), (0, 1, 72), (1, 1, 74)]


def test_drums_and_noises_are_left_out_and_counted(tmp_path: Path) -> None:
    beat = [note(i, 0.5, 38, channel=9) for i in range(4)]
    helicopter = [*program(125, channel=3), *note(0, 8, 60, channel=3)]
    made = play(tmp_path, [note(0, 1, 60)], beat, [helicopter])
    assert rows(made) == [(0, 1, 60)]
    assert made.changes == ("5 of 6 notes are drums or noises: left out",)


def test_a_file_of_drums_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"holds no note for a piano \(2 of 2 notes are drums"):
        play(tmp_path, [note(0, 1, 38, channel=9), note(1, 1, 40, channel=9)])


def test_keys_beyond_the_piano_are_moved_by_octaves(tmp_path: Path) -> None:
    made = play(tmp_path, [note(0, 1, 20), note(1, 1, 109), note(2, 1, 3), note(3, 1, 127), note(4, 1, 21)])
    assert made.notes[:, 2].tolist() == [32, 97, 27, 103, 21]
    assert made.changes == ("4 notes beyond the 88 keys were moved onto them by octaves",)


def test_a_held_note_sounds_until_the_pedal_is_lifted_or_its_key_is_struck_again(tmp_path: Path) -> None:
    notes = [note(0, 0.5, 60), note(1, 0.5, 64), note(2, 0.5, 60), note(4, 0.5, 67), note(5, 1, 72)]
    made = play(tmp_path, [*notes, pedal(0.25, 127), pedal(4.25, 0)])
    assert rows(made) == [(0, 2, 60), (1, 3.25, 64), (2, 2.25, 60), (4, 0.5, 67), (5, 1, 72)]
    assert made.changes == ("the pedal holds 3 notes: written out",)


def test_the_pedal_holds_the_notes_of_its_channel_only(tmp_path: Path) -> None:
    made = play(tmp_path, [note(0, 1, 60), *[pedal(0.5, 64), pedal(3, 63)]], [note(0, 1, 48, channel=1)])
    assert rows(made) == [(0, 1, 48), (0, 3, 60)]


def test_a_press_that_lasts_too_long_is_a_word_on_the_page_and_not_read(tmp_path: Path) -> None:
    notes = [note(i, 0.5, 60 + i) for i in range(20)]
    made = play(tmp_path, [*notes, pedal(0, 127)])
    assert set(made.notes[:, 1]) == {0.5}
    assert made.changes == ("1 presses of the pedal last over 16 beats: not read",)


def test_notes_that_begin_together_on_one_key_become_the_longest_and_loudest(tmp_path: Path) -> None:
    made = play(tmp_path, [note(0, 1, 60, 90)], [note(0.02, 2, 60, 50, channel=1), note(3, 1, 60)])
    assert made.notes.tolist() == [[0, pytest.approx(2.02, abs=0.01), 60, 90], [3, 1, 60, 80]]
    assert made.changes == ("1 notes doubled a key that was struck already: merged",)


def test_a_note_ends_where_its_key_is_struck_again(tmp_path: Path) -> None:
    made = play(tmp_path, [note(0, 4, 60)], [note(1, 1, 60, channel=1)])
    assert rows(made) == [(0, 1, 60), (1, 1, 60)]
    assert made.changes == ("1 notes now end where their key is struck again",)


def test_of_an_orchestra_the_melody_and_the_bass_are_taken_first(tmp_path: Path) -> None:
    melody = [note(i, 1, 84 + i % 5, channel=0) for i in range(16)]
    bass = [note(i, 4, 36 + i, channel=1) for i in range(0, 16, 4)]
    pads = [
        [
            program(48, channel),
            *(note(i, 1, 40 + 5 * channel + j, channel=channel) for i in range(16) for j in range(5)),
        ]
        for channel in (2, 3, 4)
    ]
    made = play(tmp_path, *pads, melody, bass)
    pitches = set(made.notes[:, 2])
    assert {84 + i for i in range(5)} | {36, 40, 44, 48} <= pitches
    assert count_most(made) <= MAX_POLYPHONY
    assert made.changes[0].startswith("2 of 5 parts are left out, because all together sound up to 17 keys")
    assert "ensemble of track 2 (80 notes), ensemble of track 3 (80 notes)" in made.changes[0]


def test_of_too_thick_a_chord_the_outer_and_the_loudest_keys_stay(tmp_path: Path) -> None:
    chord = [note(0, 1, 50 + i, 60 + i % 7) for i in range(14)]
    made = play(tmp_path, [*chord, *(note(i, 1, 60) for i in range(1, 60))])
    first = made.notes[made.notes[:, 0] == 0]
    assert len(first) == MAX_POLYPHONY
    assert {50, 63} <= set(first[:, 2])
    assert "4 were left out" in made.changes[0]


def test_bars_follow_the_meter_that_lasts_longest_and_changes_of_meter_are_said(tmp_path: Path) -> None:
    made = play(tmp_path, [meter(0, 4, 4), meter(4, 6, 8), *(note(i, 1, 60) for i in range(20))])
    assert made.meters.tolist() == [[0, 4], [4, 3]]
    assert made.changes == (
        "the meter changes 1 times: bars are counted in 6/8 as from beat 4, where it lasts longest",
    )


def test_a_bar_that_nobody_could_count_becomes_a_common_one(tmp_path: Path) -> None:
    made = play(tmp_path, [meter(0, 255, 4), note(0, 1, 60)])
    assert made.meters.tolist() == [[0, 4]]
    assert made.changes == ("a bar of 255 beats is counted as 4",)


def test_changes_of_tempo_are_kept(tmp_path: Path) -> None:
    slow = (8.0, mido.MetaMessage("set_tempo", tempo=1_000_000))
    made = play(tmp_path, [note(0, 12, 60), [slow]])
    assert made.tempi.tolist() == [[0, 120], [8, 60]]


def count_most(arrangement: Arrangement) -> int:
    """Return how many keys sound together at most, counted the slow way."""
    onset, end = arrangement.notes[:, 0], arrangement.notes[:, :2].sum(axis=1)
    middle = onset + TOLERANCE_BEAT
    return int(((onset <= middle[:, None]) & (end > middle[:, None])).sum(axis=1).max())


made_notes = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 30), st.integers(40, 60), st.integers(1, 127)),
    min_size=1,
    max_size=80,
).map(lambda made: np.array([(o / 4, d / 4, p, v, 0, 0, 0) for o, d, p, v in sorted(made)], dtype=NOTE))


@given(made_notes)
@settings(max_examples=100, deadline=None)
def test_no_key_sounds_twice_and_never_more_than_ten_together(notes: np.ndarray) -> None:
    merged, _ = merge_unisons(notes)
    bounded, _ = bound_polyphony(merged)
    assert count_sounding(bounded).max() <= MAX_POLYPHONY
    for pitch in set(bounded["pitch"]):
        own = bounded[bounded["pitch"] == pitch]
        assert (np.diff(own["onset_beat"]) >= own["duration_beat"][:-1]).all()
    assert set(bounded[["onset_beat", "pitch"]].tolist()) <= set(notes[["onset_beat", "pitch"]].tolist())
    assert bounded["duration_beat"].min() > 0


@given(made_notes)
@settings(max_examples=50, deadline=None)
def test_what_one_piano_can_play_already_is_not_changed_again(notes: np.ndarray) -> None:
    once, _ = bound_polyphony(merge_unisons(notes)[0])
    assert merge_unisons(once)[1] == ""
    assert bound_polyphony(once)[1] == ""


def test_every_pokemon_file_becomes_music_that_one_piano_can_play(pokemon_dir: Path) -> None:
    n_held = 0
    for file in list_midi(pokemon_dir):
        made = arrange(read_performance(file))
        assert count_most(made) <= MAX_POLYPHONY, file
        n_held += any("pedal holds" in change for change in made.changes)
    assert n_held == 52
