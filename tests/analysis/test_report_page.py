"""The report in a real browser: accessible, as wide as the screen, asking nothing of any network."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from analysis.asked import write_asked
from analysis.findings import study_responses
from analysis.paradigms import study_pairs, study_ratings
from analysis.report import write_report
from analysis.responses import read_responses
from study_core.config import AnalysisConfig
from tests.analysis.rich import make_pairs, make_ratings, make_rich, write_rich

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=["yes_no", "pairs", "ratings"])
def page_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the page of a study of each kind."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param != "yes_no":
        make = make_pairs if request.param == "pairs" else make_ratings
        make().to_csv(folder / "trials.csv", index=False)
        study_asked = study_pairs if request.param == "pairs" else study_ratings
        asked = study_asked(read_responses(folder / "trials.csv"), AnalysisConfig())
        return write_asked(asked, folder, "Asked otherwise", pdf=False)
    table, config = make_rich(listeners=24, clips=12), AnalysisConfig()
    study = study_responses(read_responses(write_rich(folder, table), moderators=config.moderators), config)
    return write_report(study, folder, "A made study", pdf=False)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_accessible_fits_the_screen_and_stays_offline(
    browser: Browser, page_file: Path, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(page_file.as_uri())
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert requests == [page_file.as_uri()]
    context.close()


def test_nothing_is_cut_off_on_paper(browser: Browser, page_file: Path) -> None:
    """A4 with Chromium's default margins leaves 718 CSS pixels."""
    page = browser.new_page(viewport={"width": 718, "height": 1000})
    page.emulate_media(media="print")
    page.goto(page_file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 718
    page.close()
