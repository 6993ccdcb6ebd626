"""A study whose stimuli are bad, or that changed under its participants, does not start."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from study_core.config import Config
from study_core.errors import StimulusError, StudyError
from study_core.frozen import FrozenError, FrozenStudy, list_changes, mark_frozen, read_frozen, refuse_frozen
from study_core.manifest import read_manifest, sha256_bytes, write_manifest
from study_core.participation import ScreeningConfig
from study_core.types import ScreeningSound, Stimulus
from study_server.app import create_app
from study_server.documents import FOLDER as CONSENT
from study_server.protocol import RunningProtocol, load_protocol
from study_server.tables import Protocol
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config


def take_part(config: Config, *, is_simulated: bool = False) -> None:
    """Let one participant start a study."""
    app = create_app(config)
    Participant(app, is_simulated=is_simulated).begin()
    app.extensions["study"].store.close()


def open_and_close(config: Config) -> None:
    """Make a study's app, as its server would at start."""
    create_app(config).extensions["study"].store.close()


def test_missing_and_altered_stimuli_are_refused_all_named(config: Config) -> None:
    missing, altered, *_ = sorted(config.folders.stimuli.glob("*.mp3"))
    missing.unlink()
    altered.write_bytes(altered.read_bytes() + b"x")
    with pytest.raises(StimulusError) as refusal:
        create_app(config)
    assert "2 bad stimuli" in str(refusal.value)
    assert f"{missing.name}: missing" in str(refusal.value)
    assert f"{altered.name}: altered" in str(refusal.value)


def test_altered_and_missing_opus_files_are_refused_too(config: Config) -> None:
    rows = read_manifest(config.folders.stimuli / "stimuli.csv", Stimulus)
    audio = b"what the browser would get as Opus"
    for row in rows:
        (config.folders.stimuli / row.stimulus_file).with_suffix(".opus").write_bytes(audio)
    rows = [dataclasses.replace(row, opus_sha256=sha256_bytes(audio)) for row in rows]
    write_manifest(config.folders.stimuli / "stimuli.csv", rows)
    before = load_protocol(config).sha256
    missing, altered, *_ = sorted(config.folders.stimuli.glob("*.opus"))
    missing.unlink()
    altered.write_bytes(b"other")
    with pytest.raises(StimulusError, match=rf"{missing.name}: missing") as refusal:
        load_protocol(config)
    assert f"{altered.name}: altered" in str(refusal.value)
    for path in config.folders.stimuli.glob("*.opus"):
        path.write_bytes(b"other")
    missing.write_bytes(b"other")
    rows = [dataclasses.replace(row, opus_sha256=sha256_bytes(b"other")) for row in rows]
    write_manifest(config.folders.stimuli / "stimuli.csv", rows)
    assert load_protocol(config).sha256 != before


def test_a_stimulus_listed_twice_is_refused(config: Config) -> None:
    manifest = config.folders.stimuli / "stimuli.csv"
    lines = manifest.read_text().splitlines(keepends=True)
    manifest.write_text("".join([*lines, lines[1]]))
    with pytest.raises(StimulusError, match="stands 2 times"):
        load_protocol(config)


def test_a_study_without_stimuli_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="study prepare"):
        create_app(make_config(tmp_path))


def test_a_design_that_no_session_can_meet_is_refused_at_start(data_folder: Path) -> None:
    with pytest.raises(StimulusError, match="No order of 4 human"):
        create_app(
            make_config(
                data_folder, trials={"per_participant": {"human": 4, "lstm": 1, "gan": 1}, "longest_run": 1}
            )
        )


def test_a_changed_config_is_refused_once_a_real_participant_started(
    config: Config, data_folder: Path
) -> None:
    take_part(config)
    changed = make_config(data_folder, trials={"listen_s": 3})
    with pytest.raises(StudyError) as refusal:
        create_app(changed)
    assert "trials.listen_s: was 0.5, is 3" in str(refusal.value)
    assert "version" in str(refusal.value)


def test_changed_stimuli_are_refused_once_a_real_participant_started(config: Config) -> None:
    take_part(config)
    manifest = config.folders.stimuli / "stimuli.csv"
    lines = manifest.read_text().splitlines(keepends=True)
    manifest.write_text("".join(lines[:-1]))
    with pytest.raises(StudyError, match="stimuli: 1 of 24 are gone, 0 are new"):
        create_app(config)
    assert config.folders.database not in {link.resolve() for link in Path("/proc/self/fd").iterdir()}


def test_of_two_servers_with_two_configs_only_the_first_with_a_participant_goes_on(
    config: Config, data_folder: Path
) -> None:
    """Both may start while nobody has taken part; two frozen protocols would let neither start again."""
    first, second = create_app(config), create_app(make_config(data_folder, trials={"listen_s": 3}))
    second.testing = True
    Participant(first).begin()
    with pytest.raises(StudyError, match=r"frozen(.|\n)*trials.listen_s: was 0.5, is 3"):
        Participant(second).begin()
    Participant(first).begin()
    Participant(second, is_simulated=True).begin()
    with first.extensions["study"].store.read() as db:
        assert [row.frozen_at is not None for row in db.query(Protocol)].count(True) == 1
    for app in (first, second):
        app.extensions["study"].store.close()
    open_and_close(config)


