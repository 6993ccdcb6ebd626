"""Pieces that share a melody are in one split, and whatever comes or goes, nobody moves."""

import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.corpus import CorpusStage
from models.sources import Source, list_midi
from models.splits import (
    SPLITS_FILE,
    assign_splits,
    describe_draw,
    draw_split,
    load_splits,
    save_splits,
)
from models.tokens import Score
from study_core.errors import CorpusError
from study_core.folders import DataFolders
from study_core.production import CorpusConfig
from study_core.types import Piece, Split
from tests.models.conftest import make_score, write_midi_file

SHARES = CorpusConfig(validation_share=0.2, test_share=0.3)
names = st.sampled_from([f"{letter}{number}" for letter in "abcdef" for number in range(4)])
melodies = st.frozensets(st.tuples(names, names).filter(lambda pair: pair[0] != pair[1]), max_size=14)


def draw(song: str) -> Split:
    return draw_split(song, SHARES, 1)


def link(present: set[str], pairs: frozenset[tuple[str, str]]) -> dict[str, set[str]]:
    return {
        name: {one if other == name else other for one, other in pairs if name in (one, other)} & present
        for name in present
    }


@given(melodies, st.lists(st.tuples(st.booleans(), st.sets(names, min_size=1, max_size=8)), max_size=8))
@settings(max_examples=300, deadline=None)
def test_nobody_moves_and_nobody_is_parted_from_a_neighbor_whatever_comes_and_goes(
    pairs: frozenset[tuple[str, str]], history: list[tuple[bool, set[str]]]
) -> None:
    present: set[str] = set()
    kept: dict[str, Split] = {}
    for comes, some in history:
        present = present | some if comes else present - some
        neighbors = link(present, pairs)
        assigned = assign_splits(neighbors, kept, draw)
        assert set(assigned.splits) | set(assigned.left_out) == present
        assert {name: assigned.splits.get(name) for name in kept if name in present} == {
            name: split for name, split in kept.items() if name in present
        }
        for name, split in assigned.splits.items():
            assert {assigned.splits.get(other, split) for other in neighbors[name]} <= {split}
        for name, others in assigned.left_out.items():
            assert len({assigned.splits[other] for other in others}) == 2, name
        kept = dict(assigned.splits)


@given(melodies, st.sets(names, min_size=1))
@settings(max_examples=100, deadline=None)
def test_a_first_draw_leaves_nobody_out(pairs: frozenset[tuple[str, str]], present: set[str]) -> None:
    assert not assign_splits(link(present, pairs), {}, draw).left_out


def test_a_new_piece_joins_its_song_whatever_it_is_called() -> None:
    kept: dict[str, Split] = {"m": "test", "n": "train", "o": "validation"}
    for name in ("a", "z"):
        for old, split in kept.items():
            assigned = assign_splits({**{n: set() for n in kept}, old: {name}, name: {old}}, kept, draw)
            assert assigned.splits == {**kept, name: split}


def test_a_bridge_between_splits_is_left_out_and_its_friends_are_not() -> None:
    kept: dict[str, Split] = {"m": "test", "n": "train"}
    links = {"m": {"bridge"}, "n": {"bridge", "friend"}, "bridge": {"m", "n", "friend"}}
    assigned = assign_splits({**links, "friend": {"n", "bridge"}}, kept, draw)
    assert assigned.splits == {**kept, "friend": "train"}
    assert assigned.left_out == {"bridge": ("m", "n")}


def test_of_pieces_that_never_should_have_met_the_test_piece_stays() -> None:
    assigned = assign_splits({"m": {"n"}, "n": {"m"}}, {"m": "train", "n": "test"}, draw)
    assert (assigned.splits, assigned.left_out) == ({"n": "test"}, {"m": ("n", "m")})


def test_splits_are_read_back_unless_they_were_drawn_otherwise(tmp_path: Path) -> None:
    path = tmp_path / SPLITS_FILE
    assert load_splits(path, "so") == {}
    save_splits(path, "so", {"ff": "test", "aa": "train"})
    assert load_splits(path, "so") == {"aa": "train", "ff": "test"}
    assert load_splits(path, "otherwise") == {}


def test_a_draw_depends_on_corpus_shares_and_seed() -> None:
    made = {
        describe_draw("a", SHARES, 1),
        describe_draw("b", SHARES, 1),
        describe_draw("a", SHARES, 2),
        describe_draw("a", CorpusConfig(), 1),
    }
    assert len(made) == 4


@pytest.mark.parametrize("content", ["", "[]", "7", '{"drawn_for": "so", "pieces": {"aa": "trial"}}', "{}"])
def test_damaged_splits_are_not_drawn_again_unasked(tmp_path: Path, content: str) -> None:
    (tmp_path / SPLITS_FILE).write_text(content)
    with pytest.raises(CorpusError, match="is damaged, and without it pieces could move to another split"):
        load_splits(tmp_path / SPLITS_FILE, "so")


# --- with files ---------------------------------------------------------------------------------------------


def prepare(folder: Path, data: Path) -> dict[str, Piece]:
    stage = CorpusStage(Source("made", list_midi(folder)), SHARES, 1, DataFolders(data))
    list(stage.read())
    return {Path(piece.piece_file).name: piece for piece in stage.write()}


def transpose(song: Score) -> Score:
    return Score(np.add(song.notes, (0, 3, 0, 0)), 48, song.tempi)


def splits(pieces: dict[str, Piece]) -> dict[str, str]:
    return {name: piece.split for name, piece in pieces.items()}


def test_a_medley_of_two_splits_is_left_out_and_named_and_a_copy_joins_its_song(
    corpus_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = prepare(corpus_folder, tmp_path / "data")
    by_split = {piece.split: name for name, piece in before.items()}
    one, other = (make_score(int(by_split[split][6:8])) for split in ("train", "test"))
    halves = [one.notes[one.notes[:, 0] < 960], other.notes[other.notes[:, 0] >= 960]]
    write_midi_file(corpus_folder / "0 medley.mid", Score(np.concatenate(halves), 48, one.tempi))
    write_midi_file(corpus_folder / "0 copy.mid", transpose(other))
    with caplog.at_level(logging.WARNING):
        after = prepare(corpus_folder, tmp_path / "data")
    assert splits(after) == {**splits(before), "0 copy.mid": "test"}
    assert "0 medley.mid shares a melody with" in caplog.text
    assert "which are in different splits" in caplog.text
    assert after["0 copy.mid"].song_cluster == after[by_split["test"]].song_cluster


def test_a_file_renamed_or_gone_moves_nobody(corpus_folder: Path, tmp_path: Path) -> None:
    write_midi_file(corpus_folder / "0 copy.mid", transpose(make_score(7)))
    before = prepare(corpus_folder, tmp_path / "data")
    (corpus_folder / "0 copy.mid").unlink()
    (corpus_folder / "piece 03.mid").rename(corpus_folder / "a better name.mid")
    after = splits(prepare(corpus_folder, tmp_path / "data"))
    assert after.pop("a better name.mid") == before["piece 03.mid"].split
    assert after.items() <= splits(before).items()


def test_the_same_files_give_the_same_bytes_on_a_fresh_machine(corpus_folder: Path, tmp_path: Path) -> None:
    made = []
    for data in ("one", "two"):
        prepare(corpus_folder, tmp_path / data)
        corpus = tmp_path / data / "corpus"
        made.append([(corpus / name).read_bytes() for name in ("pieces.csv", "scores.npz", SPLITS_FILE)])
    assert made[0] == made[1]
