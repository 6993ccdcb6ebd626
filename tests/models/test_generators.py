"""Whatever makes clips: every generator keeps one contract; folders, plug-ins and loose clips take part."""

import io
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint
from itertools import pairwise
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from models import article_generators
from models.article_facts import ArticleFacts, add_facts
from models.article_songs import read_songs
from models.batches import normalize_key
from models.clips import ClipStage
from models.corpus import load_pieces
from models.generator import Generator, Request, open_generator
from models.imported import import_clips
from models.loose import Order, compose_loose, write_loose
from models.markov import train_markov
from models.midi import midi_bytes, read_performance
from models.originality import CopyDetector
from models.primers import request_after
from models.tokens import IntArray, Score
from models.weights import WEIGHTS_FILE, Weights, save_weights
from study_core.config import Config
from study_core.errors import CorpusError, StudyError
from study_core.folders import DataFolders
from study_core.manifest import read_manifest
from study_core.production import ClipsConfig
from study_core.types import Clip
from tests.models.conftest import make_score, run_python, write_midi_file
from tests.models.test_clips import DURATION_S, config, make_config

__all__ = ["config"]  # the fixture
PLUGIN = "tests.models.test_generators"


class Improviser:
    """A generator of another package: made music, another for each seed."""

    checkpoint_sha256 = "improviser-1"

    def __init__(self, folders: DataFolders, config: ClipsConfig) -> None:
        self.folders, self.config = folders, config

    def compose(self, requests: Sequence[Request]) -> list[Score]:
        return [
            make_score(request.seed % 1000 + 1000, bpm=request.primer.setting.bpm) for request in requests
        ]


class Mute:
    """Something that is no generator."""

    def __init__(self, folders: DataFolders, config: ClipsConfig) -> None:
        pass


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install three packages: a generator, something that is none, and one that cannot be loaded."""
    points = [
        EntryPoint(name, f"{PLUGIN}:{value}", "whos_that_composer.generators")
        for name, value in (("improviser", "Improviser"), ("mute", "Mute"), ("broken", "Missing"))
    ]
    monkeypatch.setattr("models.generator.entry_points", lambda group: points if group else [])


@pytest.fixture
def study(config: Config, plugins: None) -> Config:  # noqa: ARG001 (a fixture for what it does)
    """Return a study with every generator, trained."""
    songs = [normalize_key(prepared.score) for prepared in load_pieces(config.folders, "train")]
    save_weights(config.folders.models / "markov" / WEIGHTS_FILE, train_markov(songs))
    article = {"article_lstm": make_article_weights(), "article_gan": make_article_gan_weights()}
    for system, weights in article.items():
        save_weights(config.folders.models / system / WEIGHTS_FILE, weights)
    return config


def make_article_weights(units: int = 4) -> Weights:
    """Return random weights of the article's LSTM."""
    rng = np.random.default_rng(1)
    vocabulary = ["0.4.7", "2.5.9", "C4", "D5", "E4", "F#3", "G2"]
    shapes: dict[str, tuple[int, ...]] = {"hidden/kernel": (2 * units, 2), "hidden/bias": (2,)}
    shapes |= {"out/kernel": (2, len(vocabulary)), "out/bias": (len(vocabulary),)}
    ways = [("lower", 1), *((f"middle/{way}_lstm", units) for way in ("forward", "backward"))]
    for layer, width in [*ways, *((f"upper/{way}_lstm", 2 * units) for way in ("forward", "backward"))]:
        shapes[f"{layer}/lstm_cell/kernel"] = (width, 4 * units)
        shapes[f"{layer}/lstm_cell/recurrent_kernel"] = (units, 4 * units)
        shapes[f"{layer}/lstm_cell/bias"] = (4 * units,)
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    return add_facts(weights, ArticleFacts(vocabulary))


def make_article_gan_weights() -> Weights:
    """Return random weights of the article's GAN."""
    rng = np.random.default_rng(1)
    weights = add_facts({}, ArticleFacts(["0.4.7", "2.5.9", "C4", "D5", "E4", "F#3", "G2"]))
    widths = [1000, 4, 8, 16, 100]
    for name, (inputs, outputs) in zip(
        ("dense_0", "dense_1", "dense_2", "out"), pairwise(widths), strict=True
    ):
        weights[f"{name}/kernel"] = rng.normal(0, 0.1, (inputs, outputs)).astype(np.float32)
        weights[f"{name}/bias"] = np.zeros(outputs, np.float32)
    for i, width in enumerate(widths[1:4]):
        for name in ("gamma", "moving_variance", "beta", "moving_mean"):
            weights[f"norm_{i}/{name}"] = np.full(width, name in {"gamma", "moving_variance"}, np.float32)
    return weights


