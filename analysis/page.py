"""The report's page out of its templates, for a screen or for paper."""

import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from analysis import readings, wording
from analysis.answers import HUMAN_CLIP
from analysis.asked_exploration import Asked
from analysis.asked_readings import list_answers, list_disagreements, read_shift
from analysis.canvas import GENERATORS, color_svg, embed_svg
from analysis.estimates import BOUND, Estimate
from analysis.exploration import Exploration
from analysis.figures import Plate
from analysis.outcomes import OUTCOMES
from analysis.paradigms import PairStudy
from analysis.plan import show_value
from analysis.provenance import list_values
from analysis.responses import Responses
from analysis.systems import describe_systems, list_clips
from study_core.templates import open_templates

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"
SOFTWARE = ("whos-that-composer", "numpy", "scipy", "pandas", "matplotlib")
SECTIONS = (
    ("rates", "How often each system was called human"),
    ("equal", "Equal to human music?"),
    ("telling", "Telling them apart"),
    ("ratings", "Ratings"),
    ("clips", "The clips"),
    ("listeners", "The listeners"),
    ("cues", "What gave it away"),
    ("factors", "By factor"),
    ("sensitivity", "How firm the answer is"),
    ("systems", "System by system"),
    ("exclusions", "Who and what was left out"),
    ("methods", "Methods"),
    ("provenance", "Provenance"),
)
ASKED_SECTIONS = tuple(
    one for one in (("answer", "The answer"), *SECTIONS) if one[0] not in ("rates", "systems")
)
RATINGS_SECTIONS = (
    *(("answer", "The answer"), ("ratings", "Ratings")),
    *(
        ("cues", "What went with the ratings") if one[0] == "cues" else one
        for one in ASKED_SECTIONS
        if one[0] not in ("answer", "ratings", "telling")
    ),
)
NOTHING = "\u2013"
"""Stands where a table has no number."""


def render_page(
    explored: Exploration, plates: dict[str, Plate], title: str, *, on_paper: bool = False
) -> str:
    """Return the page; on paper its figures keep their own colors, and pages get numbers."""
    study = explored.study
    embed = color_svg if on_paper else embed_svg
    return (
        make_environment()
        .get_template("report.html")
        .render(
            **describe_source(study.responses),
            title=title,
            explored=explored,
            study=study,
            found=study.findings,
            level=study.config.confidence_level,
            shift=readings.read_exclusions(study),
            deviations=explored.deviations,
            readings=readings,
            bound_method=BOUND,
            on_paper=on_paper,
            sections=list_sections(explored, SECTIONS, () if study.findings.ratings else ("ratings",)),
            systems=describe_systems(explored),
            colors=dict(zip((g.system for g in study.findings.generators), GENERATORS * 99, strict=False)),
            plates=plates,
            svgs={name: embed(plate.svg, name) for name, plate in plates.items() if plate.svg},
            missing=[plate for plate in plates.values() if not plate.svg],
        )
    )


def render_asked(
    explored: Asked,
    plates: dict[str, Plate],
    title: str,
    *,
    on_paper: bool = False,
) -> str:
    """Return the page of a study that asked for one of two clips, or for ratings."""
    embed = color_svg if on_paper else embed_svg
    study, kept = explored.study, explored.study.exclusions.kept
    is_pairs = isinstance(study, PairStudy)
    return (
        make_environment()
        .get_template("asked.html")
        .render(
            **describe_source(study.responses),
            **count_asked(kept),
            title=title,
            explored=explored,
            study=study,
            found=study.findings,
            level=study.config.confidence_level,
            shift=read_shift(study),
            disagreements=list_disagreements(study),
            deviations=explored.deviations,
            on_paper=on_paper,
            sections=list_sections(
                explored, ASKED_SECTIONS if is_pairs else RATINGS_SECTIONS, ("ratings",) * is_pairs
            ),
            pairs=study.findings.pairs if isinstance(study, PairStudy) else (),
            answers=list_answers(study),
            systems=list_clips(explored.clips),
            colors=dict(zip(study.generators, GENERATORS * 99, strict=False)),
            plates=plates,
            svgs={name: embed(plate.svg, name) for name, plate in plates.items() if plate.svg},
            missing=[plate for plate in plates.values() if not plate.svg],
        )
    )


def list_sections(
    explored: Exploration | Asked, sections: Iterable[tuple[str, str]], lacking: tuple[str, ...]
) -> list[tuple[str, str]]:
    """Return the sections of a page, but for those that it lacks."""
    without = (*lacking, *(() if explored.factors else ("factors",)))
    return [one for one in sections if one[0] not in without]


def count_asked(kept: pd.DataFrame) -> dict[str, int]:
    """Return how many judgments, listeners and clips there are; of pairs, clips of both kinds."""
    clips = [kept[name] for name in ("clip_id", HUMAN_CLIP) if name in kept]
    return {
        "n_judgments": len(kept),
        "n_listeners": kept["participant_id"].nunique(),
        "n_clips": int(sum(column.nunique() for column in clips)),
    }


def describe_source(responses: Responses) -> dict[str, object]:
    """Return what every page says of its data and software."""
    return {
        "protocols": list_values(responses.table, "protocol_sha256"),
        "versions": list_values(responses.table, "study_version"),
        "python": platform.python_version(),
        "software": {name: version(name) for name in SOFTWARE},
    }


def make_environment() -> "jinja2.Environment":
    """Return the templates with the filters that every page uses."""
    environment = open_templates(TEMPLATES)
    environment.globals |= {"OUTCOMES": OUTCOMES, "wording": wording}
    environment.filters |= {
        "percent": wording.percent,
        "show_level": wording.show_level,
        "signed": wording.sign_points,
        "number": show_number,
        "interval": show_interval,
        "p": show_p,
        "show": show_value,
        "words": lambda name: str(name).replace("_", " "),
    }
    return environment


def show_number(value: float | None, digits: int = 2, *, sign: bool = False) -> str:
    """Return a number with a real minus, or a dash where there is none."""
    if value is None or value != value:  # noqa: PLR0124 (NaN: an empty cell of a column of numbers)
        return NOTHING
    return wording.decimal(value, digits, sign=sign)


def show_interval(estimate: Estimate, scale: float = 1, digits: int = 2, *, naive: bool = False) -> str:
    """Return an interval as "low to high", or a dash where there is none."""
    low, high = (estimate.naive_low, estimate.naive_high) if naive else (estimate.low, estimate.high)
    if low is None or high is None:
        return NOTHING
    return f"{show_number(scale * low, digits)} to {show_number(scale * high, digits)}"


def show_p(value: float | None) -> str:
    """Return a p value with three decimals, never as 0."""
    if value is None or value != value:  # noqa: PLR0124 (NaN: an empty cell of a column of numbers)
        return NOTHING
    clear = 0.001
    if value < clear:
        return "< .001"
    return "> .999" if value > 1 - clear else f"{value:.3f}".removeprefix("0")
