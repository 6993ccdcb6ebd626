"""Clips: one rule for all, nothing copied, nothing seen in training."""

import itertools
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.arrangement import arrange
from models.clips import ClipStage
from models.composing import USUAL_COPY_NOTES, USUAL_TRIES, compose_clips
from models.corpus import CorpusStage, PreparedPiece, load_pieces
from models.excerpts import cut_excerpt, cut_excerpts
from models.generator import Request
from models.history import Progress, write_training
from models.human import choose_excerpts
from models.midi import read_performance
from models.originality import CopyDetector, Passage
from models.primers import deal_primers, find_primer_starts
from models.sources import Source, list_midi
from models.tokens import Score, quantize
from study_core.config import Config
from study_core.errors import CorpusError, StudyError
from study_core.manifest import read_manifest, sha256_file
from study_core.participation import TrialsConfig
from study_core.production import ClipsConfig, CorpusConfig
from study_core.types import Clip, Piece
from tests.models.conftest import make_score, write_midi_file
from tests.models.test_sampling import make_weights

DURATION_S = 6.0


def make_config(data: Path, **changes: object) -> Config:
    clips = ClipsConfig(per_system=6, duration_s=DURATION_S, max_copied_notes=12)
    trials = TrialsConfig(per_participant={"human": 4, "lstm": 2, "gan": 2}, listen_s=2)
    return Config(
        seed=3,
        data_dir=str(data),
        corpus=CorpusConfig(source="made", validation_share=0.15, test_share=0.35),
        clips=clips.model_copy(update=changes),
        trials=trials,
    )


@pytest.fixture
def config(corpus_folder: Path, tmp_path: Path) -> Config:
    """Return a study whose corpus is prepared and whose generators have random weights."""
    config = make_config(tmp_path / "data")
    stage = CorpusStage(Source("made", list_midi(corpus_folder)), config.corpus, config.seed, config.folders)
    list(stage.read())
    stage.write()
    for seed, system in enumerate(("lstm", "gan")):
        weights = make_weights(seed, scale=0.15)
        weights["out_delta/bias"][[6, 12]] += 6  # rhythms dense enough for a clip
        write_training(config.folders.models / system, weights, [Progress(1, 1, 1)])
    return config


def run_stage(config: Config) -> list[Clip]:
    stage = ClipStage(config)
    assert len(list(stage.compose())) == stage.n_clips
    return read_manifest(stage.write(), Clip)


def prepare_piece(seed: int, cluster: str, n_bars: int = 40, bpm: float = 120.0) -> PreparedPiece:
    score = make_score(seed, n_bars, bpm)
    piece = Piece(
        piece_id=f"piece-{seed}", corpus="made", title="", song_cluster=cluster, split="test", piece_file="",
        piece_sha256="", n_notes=len(score.notes), duration_s=score.duration_s,
    )  # fmt: skip
    return PreparedPiece(piece, score)


def test_every_clip_keeps_the_rule_of_clips(config: Config) -> None:
    clips = run_stage(config)
    assert Counter(clip.system for clip in clips) == {"human": 6, "lstm": 6, "gan": 6}
    for clip in clips:
        path = config.folders.clips / clip.clip_file
        assert clip.clip_sha256 == sha256_file(path)
        played = arrange(read_performance(path))
        assert len(played.tempi) == 1
        seconds_per_beat = 60 / played.tempi[0, 1]
        onsets, ends = played.notes[:, 0], played.notes[:, :2].sum(axis=1)
        assert onsets.min() == 0
        assert onsets.max() * seconds_per_beat > DURATION_S - 2.1
        assert ends.max() * seconds_per_beat <= DURATION_S + 0.01
        assert clip.longest_copied_notes <= 12 or clip.system == "human"
        assert clip.corpus == "made"
        assert clip.clip_id.startswith(clip.system)