@pytest.mark.parametrize("system", ["lstm", "gan", "markov", "article_lstm", "article_gan", "improviser"])
def test_every_generator_keeps_the_contract(study: Config, system: str) -> None:
    generator = open_generator(system, study.folders, study.clips)
    assert isinstance(generator, Generator)
    assert generator.checkpoint_sha256
    requests = [request_after(make_score(seed), seed, 240) for seed in (1, 2, 3)]
    music = generator.compose(requests)
    assert len(music) == 3
    for score, again in zip(music, generator.compose(requests), strict=True):
        assert (score.notes == again.notes).all()
    assert not np.array_equal(music[0].notes, music[1].notes)
    for score, request in zip(music, requests, strict=True):
        onset, pitch, duration, velocity = score.notes.T
        assert score.bar_ticks == request.primer.setting.bar_ticks
        assert score.tempi[0, 1] == pytest.approx(request.primer.setting.bpm)
        assert (np.diff(onset * 128 + pitch) > 0).all()
        assert onset.min() >= 0
        assert duration.min() > 0
        assert 21 <= pitch.min() <= pitch.max() <= 108
        assert 0 < velocity.min() <= velocity.max() < 128


@pytest.mark.parametrize("system", ["lstm", "gan", "markov", "article_lstm", "article_gan"])
def test_a_key_never_sounds_twice_at_once(study: Config, system: str) -> None:
    generator = open_generator(system, study.folders, study.clips)
    for score in generator.compose([request_after(make_score(seed), seed, 480) for seed in range(4)]):
        sounding: set[int] = set()
        for message in mido.MidiFile(file=io.BytesIO(midi_bytes(score))):
            if message.type == "note_on" and message.velocity:
                assert message.note not in sounding
                sounding.add(message.note)
            elif message.type in {"note_on", "note_off"}:
                sounding.remove(message.note)
        assert not sounding


