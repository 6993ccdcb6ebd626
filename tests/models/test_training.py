"""Both generators really train, with TensorFlow, in one process per test module."""

import csv
import math
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from models import checkpoints
from models.batches import Song, cut_validation, draw_batch, normalize_key
from models.checkpoints import Checkpoints, remove_checkpoint
from models.features import N_FEATURES
from models.generator import LSTMGenerator
from models.history import Progress, describe_progress, write_training
from models.network import is_complete
from models.style import fit_styles
from models.weights import Weights, load_weights, training_inputs
from study_core.config import Config
from study_core.errors import CorpusError, StudyError
from study_core.folders import DataFolders
from study_core.production import ClipsConfig, TrainingConfig
from tests.models.conftest import REPOSITORY, make_score

KILLED_TRAINING = """
import os, signal, sys
from pathlib import Path
from models.backend import load_backend; load_backend()
from models import checkpoints, training
from tests.models.test_training import HELD_OUT, SONGS
training.CROPS_PER_BATCH, training.STEPS_PER_CROP, training.STEPS_PER_VALIDATION = 8, 32, 10
checkpoints.STEPS_PER_CHECKPOINT = 8
run = training.LSTMTraining(SONGS, HELD_OUT, 30, 1)
for progress in run.run():
    checkpoints.Checkpoints(Path(sys.argv[1]), "inputs").keep(run, progress)
    if progress.step == 19:
        os.kill(os.getpid(), signal.SIGKILL)
"""
SONGS = [normalize_key(make_score(seed)) for seed in range(8)]
TABLE = fit_styles([(song.tokens, song.setting) for song in SONGS], np.random.default_rng(0), 32)
HELD_OUT = [normalize_key(make_score(seed, n_bars=12)) for seed in range(8, 10)]


@pytest.fixture(scope="module")
def training() -> ModuleType:
    from models.backend import load_backend

    load_backend()
    from models import training

    return training


