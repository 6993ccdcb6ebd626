"""A corpus to look at: in the terminal and on one page that needs nothing else."""

import re
from io import StringIO
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from click.testing import CliRunner
from playwright.sync_api import Browser
from rich.console import Console

from models.arrangement import Arrangement
from models.cli import corpus
from models.corpus import CorpusStage
from models.corpus_facts import CorpusFacts, count_changes, measure_rounding, read_facts
from models.corpus_page import draw_roll, format_clock, sum_splits, write_page
from models.corpus_table import make_tables
from models.histograms import Histogram, draw_histogram
from models.sources import Source, list_midi
from models.tokens import Score
from study_core.cli import Options
from study_core.errors import CorpusError
from study_core.folders import DataFolders
from study_core.production import CorpusConfig
from tests.models.conftest import make_score, write_midi_file

SHARES = CorpusConfig(validation_share=0.2, test_share=0.3)


def transpose(score: Score) -> Score:
    return Score(np.add(score.notes, (0, 2, 0, 0)), score.bar_ticks, score.tempi)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("looked at") / "made"
    for seed in range(22):
        write_midi_file(folder / f"piece {seed:02d}.mid", make_score(seed, n_bars=12, bpm=90 + seed))
    write_midi_file(folder / "<b>bold & loud.mid", transpose(make_score(3, n_bars=12)))
    (folder / "broken.mid").write_bytes(b"MThd")
    return folder


