"""The consent documents: Markdown, one per language, the study's own or those of the software."""

from functools import lru_cache
from pathlib import Path

from jinja2 import Template
from jinja2.exceptions import TemplateError
from jinja2.sandbox import SandboxedEnvironment
from markdown_it import MarkdownIt
from markupsafe import Markup

from study_core.config import Config
from study_core.errors import ConfigError, list_problems
from study_core.manifest import sha256_file
from study_server.i18n import current_language, gettext

FOLDER = Path(__file__).parent / "consent"
MOST_KEPT = 64  # texts: a language of a study each
_OPENED: dict[Path, str] = {}
"""The documents as they were when their study was opened: what its protocol's hash is of, whatever is written
into the files while it runs."""


def check_consent(config: Config, n_trials: int) -> None:
    """Read the consent documents, and refuse a study that has none in one of its languages.

    Raises
    ------
    ConfigError
        If documents are missing or cannot be filled in; all are named.
    """
    problems = []
    for tag in config.recruitment.languages:
        path = _find(config, tag)
        try:
            _OPENED[path] = path.read_text(encoding="utf-8")
            _fill(path, config, n_trials)
        except (OSError, UnicodeDecodeError, TemplateError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            problems.append(f"{path.name}: {reason}")
    if problems:
        folder = config.recruitment.consent
        raise ConfigError(
            list_problems(
                f"recruitment.consent is {folder}; it needs a document for each of recruitment.languages, "
                f"written like those in {FOLDER}:",
                problems,
            )
        )


def hash_consent(config: Config) -> dict[str, str]:
    """Return the SHA-256 of each offered language's document, by language."""
    return {tag: sha256_file(_find(config, tag)) for tag in config.recruitment.languages}


def render_consent(config: Config, n_trials: int) -> Markup:
    """Return the consent document in the page's language as HTML, its placeholders filled from config.

    The study was opened by `check_consent`.
    """
    return _to_html(_fill(_find(config, current_language().tag), config, n_trials))


def _find(config: Config, tag: str) -> Path:
    return Path(config.recruitment.consent or FOLDER) / f"{tag}.md"


def _fill(path: Path, config: Config, n_trials: int) -> str:
    contact = gettext(config.recruitment.contact)
    return _compile(_OPENED[path]).render(study=config, n_trials=n_trials, contact=contact)


@lru_cache(MOST_KEPT)
def _compile(text: str) -> Template:
    return SandboxedEnvironment().from_string(text)


@lru_cache(MOST_KEPT)
def _to_html(markdown: str) -> Markup:
    return Markup(MarkdownIt("commonmark", {"html": False}).render(markdown))  # noqa: S704 (HTML is off)
