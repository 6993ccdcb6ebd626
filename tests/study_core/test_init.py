"""`study init`: a config that can be met, from any music; nothing is ever overwritten."""

import os
import pty
import re
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from study_core.cli import main
from study_core.config import load_config
from study_core.config_page import fill_page, list_comments, read_page
from study_core.next_version import begin_version
from study_core.platforms import PLATFORMS


def init(*arguments: str) -> None:
    main(["init", *arguments])


def write_midi(folder: Path, n: int) -> Path:
    folder.mkdir(parents=True)
    for i in range(n):
        (folder / f"{i}.mid").write_bytes(b"MThd")
    return folder


def write_sound(path: Path, seconds: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(round(seconds * 8000) * 2))


def test_without_a_word_a_study_has_the_defaults_and_every_comment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mine"
    init(str(folder))
    made = load_config(folder / "config.yaml").model_dump(exclude={"data_dir", "recruitment"})
    shipped = load_config(Path(read_page.__code__.co_filename).parent.parent / "config.yaml")
    assert made == shipped.model_dump(exclude={"data_dir", "recruitment"})
    page = (folder / "config.yaml").read_text(encoding="utf-8")
    assert list_comments(page) == list_comments(read_page())
    assert page.startswith("# yaml-language-server: $schema=config.schema.json\n")
    assert "every key has the default shown here" not in page
    assert "study prepare && study check && study serve" in capsys.readouterr().out


def test_every_option_stands_in_the_config(tmp_path: Path) -> None:
    midi = write_midi(tmp_path / "midi", 100)
    init(
        *[str(tmp_path / "mine"), "--music", str(midi), "--systems", f"markov,theirs={midi}"],
        *["--listeners", "12", "--languages", "es,en", "--platform", "prolific"],
        *["--contact", "Prof. Oak: oak@lab.example", "--title", "Oak's: a # test"],
    )
    config = load_config(tmp_path / "mine/config.yaml")
    assert (config.title, config.corpus.source) == ("Oak's: a # test", str(midi))
    assert config.clips.systems == {"markov": "", "theirs": str(midi)}
    assert config.recruitment.target_participants == 12
    assert config.recruitment.languages == ("es", "en")
    assert config.recruitment.contact == "Prof. Oak: oak@lab.example"
    assert config.recruitment.completion_url == "https://app.prolific.com/submissions/complete?cc={code}"
    assert "pokemon_games" not in config.questions.before


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_platform_has_a_config_that_can_be_met(tmp_path: Path, platform: str) -> None:
    init(str(tmp_path / "mine"), "--platform", platform)
    parameter = load_config(tmp_path / "mine/config.yaml").recruitment.id_parameter
    assert (parameter is None) == (platform == "link")


@pytest.mark.parametrize("n", [20, 24, 40, 90, 400])
def test_a_corpus_of_any_size_has_test_pieces_enough_for_its_trials(tmp_path: Path, n: int) -> None:
    init(str(tmp_path / "mine"), "--music", str(write_midi(tmp_path / "midi", n)))
    config = load_config(tmp_path / "mine/config.yaml")
    human = config.trials.per_participant["human"]
    assert 2 <= human <= 10
    assert human + 1 <= config.corpus.test_share * n


def test_recordings_become_a_study_of_recordings_as_long_as_the_shortest(tmp_path: Path) -> None:
    for system, n in (("human", 5), ("suno", 4)):
        for i in range(n):
            write_sound(tmp_path / "songs" / system / f"{i}.wav", 6.4 + i)
    (tmp_path / "songs/human/._0.wav").write_bytes(b"what a Mac leaves behind")
    init(str(tmp_path / "mine"), "--music", str(tmp_path / "songs"))
    config = load_config(tmp_path / "mine/config.yaml")
    assert config.clips.systems == {name: str(tmp_path / "songs" / name) for name in ("human", "suno")}
    assert (config.clips.per_system, config.clips.duration_s) == (4, 6.0)
    assert config.trials.per_participant == {"human": 3, "suno": 3}
    assert not config.clips.needs_corpus


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--music", "nowhere"], "nowhere is no folder. Name one with MIDI files, or one with a folder of"),
        (["--music", "few"], "each heard once, so a study takes 20 at least. Add some."),
        (["--music", "loose"], "holds 0 MIDI files, 1 loose recordings"),
        (["--music", "short"], "has 1 human, 1 suno, the shortest of 2.0 s. A study takes 3 recordings"),
        (["--music", "short", "--systems", "lstm"], "lstm cannot be set beside recordings"),
        (["--music", "broken"], "cannot be decoded"),
        (["--systems", "llama"], "llama is no system; known are"),
    ],
)
def test_music_that_makes_no_study_is_told_and_nothing_is_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_midi(tmp_path / "few", 19)
    write_sound(tmp_path / "loose/a.wav", 5)
    for name in ("human", "suno"):
        write_sound(tmp_path / "short" / name / "a.wav", 2)
        (tmp_path / "broken" / name).mkdir(parents=True)
        (tmp_path / "broken" / name / "a.wav").write_bytes(b"no sound")
    with pytest.raises(SystemExit) as stop:
        init("mine", *arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "mine/config.yaml").exists()