def test_human_clips_come_from_test_pieces_and_generated_ones_from_training_pieces(config: Config) -> None:
    splits = {piece.piece.piece_id: piece.piece.split for piece in load_pieces(config.folders)}
    for clip in run_stage(config):
        expected = "test" if clip.system == "human" else "train"
        assert clip.split == splits[clip.piece_id] == expected
        assert bool(clip.checkpoint_sha256) == (clip.system != "human")
        assert splits.get(clip.nearest_piece_id, "train") == "train"


def test_the_same_seed_and_inputs_give_the_same_bytes(config: Config) -> None:
    stage = ClipStage(config)
    assert not stage.is_current()
    first = run_stage(config)
    files = {p.name: p.read_bytes() for p in config.folders.clips.iterdir()}
    assert ClipStage(config).is_current()
    assert run_stage(config) == first
    assert {p.name: p.read_bytes() for p in config.folders.clips.iterdir()} == files
    other = run_stage(config.model_copy(update={"seed": 4}))
    assert {clip.clip_sha256 for clip in other}.isdisjoint(
        {c.clip_sha256 for c in first if c.system != "human"}
    )


def test_clips_are_made_again_when_weights_or_settings_change(config: Config) -> None:
    run_stage(config)
    changed = config.model_copy(update={"clips": config.clips.model_copy(update={"temperature": 0.9})})
    assert not ClipStage(changed).is_current()
    weights = config.folders.models / "lstm" / "weights.npz"
    weights.write_bytes(weights.read_bytes() + b" ")
    assert not ClipStage(config).is_current()


def test_clips_are_not_made_again_where_a_folder_of_theirs_was_moved(config: Config, tmp_path: Path) -> None:
    write_midi_file(tmp_path / "here/tune.mid", make_score(3))
    write_midi_file(tmp_path / "there/tune.mid", make_score(3))
    write_midi_file(tmp_path / "other/tune.mid", make_score(4))
    inputs = [
        ClipStage(
            config.model_copy(update={"clips": config.clips.model_copy(update={"systems": systems})})
        ).inputs
        for systems in (
            {"theirs": str(tmp_path / "here")},
            {"theirs": str(tmp_path / "there")},
            {"theirs": str(tmp_path / "other")},
            {"others": str(tmp_path / "here")},
        )
    ]
    assert inputs[0] == inputs[1]
    assert len(set(inputs)) == 3


def test_clips_no_longer_wanted_are_removed(config: Config) -> None:
    run_stage(config)
    fewer = config.model_copy(update={"clips": config.clips.model_copy(update={"per_system": 4})})
    run_stage(fewer)
    assert len(list(config.folders.clips.glob("*.mid"))) == 12


def test_every_song_gives_a_human_clip_before_one_gives_two(tmp_path: Path) -> None:
    pieces = [prepare_piece(seed, f"song {seed}") for seed in range(4)]
    pieces.append(prepare_piece(9, "song 0", n_bars=50))  # the longer one stands for its song
    config = make_config(tmp_path)
    drafts = choose_excerpts(pieces, CopyDetector({}), config)
    assert len(drafts) == 6
    assert len({draft.piece.song_cluster for draft in drafts[:4]}) == 4
    assert "piece-0" not in {draft.piece.piece_id for draft in drafts}


def test_excerpts_of_one_piece_do_not_overlap() -> None:
    score = make_score(1, n_bars=40)  # 80 s
    clips = [clip for _, clip in cut_excerpts(score, 20, 500)]
    assert 2 <= len(clips) <= 4
    starts = []
    for clip in clips:
        head = clip.notes[:8, :2]
        offsets = [t for t in range(0, 1920, 48) if _holds(score, head, t)]
        assert len(offsets) == 1
        starts += offsets
    assert np.diff(sorted(starts)).min() >= 480


def _holds(score: Score, head: np.ndarray, tick: int) -> bool:
    rows = {tuple(row) for row in score.notes[:, :2].tolist()}
    return all((onset + tick, pitch) in rows for onset, pitch in head.tolist())


