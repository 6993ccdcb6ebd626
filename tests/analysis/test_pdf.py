"""The report on paper, and figures whose names need other fonts."""

import sys
import warnings
from pathlib import Path

import pytest
import weasyprint

from analysis.canvas import save_figure, set_style, start_figure
from analysis.findings import study_responses
from analysis.page import TEMPLATES
from analysis.pdf import PACKAGES, write_pdf
from analysis.report import write_report
from analysis.responses import read_responses
from study_core.config import AnalysisConfig
from study_core.errors import ToolMissingError
from tests.analysis.made import make_export

REPOSITORY = Path(__file__).parents[2]


def test_the_same_page_gives_the_same_pdf(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        write_pdf("<h1>Who composed this?</h1>", tmp_path / name)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF-")


def test_without_weasyprint_the_page_is_written_and_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_export().to_csv(tmp_path / "responses.csv", index=False)
    study = study_responses(read_responses(tmp_path / "responses.csv"), AnalysisConfig())
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(ToolMissingError) as raised:
        write_report(study, tmp_path, "No pango")
    message = str(raised.value)
    assert f"apt-get install {PACKAGES}" in message
    assert "--no-pdf" in message
    assert f"The page was written all the same: {tmp_path / 'report.html'}" in message
    assert (tmp_path / "report.html").exists()
    assert not (tmp_path / "report.pdf").exists()


def test_setup_installs_what_the_message_names() -> None:
    assert PACKAGES in (REPOSITORY / "setup.sh").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "body",
    [
        '<figure id="body{0}" style="height: 60mm">drawn</figure>',
        '<p>An introduction.</p><figure id="body{0}" style="height: 60mm">drawn</figure>',
        '<dl id="body{0}"><dt>key</dt><dd>value</dd><dt>key</dt><dd>value</dd></dl>',
    ],
)
def test_no_heading_ends_a_page(body: str) -> None:
    """With as much above it as leaves room for the heading, and none for what follows."""
    style = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in ("style.css", "paper.css"))
    tops = range(190, 235, 3)
    sections = [
        f'<div style="break-before: page; height: {top}mm">above</div>'
        f'<section><p>Before.</p><h3 id="head{top}">A heading</h3>{body.format(top)}</section>'
        for top in tops
    ]
    document = weasyprint.HTML(string=f"<style>{style}</style>{''.join(sections)}").render()
    pages = {name: number for number, page in enumerate(document.pages) for name in page.anchors}
    assert [top for top in tops if pages[f"head{top}"] != pages[f"body{top}"]] == []


def test_names_in_any_script_are_drawn_without_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    title = "森の音楽 音乐 음악 \U0001f3b9"
    with warnings.catch_warnings(), set_style():
        warnings.simplefilter("error")
        figure, _ = start_figure(1, title)
        svg = save_figure(figure, tmp_path / "figure")
    assert title in svg
    assert not caplog.records
