"""A finished study's results as one page for everybody: what it tells, what never, and when it is refused."""

import json
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from sqlalchemy import select

from analysis.exclusions import apply_rules
from analysis.findings import Study as Found
from analysis.findings import find
from analysis.numbers import FORMAT, FORMAT_VERSION, IN_TABLES, collect_fields, describe_data
from analysis.responses import read_responses
from analysis.tables import write_table
from study_core.cli import main
from study_core.config import Config
from study_core.errors import StudyError
from study_core.manifest import write_manifest
from study_core.types import HUMAN
from study_server import services
from study_server.app import create_app
from study_server.exclusion import exclude, readmit
from study_server.export import export_data_set
from study_server.phases import begin_phase
from study_server.sharing.page import Extras, write_shared
from study_server.sharing.permission import Terms, require_permission
from study_server.study import Study
from study_server.tables import StudySession
from study_server.withdrawal import forget
from tests.study_server.exporting import read_table
from tests.study_server.made_study import make_config, make_stimuli
from tests.study_server.served import write_config

SKILL = {HUMAN: 0.75, "lstm": 0.6, "gan": 0.3}
WHY = "because this is a test"
NO_EXTRAS, NO_TERMS = Extras({}), Terms()
SAID = {
    "different": "Listeners could tell: they took it for human less often",
    "different_within_bound": "But the difference is small: within the 10 points",
    "equal": "Listeners could not tell: any difference is within the 10 points",
    "open": "The study cannot say whether listeners can tell",
}
MADE: dict[str, dict[str, object]] = {
    "clips": {"per_system": 4},
    "recruitment": {"target_participants": 12},
}


def take_part(study: Study, seed: int, *, is_simulated: bool) -> None:
    """Answer a whole session, whatever is asked."""
    chance = random.Random(seed)  # noqa: S311 (answers, not secrets)
    with study.store.write() as db:
        session = services.arrive(db, study.protocol, is_simulated=is_simulated)
        services.consent(session)
        services.start(db, session, study.protocol)
        trials = [(trial.trial_id, trial.stimulus_id) for trial in session.trials]
    for trial_id, stimulus_id in trials:
        says_human = chance.random() < SKILL[study.protocol.by_id[stimulus_id].system]
        rates = study.config.trials.paradigm == "rating"
        answer = services.Answer(
            judged_human=None if rates else says_human,
            confidence=None if rates else 2,
            rating=chance.randint(1, 3) + 2 * says_human if rates else None,
            knows_tune=False,
            heard_s=6.0,
        )
        services.judge(study.store, session.session_id, trial_id, answer)


def run_study(config: Config, n: int, *, is_simulated: bool = False) -> None:
    """Let people take part in a study and export its data set."""
    study: Study = create_app(config).extensions["study"]
    for seed in range(n):
        take_part(study, seed, is_simulated=is_simulated)
    folder = config.folders.export
    export_data_set(study.store, config, folder, is_simulated=is_simulated, reason=WHY)
    study.store.close()


