"""A data folder that people take part in says so, and what to do."""

import dataclasses
from pathlib import Path

import pytest

from study_core.config import Config
from study_core.frozen import (
    FrozenError,
    FrozenStudy,
    list_changes,
    mark_frozen,
    read_frozen,
    refuse_frozen,
    select_frozen,
)
from study_core.production import SynthesisConfig

SINCE = "2026-11-01T10:00:00.000Z"


def make_mark(config: Config) -> FrozenStudy:
    frozen = select_frozen(config)
    frozen["recruitment"]["consent"] = {"en": "hash"}
    return FrozenStudy(study_version=config.version, protocol_sha256="0" * 64, frozen_at=SINCE, config=frozen)


def test_where_nobody_took_part_nothing_is_refused(tmp_path: Path) -> None:
    assert read_frozen(tmp_path / "frozen.json") is None
    refuse_frozen(Config(data_dir=str(tmp_path)), "the stimuli")


def test_the_refusal_says_since_when_what_differs_and_what_to_do(tmp_path: Path) -> None:
    config = Config(data_dir=str(tmp_path))
    mark_frozen(config.folders.frozen, make_mark(config))
    louder = config.model_copy(update={"synthesis": SynthesisConfig(loudness_lufs=-18), "version": "2"})
    with pytest.raises(FrozenError) as refusal:
        refuse_frozen(louder, "the stimuli")
    message = str(refusal.value)
    assert f"Version '1' of this study is frozen since its first participant started ({SINCE})" in message
    assert "the stimuli would change; nothing was touched" in message
    assert message.splitlines()[1:] == [
        "  synthesis.loudness_lufs: was -20.0, is -18.0",
        "  version: was '1', is '2'",
    ]
    assert "another `version:` and `data_dir:`" in message
    assert f"or its store was deleted, remove {config.folders.frozen}" in message


def test_files_that_changed_under_the_same_config_are_told_from_a_changed_config(tmp_path: Path) -> None:
    config = Config(data_dir=str(tmp_path))
    mark_frozen(config.folders.frozen, make_mark(config))
    with pytest.raises(FrozenError, match=r"not config\.yaml, but files under.*software.*`study serve`"):
        refuse_frozen(config, "the stimuli")


def test_a_mark_that_cannot_be_read_refuses_too_and_is_written_again(tmp_path: Path) -> None:
    config = Config(data_dir=str(tmp_path))
    path = config.folders.frozen
    for broken in ("{", "[]", "{}", '{"study_version": "1", "color": "red"}'):
        path.write_text(broken, encoding="utf-8")
        with pytest.raises(FrozenError, match=r"cannot be read.*remove the file"):
            refuse_frozen(config, "the stimuli")
    mark_frozen(path, make_mark(config))
    assert read_frozen(path) == make_mark(config)


def test_an_unchanged_mark_is_not_written_again(tmp_path: Path) -> None:
    mark = make_mark(Config())
    mark_frozen(tmp_path / "frozen.json", mark)
    before = (tmp_path / "frozen.json").stat().st_ino
    mark_frozen(tmp_path / "frozen.json", mark)
    assert (tmp_path / "frozen.json").stat().st_ino == before
    mark_frozen(tmp_path / "frozen.json", dataclasses.replace(mark, study_version="2"))
    assert (tmp_path / "frozen.json").stat().st_ino != before


def test_keys_that_only_one_of_two_configs_has_are_told() -> None:
    assert list_changes({"a": {"gone": 1, "kept": 2}}, {"a": {"new": 3, "kept": 2}}) == [
        "a.gone: was 1, is None",
        "a.new: was None, is 3",
    ]


def test_codes_addresses_and_places_may_change_and_what_people_meet_may_not() -> None:
    config = Config()
    codes = config.recruitment.model_copy(
        update={"completion_code": "C1", "completion_url": "https://a.example/", "screened_out_code": "C2"}
    )
    assert select_frozen(config.model_copy(update={"recruitment": codes, "data_dir": "x"})) == select_frozen(
        config
    )
    pay = config.recruitment.model_copy(update={"reward": "5 euros"})
    plan = config.analysis.model_copy(update={"equivalence_bound": 0.2})
    here, there = (
        config.model_copy(update={"clips": config.clips.model_copy(update={"systems": {"theirs": folder}})})
        for folder in ("/here", "/there")
    )
    assert select_frozen(here) == select_frozen(there) != select_frozen(config)
    assert select_frozen(config.model_copy(update={"recruitment": pay})) != select_frozen(config)
    assert select_frozen(config.model_copy(update={"analysis": plan})) != select_frozen(config)
