"""The language of a page: by link, by menu, by an earlier choice, else the browser's first that is there."""

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, has_request_context, request, session
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from study_core.participation import Text
from study_server.catalog import Catalog, read_catalog

FOLDER = Path(__file__).parent / "translations"
COOKIE_KEY = "language"
MOST_BROWSERS = 500
SOURCE = "en"
"""The language that the pages are written in."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language that the study can speak."""

    tag: str
    """BCP 47."""
    own_name: str
    direction: str = "ltr"


LANGUAGES = {
    language.tag: language
    for language in (
        Language("en", "English"),
        Language("es", "Español"),
        Language("ja", "日本語"),
        Language("zh-Hans", "简体中文"),
    )
}


def speak(app: Flask, offered: tuple[str, ...]) -> None:
    """Let an app's pages speak the offered languages; the first of them is the fallback."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals["say"] = say
    app.jinja_env.policies["ext.i18n.trimmed"] = True

    @app.before_request
    def choose() -> None:
        g.language = _choose_language(offered)

    @app.after_request
    def name_language(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.headers.setdefault("Content-Language", current_language().tag)
        return response

    app.context_processor(
        lambda: {"language": current_language(), "languages": [LANGUAGES[tag] for tag in offered]}
    )


def current_language() -> Language:
    """Return the language of the current request's page."""
    return LANGUAGES[g.get("language", SOURCE) if has_request_context() else SOURCE]


def gettext(text: str, **values: Any) -> str:
    """Return a text in the page's language."""
    translated = text if current_language().tag == SOURCE else _catalog().translate(text)
    return translated % values if values else translated


def ngettext(text: str, plural: str, n: float) -> str:
    """Return the form of a text for a number, in the page's language; its values are filled in by Jinja."""
    whole = int(n) if n == int(n) else 2  # a part of a second is no second: the plural
    if current_language().tag == SOURCE:
        return text if whole == 1 else plural
    return _catalog().translate_plural(text, plural, whole)


def say(text: Text) -> str:
    """Return a text of the config in the page's language; unlike a template's own texts it is no markup."""
    if isinstance(text, str):
        return gettext(text) if text else ""
    return text.get(current_language().tag) or next(iter(text.values()))


def mark(text: str) -> str:
    """Return the text as it is: it stands in the catalogs, and is translated where it is shown."""
    return text


@cache
def load_catalog(tag: str) -> Catalog:
    """Return a language's catalog, read once."""
    return read_catalog(FOLDER / f"{tag}.po")


def match_language(wanted: str, offered: tuple[str, ...]) -> str | None:
    """Return the offered language for a browser's tag: the same, else one of the same first subtag."""
    known = {tag.lower(): tag for tag in offered}
    base = wanted.lower().split("-")[0]
    similar = (tag for tag in offered if tag.lower().split("-")[0] == base)
    return known.get(wanted.lower()) or next(similar, None)


def _catalog() -> Catalog:
    return load_catalog(current_language().tag)


def _choose_language(offered: tuple[str, ...]) -> str:
    if (request.blueprint or "").split(".")[0] == "researcher":
        return SOURCE  # the desk speaks English
    linked = match_language(request.args.get("lang", ""), offered)
    if linked is not None:
        session[COOKIE_KEY] = linked
    if session.get(COOKIE_KEY) in offered:
        return str(session[COOKIE_KEY])
    return _match_browser(request.headers.get("Accept-Language", ""), offered)


@lru_cache(MOST_BROWSERS)
def _match_browser(accepted: str, offered: tuple[str, ...]) -> str:
    """Return the first offered language of a browser's header; there are few different ones."""
    wanted = parse_accept_header(accepted, LanguageAccept)
    matches = (match_language(tag, offered) for tag, q in wanted if q > 0)
    return next(filter(None, matches), offered[0])
