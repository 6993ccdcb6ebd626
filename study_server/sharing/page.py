"""The shared page: one file without a script that asks nobody for anything, in the participants' design."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from study_core.config import Config
from study_core.manifest import write_bytes
from study_core.templates import open_templates
from study_server.i18n import LANGUAGES
from study_server.sharing.clips import choose_sounds, read_clips, stack
from study_server.sharing.permission import FEWEST, Permitted, Terms

HERE = Path(__file__).parent.parent
TEMPLATES, STATIC = HERE / "templates", HERE / "static"
PAGE_FILE = "index.html"
URL = re.compile(r'url\("(fonts/[^"]+\.woff2)"\)')
DISTRIBUTION = "whos-that-composer"


@dataclass(frozen=True, slots=True)
class Extras:
    """What else stands on the page; texts may be empty."""

    links: Mapping[str, str]
    """Addresses by what they lead to."""
    cite: str = ""
    with_clips: bool = True
    human_licence: str = ""
    """Under which human clips may be passed on; empty: they are not."""


def write_shared(permitted: Permitted, config: Config, terms: Terms, extras: Extras, folder: Path) -> Path:
    """Write the page into a folder that any static host takes as it is; return its path.

    The same results give the same bytes.

    Raises
    ------
    StimulusError
        If a clip to hear is missing or altered.
    """
    clips = read_clips(config.folders.report, permitted.answers)
    with_human = bool(extras.human_licence)
    sounds = (
        choose_sounds(clips, permitted.answers, config, with_human=with_human) if extras.with_clips else []
    )
    style = make_style()
    page = (
        open_templates(TEMPLATES)
        .get_template("shared/page.html")
        .render(
            study=config,
            answers=permitted.answers,
            permitted=permitted,
            terms=terms,
            extras=extras,
            dots={row.system: stack(clips, row.system, permitted.answers) for row in permitted.answers.rows},
            sounds=sounds,
            fewest=FEWEST,
            languages=[LANGUAGES[tag].own_name for tag in config.recruitment.languages],
            style=style,
            style_hash=base64.b64encode(sha256(style.encode()).digest()).decode(),
            icon=base64.b64encode((STATIC / "mark.svg").read_bytes()).decode(),
            software=version(DISTRIBUTION),
        )
    )
    write_bytes(folder / PAGE_FILE, page.encode())
    return folder / PAGE_FILE


@cache
def make_style() -> str:
    """Return the page's style sheet: the participants' own with its fonts in it, and what this page adds."""
    own = (TEMPLATES / "shared/style.css").read_text(encoding="utf-8")
    return URL.sub(_embed_font, (STATIC / "study.css").read_text(encoding="utf-8")) + own


def _embed_font(match: re.Match[str]) -> str:
    font = base64.b64encode((STATIC / match[1]).read_bytes()).decode()
    return f'url("data:font/woff2;base64,{font}")'