@pytest.fixture(scope="module")
def facts(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> CorpusFacts:
    data = DataFolders(tmp_path_factory.mktemp("data"))
    stage = CorpusStage(Source("made", list_midi(folder)), SHARES, 1, data)
    list(stage.read())
    return read_facts(stage)


@pytest.fixture(scope="module")
def page(facts: CorpusFacts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(facts, tmp_path_factory.mktemp("page") / "corpus.html")


def test_the_facts_count_files_pieces_songs_and_what_was_changed(facts: CorpusFacts) -> None:
    assert (facts.n_files, len(facts.files), len(facts.pieces), facts.n_songs) == (24, 23, 23, 22)
    assert [[piece.title for piece in song] for song in facts.songs] == [["<b>bold & loud", "piece 03"]]
    assert all(file.is_exact for file in facts.files)
    assert dict(count_changes(facts))["… notes are drums or noises"] == 23
    assert sum(row["pieces_share"] for row in sum_splits(facts)) == pytest.approx(1)
    assert facts.collect("onset_ms").max() == 0


def test_a_corpus_without_a_usable_file_has_no_facts(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(b"MThd")
    stage = CorpusStage(Source("bad", list_midi(tmp_path)), SHARES, 1, DataFolders(tmp_path / "data"))
    list(stage.read())
    with pytest.raises(CorpusError, match=r"corpus bad has no usable file:\n  a.mid is not"):
        read_facts(stage)


def test_what_the_grid_moved_is_measured_in_beats_and_by_the_tempo_in_seconds() -> None:
    notes = np.array([[0.0, 1, 60, 80], [1.01, 0.52, 62, 80]])
    tempi = np.array([[0.0, 120], [1.0, 60]])
    moved = measure_rounding(Arrangement(notes, tempi, np.array([[0.0, 4]]), ()))
    assert moved.lateness_beats == 0
    assert moved.onset_beats == pytest.approx([0, 0.01])
    assert moved.onset_ms == pytest.approx([0, 10])
    assert moved.duration_ms == pytest.approx([0, 20])


def test_the_page_needs_no_other_file_and_names_what_was_found_and_refused(
    page: Path, facts: CorpusFacts
) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"https?://|src=|@import|url\(", text)
    made = BeautifulSoup(text, "html.parser")
    titles = {figure.b.get_text() for figure in made.select("figure.roll")}
    assert titles == {file.piece.title for file in facts.pieces if file.piece}
    assert "<b>bold & loud" in titles
    assert "broken.mid is not readable MIDI" in made.get_text()
    assert "1 and 2:" in made.get_text()
    assert "runs, -2 semitones" in made.get_text().replace("+", "-")
    assert len(made.select("figure.histogram")) == 8


def test_a_roll_draws_every_note_where_it_sounds(facts: CorpusFacts) -> None:
    file = facts.pieces[0]
    moves = re.findall(r"m(-?\d+)[ ]?(-?\d+)h(\d+)", draw_roll(file))
    assert len(moves) == len(file.score.notes)
    x, onsets, pitch = 0, [], 108
    pitches = []
    for right, down, length in moves:
        x, pitch = x + int(right), pitch - int(down)
        onsets.append(x)
        pitches.append(pitch)
        x += int(length)
    assert pitches == file.score.notes[:, 1].tolist()
    assert np.abs(np.array(onsets) - file.score.notes[:, 0] * 600 / file.score.end_tick).max() <= 0.5


def test_a_histogram_counts_every_value_those_beyond_its_ends_too() -> None:
    made = Histogram("Tempo", "bpm", [0, 5, 15, 15, 99], [0, 10, 20, 30], [(10.0, "10")])
    assert made.count() == [2, 2, 1]
    drawn = BeautifulSoup(draw_histogram(made), "html.parser")
    assert [title.get_text() for title in drawn.select("title")] == [
        "0 to 10 bpm: 2",
        "10 to 20 bpm: 2",
        "20 to 30 bpm: 1",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(5, "0:05"), (59.6, "1:00"), (754, "12:34"), (28_999, "8 h 03 min")]
)
def test_lengths_are_told_as_on_a_clock(seconds: float, text: str) -> None:
    assert format_clock(seconds) == text


def test_the_table_tells_splits_sizes_and_changes(facts: CorpusFacts) -> None:
    console = Console(width=100, file=StringIO())
    console.print(make_tables(facts))
    text = console.file.getvalue()
    for words in (
        "songs of several pieces",
        "validation",
        "notes per second",
        "onset, ms",
        "drums or noises",
    ):
        assert words in text, words


@pytest.mark.parametrize("html", [True, False])
def test_the_command_prints_the_table_and_writes_the_page_where_wanted(
    folder: Path, tmp_path: Path, *, html: bool
) -> None:
    (tmp_path / "config.yaml").write_text(f"corpus: {{source: {folder}}}\ndata_dir: data\n")
    options = Options(tmp_path / "config.yaml", None, quiet=True)
    arguments = ["show", *([] if html else ["--no-html"])]
    done = CliRunner().invoke(corpus, arguments, obj=options, catch_exceptions=False)
    assert done.exit_code == 0
    assert "Splits" in done.output
    assert "Not used: broken.mid is not readable MIDI" in done.output
    assert (tmp_path / "data" / "corpus" / "corpus.html").exists() == html
    assert not (tmp_path / "data" / "corpus" / "pieces.csv").exists()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_the_page(browser: Browser, page: Path, scheme: Literal["light", "dark"]) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme=scheme)
    view = context.new_page()
    view.goto(page.as_uri())
    assert Axe().run(view).response["violations"] == []
    context.close()


@pytest.mark.browser
def test_on_a_phone_the_page_fits_and_pieces_are_found_by_title_and_split(
    browser: Browser, page: Path, facts: CorpusFacts
) -> None:
    view = browser.new_page(viewport={"width": 360, "height": 700})
    errors: list[str] = []
    view.on("pageerror", lambda error: errors.append(str(error)))
    view.goto(page.as_uri())
    assert view.evaluate("document.documentElement.scrollWidth") <= 360
    view.fill("#words", "PIECE 1")
    assert view.inner_text("#shown") == "10 pieces"
    view.fill("#words", "")
    view.select_option("#split", "train")
    n_train = sum(file.piece.split == "train" for file in facts.pieces if file.piece)
    assert view.locator("figure.roll:visible").count() == n_train
    assert errors == []