def test_simulated_participants_freeze_nothing(config: Config, data_folder: Path) -> None:
    take_part(config, is_simulated=True)
    open_and_close(make_config(data_folder, trials={"listen_s": 3}))


def test_the_server_and_the_data_folder_may_change(config: Config, data_folder: Path) -> None:
    take_part(config)
    open_and_close(make_config(data_folder, server={"port": 1234, "threads": 2}))


def test_a_new_version_may_differ_and_keeps_the_old_sessions(config: Config, data_folder: Path) -> None:
    take_part(config)
    app = create_app(make_config(data_folder, trials={"listen_s": 3}, version="2"))
    Participant(app).begin()
    with app.extensions["study"].store.read() as db:
        assert {row.study_version for row in db.query(Protocol)} == {"1", "2"}
    app.extensions["study"].store.close()


def test_a_study_that_moved_to_another_folder_keeps_its_protocol(config: Config) -> None:
    corpus = config.corpus.model_copy(update={"source": "/elsewhere/midi"})
    moved = config.model_copy(update={"data_dir": "/elsewhere/data", "corpus": corpus})
    stimuli = load_protocol(config).stimuli
    assert RunningProtocol(moved, stimuli).sha256 == RunningProtocol(config, stimuli).sha256
    assert RunningProtocol(config, stimuli[::-1]).sha256 == RunningProtocol(config, stimuli).sha256
    retitled = config.model_copy(update={"title": "Another title"})
    assert RunningProtocol(retitled, stimuli).sha256 != RunningProtocol(config, stimuli).sha256


def test_the_first_real_participant_marks_the_data_folder_and_a_simulated_one_does_not(
    config: Config,
) -> None:
    take_part(config, is_simulated=True)
    assert read_frozen(config.folders.frozen) is None
    take_part(config)
    mark = read_frozen(config.folders.frozen)
    assert mark is not None
    protocol = load_protocol(config)
    assert (mark.study_version, mark.protocol_sha256) == (config.version, protocol.sha256)
    assert mark.config == protocol.frozen_config
    config.folders.frozen.unlink()
    open_and_close(config)  # the store knows
    assert read_frozen(config.folders.frozen) == mark


def test_a_changed_consent_document_is_refused_once_a_real_participant_started(data_folder: Path) -> None:
    own = data_folder / "consent"
    shutil.copytree(CONSENT, own)
    config = make_config(data_folder, recruitment={"consent": str(own), "languages": ["en", "es"]})
    take_part(config)
    (own / "ja.md").write_text("not offered", encoding="utf-8")
    open_and_close(config)
    (own / "es.md").write_text("Otra cosa.", encoding="utf-8")
    with pytest.raises(StudyError, match=r"recruitment\.consent\.es: was '\w{64}', is '\w{64}'"):
        create_app(config)


def test_a_changed_analysis_plan_is_refused_and_a_completion_code_is_not(
    config: Config, data_folder: Path
) -> None:
    take_part(config)
    open_and_close(make_config(data_folder, recruitment={"completion_code": "C1A2B3"}))
    with pytest.raises(StudyError, match=r"analysis\.equivalence_bound: was 0\.1, is 0\.2"):
        create_app(make_config(data_folder, analysis={"equivalence_bound": 0.2}))


def make_sound(folder: Path, audio: bytes) -> None:
    """Write a screening of one sound."""
    folder.mkdir(exist_ok=True)
    (folder / "a.flac").write_bytes(audio)
    sound = ScreeningSound(
        sound_id="a",
        test="huggins",
        answer=1,
        duration_s=1.0,
        n_bytes=len(audio),
        sound_file="a.flac",
        sound_sha256=sha256_bytes(audio),
    )
    write_manifest(folder / "screening.csv", [sound])


def test_screening_sounds_belong_to_the_protocol_where_there_is_a_screening(config: Config) -> None:
    with_screening = config.model_copy(update={"screening": ScreeningConfig(tests=("huggins",))})
    make_sound(config.folders.screening, b"one")
    before = load_protocol(with_screening)
    without = load_protocol(config)
    mark_frozen(
        config.folders.frozen,
        FrozenStudy(
            study_version="1", protocol_sha256=before.sha256, frozen_at="now", config=before.frozen_config
        ),
    )
    make_sound(config.folders.screening, b"another")
    assert load_protocol(with_screening).sha256 != before.sha256
    assert load_protocol(config).sha256 == without.sha256
    assert list_changes(before.frozen_config, load_protocol(with_screening).frozen_config)[0].startswith(
        "screening.sounds: was"
    )
    with pytest.raises(FrozenError, match=r"not config\.yaml, but files under"):
        refuse_frozen(with_screening, "the sounds")