def test_a_study_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.yaml").write_text("title: kept\n")
    (tmp_path / "file").touch()
    for arguments, said in (
        ([str(tmp_path)], "is there already and stays as it is"),
        ([str(tmp_path / "file")], "file is a file. Name a folder"),
    ):
        with pytest.raises(SystemExit):
            init(*arguments)
        assert said in capsys.readouterr().err
    assert (tmp_path / "config.yaml").read_text() == "title: kept\n"


def test_whoever_sits_at_the_terminal_is_asked(tmp_path: Path) -> None:
    answers = ["Ear against machine", "chorales", "markov", "25", "en", "link", ""]
    command = [sys.executable, "-m", "study_core.cli", "init", str(tmp_path / "mine")]
    ours, terminal = pty.openpty()
    done = subprocess.Popen(
        command, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    os.close(terminal)
    os.write(ours, "\n".join([*answers, ""]).encode())
    said, problem = done.communicate(timeout=60)
    os.close(ours)
    assert done.returncode == 0, problem
    assert "Where do participants come from (link, prolific, sona, mturk) [link]: " in said
    config = load_config(tmp_path / "mine/config.yaml")
    assert (config.title, config.recruitment.target_participants) == ("Ear against machine", 25)
    assert config.clips.systems == {"markov": ""}


def test_a_script_is_asked_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "study_core.cli", "init", str(tmp_path / "mine")]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    assert "Title" not in done.stdout + done.stderr


def test_the_next_version_is_the_old_page_in_a_folder_of_its_own(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "deep/new"
    write_midi(old / "tunes", 60)
    init(str(old), "--music", "chorales", "--systems", f"markov,theirs={old / 'tunes'}")
    page = (old / "config.yaml").read_text(encoding="utf-8")
    page = page.replace(f"theirs: {old / 'tunes'}", "theirs: tunes").replace("title:", "# mine\ntitle:")
    (old / "config.yaml").write_text(page, encoding="utf-8")
    for kept in ("corpus/pieces.csv", "models/markov/weights.npz", "secrets/key", "study.sqlite3"):
        (old / "data" / kept).parent.mkdir(parents=True, exist_ok=True)
        (old / "data" / kept).touch()
    init(str(new), "--from", str(old))
    was, now = load_config(old / "config.yaml"), load_config(new / "config.yaml")
    assert (now.version, now.clips.systems) == ("2", was.clips.systems)
    assert now.data_dir == str(new / "data")
    assert "# mine" in (new / "config.yaml").read_text(encoding="utf-8")
    files = {str(path.relative_to(new / "data")) for path in (new / "data").rglob("*") if path.is_file()}
    assert files == {"corpus/pieces.csv", "models/markov/weights.npz"}


def test_a_next_version_whose_copy_was_interrupted_is_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    init(str(old))
    for stage in ("corpus", "models"):
        (old / "data" / stage).mkdir(parents=True)
        (old / "data" / stage / "whole").write_text("whole")
    copy = shutil.copyfile

    def stop(source: Path, target: Path, **how: bool) -> None:
        if Path(source).parent.name == "models":
            Path(target).write_text("ha")
            raise OSError(28, "No space left on device")
        copy(source, target, **how)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", stop)
        with pytest.raises((OSError, shutil.Error)):
            begin_version(new, old)
    assert not (new / "config.yaml").exists()
    begin_version(new, old)
    assert [path.read_text() for path in sorted((new / "data").rglob("whole"))] == ["whole", "whole"]


def test_the_next_version_of_a_config_in_another_form_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old/config.yaml").write_text(
        "version: pilot\nclips: {systems: [markov], per_system: 12}\n"
        "trials: {per_participant: {human: 4, markov: 4}}\nanalysis: {reasons: {melody: [melod]}}\n"
    )
    init(str(tmp_path / "new"), "--from", str(tmp_path / "old"))
    was, now = (load_config(tmp_path / name / "config.yaml") for name in ("old", "new"))
    assert now.version == "pilot-2"
    assert now.model_dump(exclude={"version", "data_dir"}) == was.model_dump(exclude={"version", "data_dir"})


def test_a_key_that_is_not_on_the_page_is_a_fault_of_the_program() -> None:
    with pytest.raises(KeyError, match=re.escape("not on the page: clips.tempo")):
        fill_page(read_page(), {"clips.tempo": 3})


def test_values_of_every_kind_come_back_from_the_page(tmp_path: Path) -> None:
    values = {"title": 'no: "yes" # 7', "trials.break_after": None, "clips.top_p": 0.5, "version": "1.0"}
    path = tmp_path / "config.yaml"
    path.write_text(fill_page(read_page(), values), encoding="utf-8")
    config = load_config(path)
    assert (config.title, config.version) == (values["title"], "1.0")
    assert (config.trials.break_after, config.clips.top_p) == (None, 0.5)