def analyze(config: Config) -> None:
    """Write those of the report's files that the page reads, by the primary method alone: it is quick."""
    responses = read_responses(config.folders.responses)
    exclusions = apply_rules(responses.table, config.analysis)
    findings = find(exclusions.kept, config.analysis)
    study = Found(responses, config.analysis, exclusions, findings, findings, ())
    numbers = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **describe_data(study),
        "with_exclusions": collect_fields(findings, IN_TABLES),
    }
    folder = config.folders.report
    write_table(findings.clips, folder, "clips")
    (folder / "numbers.json").write_text(json.dumps(numbers))


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a study of twelve people whose stop rule is met, analyzed."""
    folder = tmp_path_factory.mktemp("ended")
    make_stimuli(folder / "data/stimuli", per_system=4)
    config = make_config(folder / "data", **MADE)
    write_config(config, folder / "config.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        run_study(config, 12)
    analyze(config)
    return folder


@pytest.fixture
def config(ended: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Return the config of a copy of that study."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    shutil.copytree(ended / "data", tmp_path / "data")
    return make_config(tmp_path / "data", **MADE)


@pytest.fixture
def opened(config: Config) -> Iterator[Study]:
    """Return that study, running."""
    study: Study = create_app(config).extensions["study"]
    yield study
    study.store.close()


def share(study: Study, terms: Terms = NO_TERMS, extras: Extras = NO_EXTRAS, **sections: object) -> str:
    """Return the page."""
    config = make_config(study.config.folders.root, **(MADE | sections))
    with study.store.read() as db:
        permitted = require_permission(db, config, terms)
    path = write_shared(permitted, config, terms, extras, config.folders.root / "share")
    return path.read_text(encoding="utf-8")


def refuse(study: Study, terms: Terms = NO_TERMS, **sections: object) -> str:
    """Return why there is no page; it tells no result."""
    with pytest.raises(StudyError) as caught:
        share(study, terms, **sections)
    assert not re.search(r"\d%", str(caught.value))
    return str(caught.value)


def test_the_page_tells_the_answer_about_each_generator_as_the_report_has_it(opened: Study) -> None:
    page = share(opened)
    numbers = json.loads((opened.config.folders.report / "numbers.json").read_text())["with_exclusions"]
    for generator in numbers["generators"]:
        rate = generator["fooling"]["rate"]
        told = (
            f"taken for human {rate['value']:.0%} of the time (range {rate['low']:.0%} to {rate['high']:.0%})"
        )
        assert told in page
        assert SAID[generator["equivalence"]["verdict"]] in page
    assert "12 people heard short clips" in page
    assert 'property="og:description" content="12 people. Taken for human: GAN network' in page
    assert share(opened) == page, "the same results give the same bytes"


def test_the_page_is_one_file_without_a_script_or_anybody_elses_music(opened: Study) -> None:
    page = share(opened)
    assert not re.search(r"<script|\son\w+=|style=\"|javascript:", page)
    sources = re.findall(r'(?:src|href)="([^"]{1,20})', page) + re.findall(r"url\(\"([^\"]{1,20})", page)
    assert len(sources) == 7  # the icon, two fonts and both ends of two generators' clips
    assert all(source.startswith("data:") for source in sources)
    human = [s for s in opened.protocol.stimuli if s.system == HUMAN]
    assert not any(s.piece_id in page or s.stimulus_id in page for s in human)
    assert "The clips by people are not here" in page
    assert "Takes: CC0" in share(opened, extras=Extras({}, human_licence="Takes: CC0"))
    assert "<audio" not in share(opened, extras=Extras({}, with_clips=False))


def test_the_page_holds_no_single_listener_and_nothing_about_a_few(opened: Study) -> None:
    path = opened.config.folders.report / "table-clips.csv"
    rows = path.read_text().splitlines()
    page, n_marks = share(opened), len(rows) - 1
    assert page.count('class="dot"') == n_marks
    with path.open("w") as table:
        table.write(
            "\n".join([rows[0], *(re.sub(r",(gan|lstm|human),\d+,", r",\1,4,", row) for row in rows[1:])])
        )
    few = share(opened)
    assert 'class="dot"' not in few
    assert "<audio" not in few
    ids = {
        row["participant_id"].strip("'") for row in read_table(opened.config.folders.export, "participants")
    }
    assert len(ids) == 12
    assert not any(one in page for one in ids)


def test_a_page_about_fewer_than_five_people_is_refused(opened: Study) -> None:
    path = opened.config.folders.report / "numbers.json"
    path.write_text(path.read_text().replace('"n_listeners": 12', '"n_listeners": 4'))
    assert "gan: 4 people judged its clips, and nothing is told of fewer than 5" in refuse(opened)


def test_before_the_stop_rule_is_met_only_a_closed_study_is_shared_and_says_why_it_ended(
    opened: Study,
) -> None:
    more: dict[str, object] = {"recruitment": {"target_participants": 30}}
    assert "12 of 30 participants have finished: the stop rule is not met" in refuse(opened, **more)
    terms = Terms(ended_early="the term was over")
    assert "the study has not ended" in refuse(opened, terms, **more)
    with opened.store.write() as db:
        begin_phase(db, opened.config.version, "closed", "the term was over")
    assert "The study ended with fewer: the term was over." in share(opened, terms, **more)


def test_a_data_set_that_still_holds_answers_taken_back_is_refused(opened: Study) -> None:
    with opened.store.write() as db:
        code = db.scalars(select(StudySession.withdrawal_code)).first()
        forget(db, code=code or "", recruitment_id="", who="a test")
    assert "is older than the store (people finished, withdrew or were excluded since)" in refuse(opened)


def test_a_data_set_of_other_people_is_refused_though_they_are_as_many(opened: Study) -> None:
    with opened.store.write() as db:
        first, second = db.scalars(select(StudySession.participant_id).limit(2))
        exclude(db, first, reason="talked all the time", who="a test")
    export_data_set(opened.store, opened.config, opened.config.folders.export, is_simulated=False, reason=WHY)
    analyze(opened.config)
    early: dict[str, object] = {"recruitment": {"target_participants": 11}}
    assert "12 people" not in share(opened, **early)
    with opened.store.write() as db:
        readmit(db, first, reason="it was somebody else", who="a test")
        exclude(db, second, reason="talked all the time", who="a test")
    assert "is older than the store" in refuse(opened, **early)


def test_a_clip_of_an_earlier_version_cannot_be_played_and_says_so(opened: Study) -> None:
    path = opened.config.folders.stimuli / "stimuli.csv"
    write_manifest(path, [it for it in opened.protocol.stimuli if it.system != "gan"])
    assert re.search(r"gan-000\d is none of the clips in .*stimuli.*--no-clips", refuse(opened))
    assert "<audio" not in share(opened, extras=Extras({}, with_clips=False))


def test_a_report_of_another_data_set_or_none_or_another_format_is_refused(opened: Study) -> None:
    table = opened.config.folders.responses
    table.write_text(table.read_text() + "\n")
    path = opened.config.folders.report / "numbers.json"
    path.write_text(path.read_text().replace(FORMAT, "somebody's/numbers").replace('"v1"', '"v0"'))
    message = refuse(opened)
    assert "is of another data set: run `study analyze`" in message
    assert "is of version v0, and the config is of v1" in message
    assert "is of a format that this version does not know" in message
    path.write_text("{")
    assert "numbers.json is no JSON any more" in refuse(opened)
    path.unlink()
    assert "there is nothing to share yet. Run `study export`, then `study analyze`" in refuse(opened)


def test_consent_documents_of_ones_own_must_let_results_be_published(opened: Study, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/en.md").write_text("We publish sums\nover everybody.")
    own: dict[str, object] = {
        "recruitment": {"target_participants": 12, "consent": str(tmp_path / "own"), "languages": ["en"]}
    }
    assert "say where they let results be published: --consent-sentence" in refuse(opened, **own)
    assert "says: We publish all." in refuse(opened, Terms(consent_sentence="We publish all."), **own)
    sentence = "We publish sums over everybody."
    assert f"&ldquo;{sentence}&rdquo;" in share(opened, Terms(consent_sentence=sentence), **own)


def test_a_clip_that_listeners_did_not_hear_so_is_refused(opened: Study) -> None:
    for stimulus in opened.protocol.stimuli:
        (opened.config.folders.stimuli / stimulus.stimulus_file).write_bytes(b"other")
    assert "is missing or altered since listeners heard it" in refuse(opened)


@pytest.mark.parametrize("paradigm", ["yes_no", "two_afc", "rating"])
@pytest.mark.slow
def test_simulated_studies_of_every_paradigm_are_shared_as_such(
    paradigm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    make_stimuli(tmp_path / "data/stimuli")
    config = make_config(tmp_path / "data", trials={"paradigm": paradigm})
    command = ["--quiet", "--config", str(write_config(config, tmp_path / "config.yaml"))]
    run_study(config, 12, is_simulated=True)
    main([*command, "analyze", "--no-pdf"])
    with pytest.raises(SystemExit):
        main([*command, "share"])
    assert (
        "the report is of simulated listeners: with --simulated the page says so" in capsys.readouterr().err
    )
    main([*command, "share", "--simulated", "--paper", "https://doi.org/10.1/x", "--cite", "Oak (2026)"])
    page = (tmp_path / "data/share/index.html").read_text(encoding="utf-8")
    assert "<strong>Simulated listeners.</strong> Nobody heard this music" in page
    assert "12 simulated listeners heard" in page
    assert 'href="https://doi.org/10.1/x"' in page
    assert "To cite: Oak (2026)" in page
    assert page.count('class="score"') == 2


def test_an_address_that_is_none_is_refused(ended: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--config", str(ended / "config.yaml"), "share", "--paper", "javascript:alert(1)"])
    assert "javascript:alert(1): no address of a page" in capsys.readouterr().err


def test_the_page_is_accessible_on_a_phone_and_a_laptop_and_asks_nobody(
    browser: Browser, opened: Study
) -> None:
    share(opened, extras=Extras({"The paper": "https://doi.org/10.1/x"}))
    for width, scheme in ((390, "dark"), (1280, "light")):
        page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
        said: list[str] = []
        page.on("console", lambda message, said=said: said.append(message.text))
        page.on("request", lambda request, said=said: said.append(request.url))
        page.goto((opened.config.folders.root / "share/index.html").as_uri())
        assert page.evaluate(
            "document.fonts.check('1rem Figtree') && document.fonts.check('600 1rem Fraunces')"
        )
        page.evaluate("Promise.all([...document.querySelectorAll('audio')].map((one) => one.load()))")
        results = Axe().run(page)
        assert not results.violations_count, results.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert [one for one in said if not one.startswith(("file:", "data:"))] == []
        page.close()
