"""Released weights serve the very pieces and settings that they were trained with, and no others."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from models import trainer, training_cli
from models.clips import ClipStage
from models.corpus import PreparedPiece, load_pieces
from models.evaluation import evaluate
from models.evaluation_page import write_evaluation
from models.history import Progress, write_training
from models.release import MOST_BYTES, pack
from models.released import RELEASED, find_released, hash_music, released_inputs, use_released
from models.weights import WEIGHTS_FILE, training_inputs
from study_core.cli import Options
from study_core.config import Config
from study_core.errors import StudyError
from study_core.manifest import is_current, sha256_file, stamp_stage
from tests.models.test_clips import config, make_config
from tests.models.test_sampling import make_weights

__all__ = ["config"]  # the fixture


def stamp(config: Config, system: str = "lstm") -> Path:
    """Mark a generator as trained with this config."""
    folder = config.folders.models / system
    made = [path for path in folder.iterdir() if path.suffix != ".json"]
    stamp_stage(folder, training_inputs(system, config), made)
    return folder


def change_steps(config: Config, **steps: int) -> Config:
    return config.model_copy(update={"training": config.training.model_copy(update=steps)})


@pytest.fixture
def evaluated(config: Config) -> Config:
    """Return a study whose lstm is trained, has composed and is evaluated."""
    clips = config.clips.model_copy(update={"max_copied_notes": 60})
    config = config.model_copy(update={"clips": clips})
    stage = ClipStage(config)
    list(stage.compose())
    stage.write()
    write_evaluation(evaluate(config), config.folders.evaluation, config.seed)
    stamp(config)
    return config


@pytest.fixture
def root(evaluated: Config, tmp_path: Path) -> Path:
    """Return a folder of released weights with that lstm."""
    pack("lstm", evaluated, tmp_path / "released")
    return tmp_path / "released"


def test_packed_weights_are_found_and_become_the_studys(
    evaluated: Config, root: Path, tmp_path: Path
) -> None:
    released = find_released("lstm", evaluated, root)
    assert released == root / "made" / "lstm"
    assert sorted(path.name for path in released.iterdir()) == [
        "card.md", "history.csv", "loss.png", "stage.json", "weights.npz",
    ]  # fmt: skip
    elsewhere = evaluated.model_copy(update={"data_dir": str(tmp_path / "elsewhere")})
    elsewhere.folders.corpus.parent.mkdir()
    evaluated.folders.corpus.rename(elsewhere.folders.corpus)
    folder = use_released("lstm", elsewhere, released)
    assert is_current(folder, training_inputs("lstm", elsewhere))
    assert (folder / WEIGHTS_FILE).read_bytes() == (released / WEIGHTS_FILE).read_bytes()


def test_other_settings_generators_or_corpora_are_not_served(evaluated: Config, root: Path) -> None:
    assert find_released("lstm", change_steps(evaluated, gan_steps=7), root)
    assert find_released("lstm", change_steps(evaluated, lstm_steps=7), root) is None
    assert find_released("gan", evaluated, root) is None
    (root / "made").rename(root / "other")
    assert find_released("lstm", evaluated, root) is None


def test_one_note_of_a_training_piece_decides_and_test_pieces_and_names_do_not(evaluated: Config) -> None:
    pieces = load_pieces(evaluated.folders)

    def hash_changed(split: str, pitch: int) -> str:
        changed: list[PreparedPiece] = list(pieces)
        i = next(i for i, prepared in enumerate(pieces) if prepared.piece.split == split)
        notes = pieces[i].score.notes.copy()
        notes[0, 1] += pitch
        renamed = replace(pieces[i].piece, title="another", piece_file="elsewhere.mid")
        changed[i] = PreparedPiece(renamed, replace(pieces[i].score, notes=notes))
        return released_inputs("lstm", changed, evaluated)

    as_they_are = released_inputs("lstm", pieces, evaluated)
    assert hash_changed("train", 0) == hash_changed("validation", 0) == hash_changed("test", 1) == as_they_are
    assert len({as_they_are, hash_changed("train", 1), hash_changed("validation", 1)}) == 3


def test_files_that_are_gone_or_altered_are_all_named(evaluated: Config, root: Path) -> None:
    (root / "made" / "lstm" / WEIGHTS_FILE).write_bytes(b"other")
    (root / "made" / "lstm" / "loss.png").unlink()
    with pytest.raises(StudyError, match=r"2 of 4 files .* gone or altered") as caught:
        find_released("lstm", evaluated, root)
    assert "`study train lstm --restart`" in str(caught.value)
    assert "loss.png is missing" in str(caught.value)
    assert re.search(r"weights\.npz is altered: its SHA-256 is not [0-9a-f]{64}", str(caught.value))


def test_the_card_tells_data_settings_curve_evaluation_and_hash(evaluated: Config, root: Path) -> None:
    card = (root / "made" / "lstm" / "card.md").read_text(encoding="utf-8")
    assert card.startswith("# `lstm`, trained on `made`\n")
    assert sha256_file(evaluated.folders.models / "lstm" / WEIGHTS_FILE) in card
    train = [prepared for prepared in load_pieces(evaluated.folders) if prepared.piece.split == "train"]
    assert f"| train | {len(train)} |" in card
    assert hash_music(train) in card
    assert f"| lstm_steps | {evaluated.training.lstm_steps} |" in card
    assert "| step | training bits | validation bits |\n| --- | --- | --- |\n| 1 | 1 | 1 |" in card
    for name in ("ceiling: other real music", "lstm", "floor: markov"):
        assert f"\n| {name} | 6 |" in card
    assert "gan" not in card


def test_what_cannot_be_released_is_told(evaluated: Config, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"gan is not trained with this config\. Run `study train gan`"):
        pack("gan", evaluated, tmp_path)
    other = change_steps(evaluated, lstm_steps=7)
    write_training(other.folders.models / "lstm", make_weights(5), [Progress(1, 1, 1)])
    stamp(other)
    with pytest.raises(StudyError, match=r"does not hold clips of these weights\. Put lstm into"):
        pack("lstm", other, tmp_path)
    (other.folders.models / "lstm" / WEIGHTS_FILE).write_bytes(bytes(MOST_BYTES + 1))
    stamp(other)
    with pytest.raises(StudyError, match=r"has 4,000,001 bytes, but released weights have at most 4,000,000"):
        pack("lstm", other, tmp_path)


def train(config: Config, system: str, *, restart: bool = False) -> None:
    """Run `study train` on a config that is read already."""

    class Loaded(Options):
        def load(self) -> Config:
            return config

    arguments = [system, "--restart"] if restart else [system]
    options = Loaded(Path(), None, quiet=True)
    training_cli.train.main(arguments, obj=options, standalone_mode=False)


def test_the_command_takes_released_weights_and_trains_where_it_is_told_to(
    evaluated: Config, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[str] = []
    monkeypatch.setattr(trainer, "find_released", lambda s, c: find_released(s, c, root))
    monkeypatch.setattr(trainer, "_train", lambda system, _: trained.append(system))
    folder = evaluated.folders.models / "lstm"
    for path in folder.iterdir():
        path.unlink()
    train(evaluated, "lstm")
    assert capsys.readouterr().out == (
        f"The lstm is released for these pieces, see {folder}/card.md; --restart trains it anew\n"
    )
    train(evaluated, "lstm")
    assert capsys.readouterr().out == f"The lstm is trained and up to date: {folder}\n"
    assert trained == []
    train(evaluated, "lstm", restart=True)
    train(evaluated, "gan")
    assert trained == ["lstm", "gan"]
    train(change_steps(evaluated, lstm_steps=9), "gan")
    assert trained == ["lstm", "gan", "lstm", "gan"]


@pytest.mark.parametrize(
    "folder",
    sorted(path.parent for path in RELEASED.glob("*/*/stage.json")),
    ids=lambda path: f"{path.parent.name}-{path.name}",
)
def test_what_is_released_is_small_and_whole(folder: Path) -> None:
    outputs = json.loads((folder / "stage.json").read_text(encoding="utf-8"))["outputs"]
    assert {"weights.npz", "card.md", "history.csv"} <= outputs.keys()
    assert all(sha256_file(folder / name) == sha256 for name, sha256 in outputs.items())
    assert (folder / WEIGHTS_FILE).stat().st_size <= MOST_BYTES
    assert outputs[WEIGHTS_FILE] in (folder / "card.md").read_text(encoding="utf-8")


def test_a_study_without_pieces_is_told_the_command(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"pieces\.csv is missing"):
        find_released("lstm", make_config(tmp_path / "data"))