def test_the_articles_lstm_goes_on_from_the_piece_that_the_request_names(
    study: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    vocabulary = ["C4", "D4", "E4", "F4", "G4"]
    rng = np.random.default_rng(1)
    pieces = {name: rng.choice(vocabulary, 300).tolist() for name in ("one", "other")} | {"none": []}
    monkeypatch.setattr(article_generators, "read_songs", lambda *_: pieces)
    weights = add_facts(make_article_weights(), ArticleFacts(vocabulary))
    weights["out/kernel"], weights["out/bias"] = (
        np.zeros((2, len(vocabulary)), np.float32),
        np.zeros(len(vocabulary), np.float32),
    )
    save_weights(study.folders.models / "article_lstm" / WEIGHTS_FILE, weights)
    heard: list[IntArray] = []
    monkeypatch.setattr(
        article_generators,
        "write_on",
        lambda _weights, primers, uniform, _how, **_faults: (
            heard.append(primers) or np.zeros(uniform.shape, int)
        ),
    )
    generator = open_generator("article_lstm", study.folders, study.clips)
    request = request_after(make_score(1), 1, 240)
    for name in ("one", "other", "none", ""):
        generator.compose([replace(request, piece_id=name)])
    said = ["".join(vocabulary[number] for number in primer[0]) for primer in heard]
    assert said[0] in "".join(pieces["one"])
    assert said[1] in "".join(pieces["other"])
    assert len({len(primer[0]) for primer in heard}) == 1


def test_midi_that_the_articles_generators_miss_is_named(study: Config) -> None:
    train = [p.piece for p in load_pieces(study.folders, "train")]
    for piece in train[:2]:
        (study.folders.root / piece.piece_file).unlink()
    with pytest.raises(CorpusError, match=rf"2 of {len(train)} MIDI files .* are gone:\n.*\.mid\n.*\.mid$"):
        read_songs(study.folders, "train")


def test_the_likeliest_token_is_soon_the_same_again_where_the_fault_is_kept(study: Config) -> None:
    facts = ArticleFacts(["C4", "D4", "E4", "F4", "G4", "A4", "B4"], ["likeliest_token"])
    weights = add_facts(make_article_weights(), facts)
    save_weights(study.folders.models / "article_lstm" / WEIGHTS_FILE, weights)
    generator = open_generator("article_lstm", study.folders, study.clips)
    music = generator.compose([request_after(make_score(1), seed, 960) for seed in (1, 2)])
    assert all(len(set(score.notes[-20:, 1].tolist())) == 1 for score in music)


def test_composing_with_the_articles_networks_loads_no_tensorflow(study: Config) -> None:
    run_python(
        "import sys; from pathlib import Path",
        "from models.generator import open_generator",
        "from models.primers import request_alone",
        "from study_core.folders import DataFolders",
        "from study_core.production import ClipsConfig",
        f"folders = DataFolders(Path({str(study.folders.root)!r}))",
        "for system in ('article_lstm', 'article_gan', 'lstm', 'gan', 'markov'):",
        "    assert open_generator(system, folders, ClipsConfig()).compose([request_alone(1, 96)])",
        "assert not {'tensorflow', 'keras'} & set(sys.modules)",
    )


def test_the_command_that_composes_one_clip_loads_no_tensorflow(study: Config, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("clips: {max_copied_notes: 60}", encoding="utf-8")
    options = ["--config", str(tmp_path / "config.yaml"), "--data-dir", str(study.folders.root)]
    order = ["generate", "--system", "lstm", "--bars", "4", "--out", str(tmp_path / "out")]
    run_python(
        "import sys",
        "from study_core.cli import main",
        f"main({[*options, *order]!r})",
        "assert not {'tensorflow', 'keras', 'music21', 'scipy', 'matplotlib'} & set(sys.modules)",
    )
    assert len(list((tmp_path / "out").glob("lstm-*.mid"))) == 1


def test_what_is_no_generator_cannot_be_loaded_or_is_unknown_is_told(study: Config) -> None:
    with pytest.raises(StudyError, match=r"mute \(.*:Mute\) is no generator: it needs `checkpoint_sha256`"):
        open_generator("mute", study.folders, study.clips)
    with pytest.raises(StudyError, match=r"broken \(.*:Missing\) cannot be loaded: .* Mend its package"):
        open_generator("broken", study.folders, study.clips)
    with pytest.raises(StudyError, match=r"nobody is no generator of this or any installed package"):
        open_generator("nobody", study.folders, study.clips)
    with pytest.raises(StudyError, match=r"lstm is not trained\. Run `study train lstm`"):
        open_generator("lstm", DataFolders(Path("nowhere")), study.clips)


def test_all_kinds_of_systems_become_clips_of_one_study(study: Config, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    for seed in range(200, 206):
        write_midi_file(theirs / f"{seed}.mid", make_score(seed, n_bars=12))
    heard = {"human": 2, "human_original": 2, "markov": 2, "improviser": 2, "theirs": 2}
    systems = {"human_original": "", "markov": "", "improviser": "", "theirs": str(theirs)}
    clips = study.clips.model_copy(update={"systems": systems, "max_copied_notes": 60})
    trials = study.trials.model_copy(update={"per_participant": heard})
    stage = ClipStage(study.model_copy(update={"clips": clips, "trials": trials}))
    assert len(list(stage.compose())) == stage.n_clips == 30
    rows = read_manifest(stage.write(), Clip)
    assert stage.is_current()
    own = {name: [row for row in rows if row.system == name] for name in heard}
    assert {name: len(found) for name, found in own.items()} == dict.fromkeys(heard, 6)
    # The original plays the same notes of the same pieces, at its own times.
    for human, original in zip(own["human"], own["human_original"], strict=True):
        assert (human.piece_id, human.n_notes) == (original.piece_id, original.n_notes)
        played = read_performance(study.folders.clips / original.clip_file)
        assert len(played.notes) == original.n_notes
    assert {row.checkpoint_sha256 for row in own["improviser"]} == {"improviser-1"}
    assert len({row.song_cluster for row in own["theirs"]}) == 6


def make_import(folder: Path, tmp_path: Path, **pieces: Score) -> list[object]:
    config = make_config(tmp_path / "data")
    trials = config.trials.model_copy(update={"per_participant": {"human": 2, "theirs": 2}})
    config = config.model_copy(update={"trials": trials})
    return list(import_clips("theirs", folder, CopyDetector(pieces), config))


def write_sound(path: Path, seconds: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.1 * np.sin(np.arange(int(seconds * 8000)) / 5), 8000)


def test_a_folder_of_sound_becomes_clips_byte_for_byte(tmp_path: Path) -> None:
    for name in "abcdef":
        write_sound(tmp_path / "theirs" / f"{name}.wav", 7)
    files = sorted((tmp_path / "theirs").iterdir())
    (tmp_path / "theirs/._a.wav").write_bytes(b"what a Mac leaves behind")
    drafts = dict(make_import(tmp_path / "theirs", tmp_path))
    assert [draft.content for draft in drafts.values()] == [file.read_bytes() for file in files]
    assert {(draft.suffix, draft.duration_s) for draft in drafts.values()} == {(".wav", 7.0)}


def test_every_file_that_gave_no_clip_is_named_with_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    write_sound(folder / "good.wav", 7)
    write_sound(folder / "short.wav", 3)
    (folder / "noise.wav").write_bytes(b"RIFF")
    (folder / "more").symlink_to(tmp_path)
    with pytest.raises(
        CorpusError, match=r"1 files in .* give 1 clips of 6 s, but clips\.per_system is 6"
    ) as e:
        make_import(folder, tmp_path)
    assert "short.wav lasts 3.0 s, shorter than the 6 s of a clip" in str(e.value)
    assert "noise.wav cannot be decoded" in str(e.value)
    assert "more is a link to a folder, which is not followed" in str(e.value)


def test_copies_and_short_pieces_of_a_folder_are_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    write_midi_file(folder / "copy.mid", make_score(1))
    write_midi_file(folder / "short.mid", make_score(2, n_bars=2))
    with pytest.raises(CorpusError) as caught:
        make_import(folder, tmp_path, original=make_score(1))
    assert "copy.mid copies " in str(caught.value)
    assert "notes in a row of original, bar " in str(caught.value)
    assert "short.mid" in str(caught.value)


def test_a_folder_that_is_missing_empty_or_mixed_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    with pytest.raises(CorpusError, match=r"theirs is no folder\. Correct clips\.systems"):
        make_import(folder, tmp_path)
    folder.mkdir()
    with pytest.raises(CorpusError, match=r"theirs holds no music"):
        make_import(folder, tmp_path)
    write_sound(folder / "a.wav", 7)
    write_midi_file(folder / "b.mid", make_score(1))
    with pytest.raises(CorpusError, match=r"theirs holds 1 audio and 1 MIDI files\. Keep one kind"):
        make_import(folder, tmp_path)


def test_loose_clips_are_whole_bars_and_the_same_again(study: Config, tmp_path: Path) -> None:
    generator = open_generator("improviser", study.folders, study.clips)
    order = Order(system="improviser", count=3, bars=4, seed=7)
    drafts = dict(compose_loose(order, generator, study))
    assert drafts == dict(compose_loose(order, generator, study))
    files = write_loose(order, drafts, tmp_path / "out")
    assert [file.name for file in files] == [f"improviser-7-{i:03d}.mid" for i in (1, 2, 3)]
    for file in files:
        onset = read_performance(file).notes
        assert len(onset) > 0
    write_loose(order, {0: drafts[0]}, tmp_path / "out")
    assert len(read_manifest(tmp_path / "out" / "clips.csv", Clip)) == 3


def test_a_loose_clip_goes_on_from_the_named_piece_or_from_nothing(study: Config) -> None:
    generator = open_generator("improviser", study.folders, study.clips)
    wanted = load_pieces(study.folders, "train")[0].piece
    order = Order(system="improviser", seconds=DURATION_S, primer=wanted.piece_id)
    assert dict(compose_loose(order, generator, study))[0].piece.piece_id == wanted.piece_id
    alone = Order(system="improviser", bars=3, primer="none")
    assert dict(compose_loose(alone, generator, study))[0].piece.piece_id == ""


def test_an_unknown_primer_or_no_training_piece_is_told(study: Config, tmp_path: Path) -> None:
    generator = open_generator("improviser", study.folders, study.clips)
    with pytest.raises(StudyError, match=r"0 of \d+ training pieces are called 'nothing like it'"):
        list(compose_loose(Order(system="improviser", bars=2, primer="nothing like it"), generator, study))
    empty = make_config(tmp_path / "empty")
    with pytest.raises(StudyError, match=r"There are no training pieces to go on from"):
        list(compose_loose(Order(system="improviser", bars=2), generator, empty))