@pytest.fixture
def small(training: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(training, "CROPS_PER_BATCH", 8)
    monkeypatch.setattr(training, "STEPS_PER_CROP", 32)
    monkeypatch.setattr(training, "STEPS_PER_VALIDATION", 10)
    return training


def train_lstm(training: ModuleType, steps: int = 30) -> tuple[Weights, list[Progress]]:
    run = training.LSTMTraining(SONGS, HELD_OUT, steps, 1)
    history = list(run.run())
    assert history == run.history
    return run.weights, history


@pytest.fixture(scope="module")
def trained(training: ModuleType) -> tuple[Weights, list[Progress]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "CROPS_PER_BATCH", 8)
        patch.setattr(training, "STEPS_PER_CROP", 32)
        patch.setattr(training, "STEPS_PER_VALIDATION", 10)
        return train_lstm(training)


def test_the_lstm_learns(trained: tuple[Weights, list[Progress]]) -> None:
    weights, history = trained
    assert len(history) == 30
    assert is_complete(weights)
    held_out = [row.validation_bits for row in history if not math.isnan(row.validation_bits)]
    assert len(held_out) == 3
    assert held_out[-1] < held_out[0] < history[0].training_bits - 5
    assert history[-1].training_bits < history[0].training_bits - 4


def test_the_same_seed_and_steps_give_the_same_weights(
    small: ModuleType, trained: tuple[Weights, list[Progress]]
) -> None:
    again, history = train_lstm(small)
    assert [row.training_bits for row in history] == [row.training_bits for row in trained[1]]
    assert all(np.array_equal(again[name], array) for name, array in trained[0].items())


def test_an_interrupted_training_goes_on_to_the_same_bits_after_kill_9(
    small: ModuleType, trained: tuple[Weights, list[Progress]], tmp_path: Path
) -> None:
    """The first process is killed behind a checkpoint, the second runs on to the end."""
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_TRAINING, str(tmp_path)],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    resumed = small.LSTMTraining(SONGS, HELD_OUT, 30, 1)
    assert Checkpoints(tmp_path, "other inputs").restore(resumed) == 0
    assert Checkpoints(tmp_path, "inputs").restore(resumed) == 16
    assert len(list(resumed.run())) == 14
    pairs = zip(resumed.history, trained[1], strict=True)
    assert all(a.training_bits == b.training_bits for a, b in pairs)
    assert all(np.array_equal(resumed.weights[name], array) for name, array in trained[0].items())
    remove_checkpoint(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_an_interrupted_gan_goes_on_to_the_same_bits(
    trained: tuple[Weights, list[Progress]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models import gan

    monkeypatch.setattr(gan, "PRIMER_NOTES", 12)
    monkeypatch.setattr(gan, "COMPOSED_NOTES", 16)
    monkeypatch.setattr(gan, "PHRASE_NOTES", 28)
    monkeypatch.setattr(checkpoints, "STEPS_PER_CHECKPOINT", 5)
    whole = gan.GANTraining(SONGS, HELD_OUT, trained[0], 3, 1)
    for progress in whole.run():
        if progress.step <= 5:
            Checkpoints(tmp_path, "inputs").keep(whole, progress)
    resumed = gan.GANTraining(SONGS, HELD_OUT, trained[0], 3, 1)
    assert Checkpoints(tmp_path, "inputs").restore(resumed) == 5
    list(resumed.run())
    np.testing.assert_equal(*([asdict(row) for row in run.history[3:]] for run in (resumed, whole)))
    assert all(np.array_equal(resumed.weights[name], array) for name, array in whole.weights.items())


def test_the_saved_weights_lose_nothing_that_counts(
    training: ModuleType, trained: tuple[Weights, list[Progress]], tmp_path: Path
) -> None:
    from models.lstm import LookbackLSTM

    weights, history = trained
    files = write_training(tmp_path, weights, history)
    model = training.compile_generator(LookbackLSTM())
    batch = cut_validation(HELD_OUT)
    bits = []
    for version in (weights, load_weights(files[0])):
        training.load_into(model, version)
        bits.append(training.measure_bits(model, batch))
    assert bits[0] == pytest.approx(bits[1], abs=0.005)
    assert bits[0] == pytest.approx(
        min(r.validation_bits for r in history if r.validation_bits > 0), abs=1e-3
    )


def test_training_stops_when_validation_gets_no_better(
    small: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = iter([5.0, 4.0, 4.1, 4.2, 4.3, 4.4, 1.0])
    monkeypatch.setattr(small, "STEPS_PER_VALIDATION", 1)
    monkeypatch.setattr(small.MovingAverage, "validate", lambda *_: next(measured))
    run = small.LSTMTraining(SONGS, HELD_OUT, 7, 1)
    assert len(list(run.run())) == 6
    assert run.validation_bits == 4


def test_the_learning_rate_warms_up_stays_and_falls(training: ModuleType) -> None:
    rates = [training.find_learning_rate(step, 600) for step in range(1, 601)]
    assert rates[0] == pytest.approx(3e-3 / 60)
    assert rates[60:360] == pytest.approx([3e-3] * 300)
    assert rates[360:] == sorted(rates[360:], reverse=True)
    assert 0 < rates[-1] < 1e-4


def test_the_gan_trains_two_models_against_each_other(
    trained: tuple[Weights, list[Progress]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from models import gan

    monkeypatch.setattr(gan, "PRIMER_NOTES", 12)
    monkeypatch.setattr(gan, "COMPOSED_NOTES", 16)
    monkeypatch.setattr(gan, "PHRASE_NOTES", 28)
    run = gan.GANTraining(SONGS, HELD_OUT, trained[0], 15, 1)
    before = [weight.copy() for weight in run._discriminator.get_weights()]
    history = list(run.run())
    assert len(history) == run.n_steps == 30
    early, late = (
        np.mean([row.discriminator_accuracy for row in part]) for part in (history[:5], history[10:15])
    )
    assert late > max(early, 0.6)  # it hears that these clips are bad
    after = run._discriminator.get_weights()
    assert len(before) == len(after)
    assert not any(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert not np.array_equal(run.weights["out_pitch/kernel"], trained[0]["out_pitch/kernel"])
    assert set(run.weights) == set(trained[0])
    assert run.validation_bits == history[-1].validation_bits
    assert run.validation_bits < trained[1][-1].validation_bits + 0.5


@pytest.mark.usefixtures("training")
def test_a_gan_of_jingles_is_refused_with_their_length() -> None:
    from models import gan

    jingles = [Song(song.tokens[:79], song.setting, 0) for song in SONGS]
    with pytest.raises(CorpusError, match=r"longest of \d+ training pieces has 79 notes, but the gan learns"):
        gan.GANTraining(jingles, HELD_OUT, {}, 3, 1)


@pytest.mark.usefixtures("training")
def test_a_note_that_leads_to_realistic_music_is_rewarded() -> None:
    from models.gan import find_advantages

    rewards = np.zeros((4, 5), np.float32)
    rewards[0, 3] = 1
    advantages = find_advantages(rewards)
    assert (advantages[0, :4] > 0).all()
    assert (advantages[1:, :4] < 0).all()
    assert advantages[:, 4] == pytest.approx(np.zeros(4))
    assert np.abs(find_advantages(rewards * 100)) == pytest.approx(np.abs(advantages), rel=1e-3)


def test_the_history_is_a_table_and_the_loss_a_picture(tmp_path: Path) -> None:
    history = [Progress(1, 9.0, math.nan), Progress(2, 8.0, 8.5, 0.6)]
    _, table, plot = write_training(tmp_path, {"a": np.zeros(3, np.float32)}, history)
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert [row["validation_bits"] for row in rows] == ["", "8.5"]
    assert rows[1]["discriminator_accuracy"] == "0.6"
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert describe_progress(history[1]) == "8.00 bits per note, discriminator right 60%"


def test_batches_hold_whole_features_and_weigh_no_padding() -> None:
    short = Song(SONGS[0].tokens[:20], SONGS[0].setting, 0)
    batch = draw_batch([short], TABLE, np.random.default_rng(0), 3, 30)
    assert batch.features.shape == (3, 30, N_FEATURES)
    assert (batch.weights.sum(axis=1) == 19).all()
    whole = cut_validation([SONGS[0]])
    assert whole.weights.sum() == len(SONGS[0].tokens) - 1


def test_a_generator_without_weights_says_how_to_train_it(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"gan is not trained. Run `study train gan`"):
        LSTMGenerator("gan", DataFolders(tmp_path), ClipsConfig())


def test_weights_and_checkpoints_that_are_damaged_are_told_with_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "lstm"
    folder.mkdir()
    for name in ("weights.npz", checkpoints.CHECKPOINT_FILE):
        (folder / name).write_bytes(b"PK\3\4 cut off")
    with pytest.raises(
        StudyError, match=r"weights\.npz is damaged \(.+\)\. Remove it and run `study train lstm`"
    ):
        load_weights(folder / "weights.npz")
    with pytest.raises(
        StudyError, match=r"checkpoint\.npz is damaged .*Remove it: then the training begins anew"
    ):
        Checkpoints(folder, "inputs").are_kept()


def test_weights_of_another_version_are_refused(tmp_path: Path) -> None:
    write_training(tmp_path / "models" / "lstm", {"out_pitch/bias": np.zeros(3)}, [Progress(1, 1, 1)])
    with pytest.raises(StudyError, match="holds a network of another shape"):
        LSTMGenerator("lstm", DataFolders(tmp_path), ClipsConfig())


def test_training_without_pieces_says_how_to_prepare_them(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="Run `study corpus prepare`"):
        training_inputs("lstm", Config(data_dir=str(tmp_path)))


def test_the_gan_is_trained_again_when_the_lstm_is(tmp_path: Path) -> None:
    corpus = DataFolders(tmp_path).corpus
    corpus.mkdir()
    for name in ("pieces.csv", "scores.npz"):
        (corpus / name).write_bytes(b"")

    def inputs(system: str, **steps: int) -> str:
        return training_inputs(system, Config(data_dir=str(tmp_path), training=TrainingConfig(**steps)))

    assert inputs("lstm") == inputs("lstm", gan_steps=7) != inputs("lstm", lstm_steps=7)
    assert len({inputs("gan"), inputs("gan", gan_steps=7), inputs("gan", lstm_steps=7)}) == 3
