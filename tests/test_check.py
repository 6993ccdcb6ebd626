"""`study check`: everything that is missing is said at once, and nothing that is there is called missing."""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from analysis.readiness import check_power
from models.readiness import check_clips
from study_core import readiness
from study_core.cli import main
from study_core.config import Config
from study_core.errors import StudyError
from study_core.readiness import CHECKS, check_clock, check_disk, check_links
from study_server.protocol import load_protocol
from study_server.readiness import check_secrets, check_session, check_store, check_texts
from study_server.services import arrive
from study_server.store import open_store
from synthesis.readiness import check_soundfont, check_stimuli
from tests.study_server.made_study import make_config, make_stimuli


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    make_stimuli(folder / "stimuli")
    return folder


def test_all_that_a_new_study_lacks_is_said_at_once_with_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = f"data_dir: {tmp_path}\nrecruitment: {{consent: {tmp_path}, languages: [en, ja]}}\n"
    (tmp_path / "config.yaml").write_text(page, encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        main(["--config", str(tmp_path / "config.yaml"), "check"])
    said = capsys.readouterr().out
    assert stop.value.code == 2
    for name in CHECKS:
        assert f"  {name}: " in said
    missing = [
        line.split(":")[0].split("  ", 1)[1].strip() for line in said.splitlines() if "MISSING" in line
    ]
    assert missing == ["corpus and clips", "stimuli", "session", "consent"]
    assert "en.md: No such file" in said
    assert "ja.md: No such file" in said
    assert "Not ready: 4 things missing" in said


def test_a_study_that_lacks_nothing_is_ready(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "CHECKS", {"disk": CHECKS["disk"]})
    (tmp_path / "config.yaml").write_text("title: x\n", encoding="utf-8")
    main(["--config", str(tmp_path / "config.yaml"), "check"])
    assert "Ready, with 0 doubts: `study serve`" in capsys.readouterr().out


def test_links_are_checked_against_each_other(config: Config) -> None:
    recruitment = config.recruitment.model_copy(
        update={"completion_url": "https://app.prolific.com/submissions/complete?cc={code}"}
    )
    server = config.server.model_copy(update={"public_url": "http://study.example.org"})
    changed = config.model_copy(update={"recruitment": recruitment, "server": server})
    missing = " ".join(check_links(changed).missing)
    assert "completion_code is null: set the code that Prolific shows" in missing
    assert "is not https: answers would travel open" in missing
    server = config.server.model_copy(update={"public_url": "https://study.example.org"})
    changed = config.model_copy(update={"server": server})
    assert "who adds the TLS?" in " ".join(check_links(changed).missing)
    doubts = " ".join(check_links(config).doubts)
    assert "participants arrive with PROLIFIC_PID but go nowhere at the end" in doubts
    assert "server.public_url is null" in doubts
    assert "contact" not in doubts
    assert "contact names nobody" in " ".join(check_links(Config()).doubts)


@pytest.fixture
def config(data_folder: Path) -> Config:
    return make_config(data_folder)


def test_a_full_disk_is_missing_room(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_disk(config.model_copy(update={"data_dir": f"{config.data_dir}/not/yet"})).missing == ()
    monkeypatch.setattr(readiness.shutil, "disk_usage", lambda _: SimpleNamespace(free=5 * 10**8))
    assert "only 0.5 GB free" in check_disk(config).missing[0]


def test_a_data_folder_of_somebody_else_is_missing_the_right_to_write(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness.os, "access", lambda *_: False)
    assert check_disk(config).missing == (
        f"{config.data_dir} may not be written to: change its owner or rights",
    )


def test_a_clock_behind_the_studys_own_files_is_wrong(tmp_path: Path) -> None:
    config = make_config(tmp_path)
    assert check_clock(config).missing == ()
    (tmp_path / "late").touch()
    os.utime(tmp_path / "late", (time.time() + 3600, time.time() + 3600))
    assert "but a file of this study is from 20" in check_clock(config).missing[0]


def test_a_file_that_is_gone_before_it_is_looked_at_tells_no_time(tmp_path: Path) -> None:
    (tmp_path / "study.sqlite3-journal").symlink_to(tmp_path / "gone")  # as one that was just removed
    assert check_clock(Config(data_dir=str(tmp_path))).missing == ()


def test_a_clock_that_nobody_keeps_right_is_a_doubt(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "timedatectl"
    program.write_text("#!/bin/sh\necho no\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert check_clock(config).doubts == ("the clock is not synchronized: `timedatectl set-ntp true`",)
    program.write_text("#!/bin/sh\necho yes\n")
    assert check_clock(config).doubts == ()


def test_clips_and_stimuli_that_only_were_copied_here_are_a_doubt(config: Config, tmp_path: Path) -> None:
    assert "cannot be compared" in check_clips(config).doubts[0]
    assert "was not compared" in check_stimuli(config).doubts[0]
    empty = make_config(tmp_path)
    assert "clips.csv is not made yet" in check_clips(empty).missing[0]
    assert "stimuli.csv is not made yet" in check_stimuli(empty).missing[0]


def test_a_soundfont_is_found_and_one_that_is_nowhere_is_not_fetched(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check_soundfont(config).found.startswith("FluidR3_GM, /")
    entry = SimpleNamespace(exists=lambda: False)
    monkeypatch.setattr("synthesis.readiness.list_places", lambda _: [entry])
    assert "`study prepare` fetches it, or install it" in check_soundfont(config).missing[0]
    unknown = config.synthesis.model_copy(update={"soundfont": "Harp"})
    monkeypatch.undo()
    with pytest.raises(StudyError, match="'Harp' is not listed"):
        check_soundfont(config.model_copy(update={"synthesis": unknown}))


def test_the_session_is_drawn_and_its_length_compared_with_what_people_are_told(config: Config) -> None:
    assert check_session(config).found.startswith("8 trials, about 2 minutes; protocol ")
    short = config.recruitment.model_copy(update={"minutes": 1})
    doubts = check_session(config.model_copy(update={"recruitment": short})).doubts
    assert doubts == ("recruitment.minutes says 1, but the trials alone take about 2",)


def test_an_own_question_that_lacks_a_language_is_named(data_folder: Path) -> None:
    own = [{"id": "city", "type": "text", "ask": {"en": "Your city?", "es": "¿Su ciudad?"}}]
    config = make_config(data_folder, questions={"own": own, "after": ["city"]})
    assert check_texts(config).doubts == (
        "questions.own city has no ja, zh-Hans: participants read it in en",
    )


def test_secrets_that_others_may_read_are_missing_their_lock(tmp_path: Path) -> None:
    config = make_config(tmp_path)
    assert check_secrets(config).found.startswith("researcher's password in ")
    (tmp_path / "secrets/researcher_password").chmod(0o644)
    assert f"`chmod -R go= {tmp_path / 'secrets'}`" in check_secrets(config).missing[0]


def test_the_store_says_how_many_real_people_it_holds(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    config = make_config(data_folder)
    assert check_store(config).found.startswith("none yet; `study serve` makes ")
    store = open_store(config.folders.database)
    with store.write() as db:
        arrive(db, load_protocol(config), is_simulated=False)
        arrive(db, load_protocol(config), is_simulated=True)
    store.close()
    assert check_store(config).found.endswith("study.sqlite3, 1 real sessions")


def test_a_small_design_is_a_doubt_and_a_large_one_is_none(data_folder: Path) -> None:
    small = make_config(data_folder)
    assert "80 % is usual" in check_power(small).doubts[0]
    large = make_config(
        data_folder,
        clips={"per_system": 80},
        trials={"per_participant": {"human": 20, "lstm": 20, "gan": 20}},
        recruitment={"target_participants": 150},
    )
    assert check_power(large).doubts == ()
    assert "150 listeners and 80 clips" in check_power(large).found


@pytest.mark.parametrize(
    ("paradigm", "words"),
    [
        ("two_afc", "where the human clip is found in 61% of pairs, where guessing gives 50%"),
        ("rating", "where a human clip is rated above a generated one in 61% of cases"),
    ],
)
def test_the_power_of_pairs_and_of_ratings_is_stated_too(
    data_folder: Path, paradigm: str, words: str
) -> None:
    finding = check_power(make_config(data_folder, trials={"paradigm": paradigm}))
    assert finding.found.startswith(words)
    assert "listeners and " in finding.found
    assert "% of studies (200 simulated, literature values)" in finding.found
    assert "80 % is usual" in finding.doubts[0]


def test_no_check_imports_a_stage_before_its_turn() -> None:
    code = (
        "import sys, study_core.check_cli\n"
        "sys.exit(any(name in sys.modules for name in ('study_server', 'models', 'analysis')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