def test_an_excerpt_begins_on_a_note_and_ends_cut_on_the_bar_line_where_it_is_near() -> None:
    score = make_score(1)
    clip = cut_excerpt(score, 48, 5.0)
    assert clip is not None
    assert clip.notes[0, 0] == 0
    assert clip.duration_s == pytest.approx(5, abs=0.05)
    ending = cut_excerpt(score, 48, 6.7)
    assert ending is not None
    assert ending.end_tick == 3 * 48
    assert clip.bpm == pytest.approx(120)
    assert cut_excerpt(score, 47, 5.0) is None


def test_music_with_a_long_silence_or_an_early_end_is_no_clip() -> None:
    score = make_score(1)
    onset = score.notes[:, 0]
    silent = replace(score, notes=score.notes[(onset < 96) | (onset >= 200)])
    assert cut_excerpt(silent, 0, 20) is None
    ending = replace(score, notes=score.notes[onset < 400])
    assert cut_excerpt(ending, 0, 20) is None
    assert cut_excerpt(score, 0, 20) is not None


def test_a_clip_has_the_mean_tempo_of_its_music() -> None:
    score = replace(make_score(1), tempi=np.array([[0.0, 60.0], [120.0, 120.0]]))
    clip = cut_excerpt(score, 0, 20)
    assert clip is not None
    assert clip.bpm == pytest.approx(90)


