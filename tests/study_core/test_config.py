"""config.yaml: one page, every mistake at once."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from study_core.config import Config, load_config
from study_core.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_config_holds_every_key_with_its_default(repository: Path) -> None:
    shipped = load_config(repository / "config.yaml").model_dump()
    expected = Config().model_dump() | {"data_dir": str(repository / "data")}
    assert shipped == expected
    text = (repository / "config.yaml").read_text(encoding="utf-8")
    for name, value in expected.items():
        for key in value if isinstance(value, dict) else [name]:
            assert f"{key}:" in text, f"{key} is not on the page"


def test_every_line_of_the_shipped_config_that_sets_a_number_says_what_it_is(repository: Path) -> None:
    lines = (repository / "config.yaml").read_text(encoding="utf-8").splitlines()
    bare = [line for line in lines if line.startswith("  ") and "#" not in line]
    self_explaining = ("sample_rate_hz", "confidence_level", "port", "threads", "contact")
    assert [line for line in bare if not line.strip().startswith(self_explaining)] == []


def test_five_mistakes_are_named_in_one_message(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        'seed: "7"\n'
        "corpus: {test_share: 3}\n"
        "synthesis: {loudness_lufs: -3, sample_rate: 44100}\n"
        "trials: {per_participant: {human: 10, lstm: 5}}\n",
    )
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    message = str(caught.value)
    assert "config.yaml has 5 mistakes" in message
    for named in (
        "seed: Input should be a valid integer (got '7')",
        "corpus.test_share: Input should be less than 0.5 (got 3)",
        "synthesis.loudness_lufs",
        "synthesis.sample_rate: no such key",
        "trials.per_participant names human, lstm, but clips.systems makes gan, human, lstm",
    ):
        assert named in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trials: {catch: [beeps]}\n", "trials: catch names beeps; it takes generators of per_part"),
        ("trials: {catch: [human]}\n", "trials: catch names human; it takes generators"),
        ("trials: {repeats: 11}\n", "trials: repeats 11 of 20 clips, but at most half come again"),
        (
            "trials: {paradigm: two_afc, repeats: 6}\n",
            "trials: repeats 6 of 10 pairs, but at most half come again",
        ),
        (
            "trials: {paradigm: two_afc, per_participant: {human: 9, lstm: 5, gan: 5}}\n",
            "trials: two_afc pairs each human clip with a generated one, but per_participant has 9 human and",
        ),
        ("trials: {rating_levels: 6}\n", "trials.rating_levels: Input should be 5 or 7 (got 6)"),
        (
            "clips: {systems: [llama]}\n",
            "llama is no system; known are lstm, gan, markov, article_lstm, article_gan, human_original",
        ),
        ("clips: {systems: [llama]}\n", "A folder of MIDI or audio becomes one as `llama: FOLDER`, a class"),
        ("clips: {systems: [lstm, lstm]}\n", "names a system twice: lstm"),
        ("clips: {systems: []}\n", "names no system; known are"),
        ("clips: {systems: lstm}\n", "is a list such as [lstm, gan], with `name: FOLDER`"),
        ("clips: {systems: [gan: a, Big-Name: b]}\n", "'gan' cannot name a folder"),
        ("clips: {systems: [gan: a, Big-Name: b]}\n", "'Big-Name' cannot name a folder: use small letters"),
        (
            "clips: {per_system: 4}\n",
            "a session of 11 trials of one system, practice included, needs as many clips",
        ),
        ("clips: {duration_s: 6}\n", "shorter than trials.listen_s and synthesis.fade_out_s"),
        ("clips: {per_sytem: 12}\n", "clips.per_sytem: no such key; did you mean clips.per_system?"),
        ("clips: {soundfont: a.sf2}\n", "clips.soundfont: no such key; did you mean synthesis.soundfont?"),
        ("sed: 3\n", "sed: no such key; did you mean seed?"),
        ("colour: red\n", "colour: no such key; docs/config.md lists them"),
        ("title: a\ntitle: b\n", 'found duplicate key "title"'),
        ("title: [\n", "is not YAML"),
        ("- a\n", "is not a study"),
        ("trials: 3\n", "trials: Input should be an object"),
        ("title: a\x07b\n", "is not YAML: unacceptable character #x0007"),
        ("title: &a [*a]\n", "is not YAML: it has a value that holds itself, or a key that is no word"),
        ("? [1, 2]\n: 3\n", "is not YAML: it has a value that holds itself, or a key that is no word"),
        ("1: 2\n", "1: no such key; docs/config.md lists them"),
        ("title: !!set {a, b}\n", "title: Input should be a valid string (got ['a', 'b'])"),
        ("corpus: {source: ''}\n", "corpus.source: String should have at least 1 character (got '')"),
        ("synthesis: {soundfont: ''}\n", "synthesis.soundfont: String should have at least 1 character"),
        ("data_dir: ''\n", "data_dir: String should have at least 1 character (got '')"),
    ],
)
def test_a_mistake_says_where_it_is(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_config(write(tmp_path, text))


def test_a_missing_config_is_named(tmp_path: Path) -> None:
    said = f"{tmp_path / 'none.yaml'} does not exist. Begin a study with `study init`, go to the folder of"
    with pytest.raises(ConfigError, match=re.escape(said)):
        load_config(tmp_path / "none.yaml")


def test_a_config_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_config(tmp_path)


def test_an_empty_config_is_the_default_study(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, ""))
    assert config.folders.root == tmp_path / "data"
    assert config.trials == Config().trials


def test_the_data_folder_can_be_set_from_outside(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, "data_dir: here\n"), data_dir=tmp_path / "there")
    assert config.folders.root == tmp_path / "there"


def test_paths_are_relative_to_the_config_file_and_names_stay_names(tmp_path: Path) -> None:
    (tmp_path / "midi").mkdir()
    text = "corpus: {source: midi}\nsynthesis: {soundfont: Grand.sf2}\n"
    config = load_config(write(tmp_path, text))
    assert config.corpus.source == str(tmp_path / "midi")
    assert config.synthesis.soundfont == str(tmp_path / "Grand.sf2")
    (tmp_path / "chorales").mkdir()
    other = load_config(write(tmp_path, "corpus: {source: chorales}\n"))
    assert (other.corpus.source, other.synthesis.soundfont) == ("chorales", "FluidR3_GM")


def test_a_date_is_the_word_that_was_written(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, "version: 2026-11-01\n")).version == "2026-11-01"


def test_a_path_may_begin_at_home_and_a_soundfont_may_shout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    text = "data_dir: ~/data\nrecruitment: {consent: ~/consent}\nsynthesis: {soundfont: GRAND.SF2}\n"
    config = load_config(write(tmp_path, text))
    assert config.folders.root == tmp_path / "home/data"
    assert config.recruitment.consent == str(tmp_path / "home/consent")
    assert config.synthesis.soundfont == str(tmp_path / "GRAND.SF2")


def test_a_folder_becomes_a_system_by_one_line_relative_to_the_config_file(tmp_path: Path) -> None:
    text = (
        "clips: {systems: [lstm, theirs: midi]}\ntrials: {per_participant: {human: 4, lstm: 2, theirs: 2}}\n"
    )
    config = load_config(write(tmp_path, text))
    assert config.clips.systems == {"lstm": "", "theirs": str(tmp_path / "midi")}
    assert config.clips.trained == ("lstm",)
    again = Config.model_validate_json(config.model_dump_json())
    assert again == config


def test_missing_folders_of_systems_are_all_named(tmp_path: Path) -> None:
    text = (
        "clips: {systems: [one: a, two: b]}\ntrials: {per_participant: {human: 4, one: 2, two: 2}}\n"
        "synthesis: {fade_out_s: 1}\n"
    )
    config = load_config(write(tmp_path, text))
    with pytest.raises(ConfigError, match=rf"(?s)systems\.one: there is no folder {tmp_path}/a.*two: .*/b"):
        config.clips.check_folders()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    config.clips.check_folders()


def test_a_config_cannot_be_changed_after_loading() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Config().title = "other"  # type: ignore[misc]
