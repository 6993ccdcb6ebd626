"""From files to pieces: what is read, what is refused, and who is kept together."""

import dataclasses
import logging
import os
from pathlib import Path

import mido
import pytest

from models.corpus import (
    CorpusStage,
    add_corpus,
    list_corpora,
    load_pieces,
    read_score,
)
from models.midi import MAX_BYTES
from models.scores import load_scores, save_scores
from models.sources import Source, find_source, list_midi
from models.splits import draw_split
from study_core.errors import CorpusError, StudyError
from study_core.folders import DataFolders
from study_core.production import CorpusConfig
from study_core.types import Piece
from tests.models.conftest import make_score, write_midi_file

CONFIG = CorpusConfig()
SHARES = CorpusConfig(validation_share=0.2, test_share=0.3)


def prepare(folder: Path, data: Path, config: CorpusConfig = SHARES) -> list[Piece]:
    stage = CorpusStage(Source("made", list_midi(folder)), config, 1, DataFolders(data))
    assert len(list(stage.read())) == len(list_midi(folder))
    return stage.write()


def break_files(folder: Path) -> None:
    good = (folder / "piece 00.mid").read_bytes()
    (folder / "empty.mid").write_bytes(b"")
    (folder / "truncated.mid").write_bytes(good[: len(good) // 2])
    (folder / "text.mid").write_bytes(b"this is not music")
    mido.MidiFile(tracks=[mido.MidiTrack()]).save(folder / "silent.mid")
    (folder / "film.mid").write_bytes(good[:12] + b"\xe7\x28" + good[14:])


BROKEN = {
    "empty.mid": "is empty",
    "truncated.mid": "is not readable MIDI (track 2 lacks its last",
    "text.mid": "is not readable MIDI (it begins with b'this'",
    "silent.mid": "holds no note",
    "film.mid": "counts time in film frames",
}


def test_every_broken_file_is_named_with_its_fault_and_the_good_ones_are_used(
    corpus_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    break_files(corpus_folder)
    write_midi_file(corpus_folder / "short.mid", make_score(1, n_bars=2))
    (corpus_folder / "twin.mid").write_bytes((corpus_folder / "piece 03.mid").read_bytes())
    with caplog.at_level(logging.WARNING):
        pieces = prepare(corpus_folder, tmp_path / "data")
    assert len(pieces) == 24
    (record,) = caplog.records
    assert "7 of 31 files of the corpus are not used" in record.message
    faults = {**BROKEN, "short.mid": "fewer than 30", "twin.mid": "is the same file as piece 03.mid"}
    for name, fault in faults.items():
        assert any(name in line and fault in line for line in record.message.splitlines()), name


def close_files(folder: Path) -> None:
    """Put into a folder what cannot be opened, whoever tries."""
    (folder / "gone.mid").symlink_to(folder / "nowhere.mid")
    (folder / "ring.mid").symlink_to(folder / "ring.mid")
    (folder / "below").mkdir()
    (folder / "below" / "above").symlink_to(folder)
    (folder / "folder.mid").mkdir()
    os.mkfifo(folder / "below" / "pipe.mid")
    with (folder / "huge.mid").open("wb") as file:
        file.truncate(MAX_BYTES + 1)


CLOSED = {
    "gone.mid": "cannot be opened (No such file or directory)",
    "ring.mid": "cannot be opened (Too many levels of symbolic links)",
    "above": "is a link to a folder, which is not followed",
    "folder.mid": "is a folder, not a file",
    "pipe.mid": "is no regular file",
    "huge.mid": "has 2.0 MiB, more than 2",
}


def test_what_cannot_be_opened_is_named_and_the_good_files_are_used(
    corpus_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    close_files(corpus_folder)
    source = find_source(str(corpus_folder), tmp_path)
    assert source is not None
    stage = CorpusStage(source, SHARES, 1, DataFolders(tmp_path / "data"))
    assert len(list(stage.read())) == len(source.files) == 28
    with caplog.at_level(logging.WARNING):
        assert len(stage.write()) == 24
    assert "6 of 30 files of the corpus are not used" in caplog.text
    for name, fault in CLOSED.items():
        assert f"{name} {fault}\n" in caplog.text + "\n", name


def test_pieces_say_where_they_come_from(corpus_folder: Path, tmp_path: Path) -> None:
    pieces = prepare(corpus_folder, tmp_path / "data")
    first = pieces[0]
    assert first.piece_id.startswith("piece-00-")
    assert (first.corpus, first.title) == ("made", "piece 00")
    assert first.piece_file == str(corpus_folder / "piece 00.mid")
    assert first.duration_s == pytest.approx(80, abs=1)
    inside = prepare(corpus_folder, tmp_path)
    assert inside[0].piece_file == "made/piece 00.mid"


def test_pieces_are_read_back_with_their_music(corpus_folder: Path, tmp_path: Path) -> None:
    pieces = prepare(corpus_folder, tmp_path / "data")
    loaded = load_pieces(DataFolders(tmp_path / "data"))
    assert [prepared.piece for prepared in loaded] == pieces
    assert (loaded[0].score.notes == read_score(corpus_folder / "piece 00.mid").notes).all()
    by_split = [load_pieces(DataFolders(tmp_path / "data"), s) for s in ("train", "validation", "test")]
    assert all(by_split)
    assert sum(map(len, by_split)) == len(pieces)


def test_a_prepared_corpus_is_current_until_a_file_or_a_share_changes(
    corpus_folder: Path, tmp_path: Path
) -> None:
    folders = DataFolders(tmp_path / "data")

    def is_current(config: CorpusConfig = SHARES) -> bool:
        return CorpusStage(Source("made", list_midi(corpus_folder)), config, 1, folders).is_current()

    assert not is_current()
    prepare(corpus_folder, folders.root)
    assert is_current()
    assert not is_current(CONFIG)
    write_midi_file(corpus_folder / "new.mid", make_score(99))
    assert not is_current()


def test_a_study_that_is_moved_to_another_folder_keeps_its_pieces(
    corpus_folder: Path, tmp_path: Path
) -> None:
    corpus_folder.rename(tmp_path / "midi")
    before = tmp_path / "study/data"
    add_corpus(tmp_path / "midi", "made", before / "corpus")
    prepare(before / "corpus/made", before)
    (tmp_path / "study").rename(tmp_path / "moved")
    data = tmp_path / "moved/data"
    source = Source("made", list_midi(data / "corpus/made"))
    assert CorpusStage(source, SHARES, 1, DataFolders(data)).is_current()


def test_two_files_whose_names_and_hashes_begin_alike_are_two_pieces(
    corpus_folder: Path, tmp_path: Path
) -> None:
    for i, file in enumerate(sorted(corpus_folder.iterdir()), start=1):
        file.rename(corpus_folder / f"{i * 'ポ'}.mid")  # in small letters and digits all are called alike
    stage = CorpusStage(Source("made", list_midi(corpus_folder)), SHARES, 1, DataFolders(tmp_path / "data"))
    alike = {file: "c0ffee" + sha256[6:] for file, sha256 in stage.notes.hashes.items()}
    stage.notes = dataclasses.replace(stage.notes, hashes=alike)
    assert len(list(stage.read())) == 24
    pieces = stage.write()
    assert len({piece.piece_id for piece in pieces}) == 24
    assert sum(len(piece.piece_id) == len("piece-c0ffee") for piece in pieces) == 1


def test_a_file_whose_name_no_table_can_hold_is_named(corpus_folder: Path, tmp_path: Path) -> None:
    name = os.fsdecode(b"Pok\xe9mon.mid")  # as old archives have it
    (corpus_folder / "piece 00.mid").rename(corpus_folder / name)
    source = find_source(str(corpus_folder), tmp_path)
    assert source is not None
    assert source.problems == ("Pok\\xe9mon.mid has a name that is not UTF-8: rename it",)
    assert len(source.files) == 23
    assert len(prepare(corpus_folder, tmp_path / "data")) == 23


def test_a_new_file_moves_no_other_piece_to_another_split(corpus_folder: Path, tmp_path: Path) -> None:
    before = {p.piece_id: p.split for p in prepare(corpus_folder, tmp_path / "data")}
    write_midi_file(corpus_folder / "a new one.mid", make_score(99))
    after = {p.piece_id: p.split for p in prepare(corpus_folder, tmp_path / "data")}
    assert len(after) == len(before) + 1
    assert before.items() <= after.items()


def test_splits_have_the_shares_of_the_config() -> None:
    splits = [draw_split(f"song {i}", CONFIG, 2018) for i in range(4000)]
    assert splits.count("test") / 4000 == pytest.approx(CONFIG.test_share, abs=0.03)
    assert splits.count("validation") / 4000 == pytest.approx(CONFIG.validation_share, abs=0.03)


SAME_TUNES = [
    {"Gold, Silver, Crystal - Cinnabar Island (HGSS Version)", "HeartGoldSoulSilver - Cinnabar Island"},
    {"DiamondPearlPlatinum - Mystery Gift", "DiamondPearlPlatinum - WiFi Lobby"},
    {"Black 2White 2 - Ns Room", "BlackWhite - N the Pokemon Child", "Black 2White 2 - Ns Theme"},
    {"- Pallet Town", "RedBlueYellow - Pallet Town"},
    {"- Pokemon Center", "- Pokemon Center Theme", "RedBlueYellow - Pokemon Center"},
    {"- pokecentre theme", "HeartGoldSoulSilver - Pokemon Center", "- Pokemon Center"},
    {"- Pkmn Elite 4", "RedBlueYellow - Elite Four"},
    {"- Littleroot Town", "RubySapphireEmerald - Littleroot Town"},
    {"RedBlueYellow - SS Anne", "RubySapphireEmerald - Oceanic Museum"},
    {"Black 2White 2 - Cave of Being", "DiamondPearlPlatinum - Lake Caverns"},
    {"Black & White - Village Bridge", "BlackWhite - Village Bridge"},
    {"DiamondPearlPlatinum - Route 205", "DiamondPearlPlatinum - Route 205 Night"},
    {"GoldSilverCrystal - Kanto Gym Leader Battle", "RedBlueYellow - Gym Leader Battle"},
    {"GoldSilverCrystal - Title", "RedBlueYellow - Title Theme", "RedBlueYellow - Intro 2"},
    {"RedBlueYellow - Cerulean City", "HeartGoldSoulSilver - Cerulean City"},
    {"- Lavender town", "RedBlueYellow - Lavender Town", "GoldSilverCrystal - Lavender Town"},
]
OTHER_TUNES = ["Route 1", "Surf Theme", "Game Corner", "Wild Pokemon Battle", "Rival Battle", "Ending Theme"]


def test_the_known_near_duplicates_of_the_pokemon_corpus_share_a_cluster(
    pokemon_dir: Path, tmp_path: Path
) -> None:
    stage = CorpusStage(Source("pokemon", list_midi(pokemon_dir)), CONFIG, 2018, DataFolders(tmp_path))
    list(stage.read())
    pieces = {Path(p.piece_file).stem.removeprefix("Pokemon "): p for p in stage.describe()}
    for tune in SAME_TUNES:
        assert len({(pieces[name].song_cluster, pieces[name].split) for name in tune}) == 1, tune
    for title in OTHER_TUNES:
        clusters = [piece.song_cluster for name, piece in pieces.items() if name.endswith(f"- {title}")]
        assert len(clusters) == len(set(clusters)), title
    assert len(pieces) == 304
    assert len({piece.song_cluster for piece in pieces.values()}) == 271
    assert sum(piece.game != "" for piece in pieces.values()) == 292


def test_too_few_usable_files_are_counted_and_named(corpus_folder: Path, tmp_path: Path) -> None:
    break_files(corpus_folder)
    for seed in range(5):
        (corpus_folder / f"piece {seed:02d}.mid").unlink()
    with pytest.raises(CorpusError, match=r"has 19 usable files of 24, but a study needs 20(?s:.*)empty.mid"):
        prepare(corpus_folder, tmp_path / "data")


def test_an_empty_split_is_named(corpus_folder: Path, tmp_path: Path) -> None:
    shares = CorpusConfig(validation_share=1e-6, test_share=0.4)
    with pytest.raises(CorpusError, match=r"has 24 pieces, and none falls into validation"):
        prepare(corpus_folder, tmp_path / "data", shares)


def test_adding_a_folder_copies_the_good_files_and_names_the_others(
    corpus_folder: Path, tmp_path: Path
) -> None:
    break_files(corpus_folder)
    close_files(corpus_folder)
    (corpus_folder / "notes.txt").write_text("hello")
    (corpus_folder / "music.dat").write_bytes((corpus_folder / "piece 00.mid").read_bytes())
    write_midi_file(corpus_folder / "deeper" / "piece.MID", make_score(50))
    n_added, problems = add_corpus(corpus_folder, "mine", tmp_path / "corpora")
    assert n_added == len(list_midi(tmp_path / "corpora" / "mine")) == 25
    assert len(problems) == 13
    names = {"notes.txt": "is not called .mid", "music.dat": "is MIDI, but not called .mid or .midi or .rmi"}
    for name, fault in {**BROKEN, **CLOSED, **names}.items():
        assert any(f"{name} {fault}" in line for line in problems), name


def test_adding_a_corpus_to_itself_changes_nothing(corpus_folder: Path, tmp_path: Path) -> None:
    add_corpus(corpus_folder, "mine", tmp_path)
    before = {file.name: file.read_bytes() for file in list_midi(tmp_path / "mine")}
    assert add_corpus(tmp_path / "mine", "mine", tmp_path) == (24, [])
    assert {file.name: file.read_bytes() for file in list_midi(tmp_path / "mine")} == before


def test_a_folder_without_one_usable_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.mid").write_bytes(b"")
    with pytest.raises(CorpusError, match=r"bad has no MIDI file that can be used:\n  a.mid is empty"):
        add_corpus(tmp_path / "bad", "bad", tmp_path / "corpora")


def test_a_name_that_leads_out_of_the_data_is_refused(corpus_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"'../elsewhere' cannot name a corpus"):
        add_corpus(corpus_folder, "../elsewhere", tmp_path / "corpora")


def test_the_list_counts_files_and_splits(corpus_folder: Path, tmp_path: Path) -> None:
    folders = DataFolders(tmp_path / "data")
    assert list_corpora(folders) == []
    add_corpus(corpus_folder, "mine", folders.corpus)
    prepare(folders.corpus / "mine", folders.root)
    assert list_corpora(folders)[0] == "mine: 24 files"
    assert list_corpora(folders)[1].startswith("prepared: made, 24 pieces in 24 clusters (")


def test_a_corpus_that_was_not_written_to_the_end_is_told(corpus_folder: Path, tmp_path: Path) -> None:
    prepare(corpus_folder, tmp_path)
    path = tmp_path / "corpus/scores.npz"
    whole = path.read_bytes()
    save_scores(path, {"another piece": make_score(1)})  # killed between pieces.csv and the music
    with pytest.raises(
        CorpusError, match=r"scores\.npz lacks 24 of 24 pieces, such as piece-00-\w+: the corpus"
    ):
        load_pieces(DataFolders(tmp_path))
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StudyError, match=r"scores\.npz is damaged \(.+\)\. Run `study corpus prepare`"):
        load_pieces(DataFolders(tmp_path))
    path.unlink()
    with pytest.raises(CorpusError, match="lacks 24 of 24 pieces"):
        load_pieces(DataFolders(tmp_path))


def test_the_same_scores_are_the_same_bytes(tmp_path: Path) -> None:
    scores = {"a": make_score(1), "b": make_score(2)}
    save_scores(tmp_path / "1.npz", scores)
    save_scores(tmp_path / "2.npz", scores)
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "2.npz").read_bytes()
    assert (load_scores(tmp_path / "1.npz")["b"].notes == scores["b"].notes).all()