def test_a_transposed_copy_is_measured_note_by_note_and_its_source_is_named() -> None:
    pieces = {f"p{seed}": make_score(seed) for seed in range(4)}
    detector = CopyDetector(pieces)
    mine, other = make_score(77, n_bars=10).notes, pieces["p2"].notes[20:45]
    copied = other - (other[0, 0] - mine[-1, 0] - 5, -4, 0, 0)
    passage = detector.find_longest(Score(np.concatenate([mine, copied]), 48, pieces["p2"].tempi))
    assert passage == Passage(25, "p2", bar=int(other[0, 0]) // 48 + 1, semitones=4)
    whole = detector.find_longest(pieces["p1"])
    assert whole == Passage(len(pieces["p1"].notes), "p1", bar=1, semitones=0)


def test_the_longest_run_is_that_of_a_plain_search() -> None:
    def longest_by_search(score: Score) -> int:
        steps = np.diff(score.notes[:, :2], axis=0).tolist()
        theirs = [np.diff(piece.notes[:, :2], axis=0).tolist() for piece in pieces.values()]
        runs = [
            sum(
                1
                for _ in itertools.takewhile(
                    lambda pair: pair[0] == pair[1], zip(steps[i:], piece[j:], strict=False)
                )
            )
            for piece in theirs
            for i in range(len(steps))
            for j in range(len(piece))
        ]
        return max(runs) + 1

    pieces = {f"p{seed}": make_score(seed, n_bars=8) for seed in range(3)}
    detector = CopyDetector(pieces)
    for seed in range(20, 24):
        score = make_score(seed, n_bars=5)
        assert detector.find_longest(score).n_notes == longest_by_search(score)


def test_no_copy_is_found_across_two_pieces_or_where_nothing_is_shared() -> None:
    one, two = make_score(1), make_score(2)
    detector = CopyDetector({"one": one, "two": two})
    joined = np.concatenate([one.notes[-10:], np.add(two.notes[:10], (one.notes[-1, 0] + 7, 0, 0, 0))])
    assert detector.find_longest(Score(joined, 48, one.tempi)).n_notes < 20
    alone = Score(np.array([[0, 60, 3, 80], [95, 107, 3, 80]]), 48, one.tempi)
    assert detector.find_longest(alone) == CopyDetector({}).find_longest(one) == Passage()


class Copyist:
    """A generator that gives back a training piece."""

    checkpoint_sha256 = "none"

    def compose(self, requests: list[Request]) -> list[Score]:
        return [make_score(1) for _ in requests]


def test_a_generator_that_only_copies_is_given_up_with_the_numbers(tmp_path: Path) -> None:
    piece = prepare_piece(1, "song")
    detector = CopyDetector({"piece-1": piece.score})
    with pytest.raises(
        StudyError, match=r"3 of 3 clips of copyist still fall silent or copy more than 12 notes"
    ):
        list(compose_clips("copyist", Copyist(), [[piece]] * 3, detector, make_config(tmp_path)))


def test_clips_that_copy_more_than_usual_are_tried_again_before_the_limit_counts(tmp_path: Path) -> None:
    piece, copyist, asked = prepare_piece(1, "song"), Copyist(), []
    detector = CopyDetector({"piece-1": piece.score})
    copyist.compose = lambda requests: asked.append(requests) or [make_score(1) for _ in requests]  # type: ignore[method-assign,func-returns-value]
    drafts = list(
        compose_clips(
            "copyist", copyist, [[piece]] * 2, detector, make_config(tmp_path, max_copied_notes=400)
        )
    )
    assert len(asked) == USUAL_TRIES + 1
    assert all(draft.passage.n_notes > USUAL_COPY_NOTES for _, draft in drafts)


class Moody:
    """A generator that makes music in some keys and falls silent in the others."""

    checkpoint_sha256 = "none"

    def compose(self, requests: list[Request]) -> list[Score]:
        silence = Score(np.zeros((0, 4), np.int64), 48, np.array([[0.0, 120.0]]))
        return [make_score(9) if request.primer.setting.bpm > 100 else silence for request in requests]


def test_a_piece_that_leads_to_no_clip_gives_its_place_to_another(tmp_path: Path) -> None:
    slow, fast = (prepare_piece(number, f"song {number}", bpm=bpm) for number, bpm in ((1, 60.0), (2, 120.0)))
    detector = CopyDetector({"piece-1": slow.score})
    composed = dict(
        compose_clips("moody", Moody(), [[slow, fast], [fast, slow]], detector, make_config(tmp_path))
    )
    assert {i: draft.piece.piece_id for i, draft in composed.items()} == {
        0: fast.piece.piece_id,
        1: fast.piece.piece_id,
    }


def test_first_primers_are_different_pieces_while_there_are_enough() -> None:
    pieces = [prepare_piece(number, f"song {number}") for number in range(7)]
    dealt = list(itertools.islice(deal_primers(pieces, 6), 6))
    assert len({turns[0].piece.piece_id for turns in dealt}) == 6
    assert all(turns[0] is not turns[1] for turns in dealt)


def test_too_few_songs_for_a_session_are_counted(tmp_path: Path) -> None:
    pieces = [prepare_piece(seed, f"song {seed}") for seed in range(3)]
    with pytest.raises(CorpusError, match=r"plays 4 human clips of different songs, but only 3 test songs"):
        choose_excerpts(pieces, CopyDetector({}), make_config(tmp_path))


def test_too_few_excerpts_are_counted(tmp_path: Path) -> None:
    pieces = [prepare_piece(seed, f"song {seed}", n_bars=4) for seed in range(5)]
    with pytest.raises(CorpusError, match=r"per_system is 6, but the test pieces give only 5 human clips"):
        choose_excerpts(pieces, CopyDetector({}), make_config(tmp_path))


def test_training_pieces_without_a_primer_are_named(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.primers.MIN_PRIMER_NOTES", 1000)
    with pytest.raises(CorpusError, match=r"none of the \d+ training pieces has 2 bars with 1000 notes"):
        run_stage(config)


def test_primers_start_on_bar_lines_with_notes() -> None:
    score = make_score(1)
    starts = find_primer_starts(score)
    assert starts
    assert all(start % 48 == 0 for start in starts)


def test_human_clips_are_what_tokens_can_say(config: Config) -> None:
    for clip in run_stage(config):
        path = config.folders.clips / clip.clip_file
        again = quantize(arrange(read_performance(path)))
        assert (again.notes[:, 3] % 4 == 2).all()
        assert len(again.notes) == clip.n_notes
