"""Every text of the participant's pages stands in every catalog, and nothing else does."""

import ast
import re
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import Environment
from sqlalchemy import select

from study_core.config import Config
from study_core.languages import LANGUAGES as OFFERABLE
from study_server import i18n
from study_server.catalog import Catalog, CatalogError, read_catalog
from study_server.documents import FOLDER as CONSENT_FOLDER
from study_server.study import Study
from study_server.tables import Judgment, StudySession
from tests.study_server.listener import Participant

PACKAGE = Path(i18n.__file__).parent

TRANSLATED = [tag for tag in OFFERABLE if tag != i18n.SOURCE]
PLACEHOLDER = re.compile(r"%\(\w+\)s")
Texts = dict[str, str]
"""A text, and its plural or nothing."""


def list_texts_of_templates(app: Flask) -> Texts:
    texts: Texts = {}
    environment: Environment = app.jinja_env
    for path in (PACKAGE / "templates").glob("*.html"):
        for _, function, text in environment.extract_translations(path.read_text(encoding="utf-8")):  # type: ignore[attr-defined]
            first, *more = [text] if isinstance(text, str) else text or [None]
            if first is not None:
                texts[first] = more[0] if function == "ngettext" else ""
    return texts


def list_texts_of_code() -> Texts:
    texts: Texts = {}
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_marked = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("_", "gettext", "mark")
            )
            if is_marked and isinstance(node.args[0], ast.Constant):
                texts[node.args[0].value] = ""
    return texts


@pytest.fixture
def texts(app: Flask) -> Texts:
    """Return every text that a participant may read; the config's two defaults are among them."""
    defaults = Config()
    shipped = {defaults.title: "", defaults.recruitment.contact: ""}
    return list_texts_of_templates(app) | list_texts_of_code() | shipped


@pytest.mark.parametrize("tag", TRANSLATED)
def test_no_text_is_missing_fuzzy_or_unused(tag: str, texts: Texts) -> None:
    catalog = i18n.load_catalog(tag)
    assert set(texts) - set(catalog.messages) == set(), "missing"
    assert set(catalog.messages) - set(texts) == set(), "unused"
    assert {text for text, message in catalog.messages.items() if message.is_fuzzy} == set(), "fuzzy"
    for text, message in catalog.messages.items():
        n_forms = 1 if not texts[text] or tag in ("ja", "zh-Hans") else 2
        assert message.plural == texts[text], text
        assert sorted(message.forms) == list(range(n_forms)), text
        assert all(form.strip() for form in message.forms.values()), text


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_translation_has_the_placeholders_of_its_text(tag: str) -> None:
    for text, message in i18n.load_catalog(tag).messages.items():
        wanted = set(PLACEHOLDER.findall(message.plural or text))
        for form in message.forms.values():
            assert set(PLACEHOLDER.findall(form)) == wanted, form


def test_every_language_of_the_config_has_a_name_and_a_consent_document() -> None:
    assert tuple(i18n.LANGUAGES) == OFFERABLE
    consents = {tag: (CONSENT_FOLDER / f"{tag}.md").read_text(encoding="utf-8") for tag in OFFERABLE}
    for text in consents.values():
        assert text.count("\n## ") == consents["en"].count("\n## ")
        assert text.count("\n- ") == consents["en"].count("\n- ")
        assert re.findall(r"{{.*?}}", text) == re.findall(r"{{.*?}}", consents["en"])
    assert len(set(consents.values())) == len(consents)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "en"),
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("ja-JP", "ja"),
        ("zh-CN,zh;q=0.9", "zh-Hans"),
        ("zh-TW", "zh-Hans"),
        ("fr,ja;q=0.5,es;q=0.7", "es"),
        ("es;q=0,ja;q=0.1", "ja"),
        ("tlh, *;q=0.1", "en"),
    ],
)
def test_the_page_is_in_the_browsers_first_language_that_is_there(
    app: Flask, header: str, expected: str
) -> None:
    reply = app.test_client().get("/", headers={"Accept-Language": header} if header else {})
    assert f'<html lang="{expected}" dir="ltr">' in reply.text
    assert reply.headers["Content-Language"] == expected


def test_a_link_chooses_the_language_and_an_unknown_one_is_passed_over(app: Flask) -> None:
    client = app.test_client()
    for path, expected in (
        ("/?lang=ja", "ja"),
        ("/", "ja"),
        ("/?lang=xx", "ja"),
        ("/?lang=zh-CN", "zh-Hans"),
    ):
        assert f'<html lang="{expected}"' in client.get(path, headers={"Accept-Language": "es"}).text


def test_the_menu_offers_every_language_on_every_page_and_changes_the_page_at_once(
    participant: Participant,
) -> None:
    participant.begin()
    links = {str(a["lang"]): str(a["href"]) for a in participant.page.select(".languages a")}
    assert set(links) == set(OFFERABLE)
    here = participant.path
    assert participant.open(here + links["es"]).path == here
    assert "¿Quién lo compuso?" in participant.text


def test_the_language_is_stored_with_the_session_and_with_each_judgment(
    participant: Participant, study: Study
) -> None:
    participant.open("/?lang=es").begin().answer()
    here = participant.path
    participant.open(f"{here}?lang=ja").answer()
    with study.store.read() as db:
        assert db.scalars(select(StudySession.language)).all() == ["es"]
        assert sorted(db.scalars(select(Judgment.language))) == ["es", "ja"]


def test_a_plural_has_the_form_of_its_number() -> None:
    spanish = i18n.load_catalog("es")
    one = spanish.translate_plural("%(num)s short clip", "%(num)s short clips", 1)
    many = spanish.translate_plural("%(num)s short clip", "%(num)s short clips", 20)
    assert one != many
    japanese = i18n.load_catalog("ja")
    assert japanese.translate_plural("%(num)s short clip", "%(num)s short clips", 1) == (
        japanese.translate_plural("%(num)s short clip", "%(num)s short clips", 20)
    )


def test_a_text_without_a_translation_stays_english() -> None:
    empty = Catalog([])
    assert empty.translate("Begin") == "Begin"
    assert [empty.translate_plural("a clip", "clips", n) for n in (1, 2)] == ["a clip", "clips"]


def test_a_catalog_is_read_with_comments_continued_lines_and_escapes(tmp_path: Path) -> None:
    path = tmp_path / "xx.po"
    path.write_text(
        'msgid ""\nmsgstr ""\n"Plural-Forms: nplurals=2; plural=n>1;\\n"\n\n# a note\n#: place\n'
        '#, fuzzy\nmsgid "a \\"b\\""\nmsgstr ""\n"ä "\n"\\n"\n\n'
        'msgid "clip"\nmsgid_plural "clips"\nmsgstr[0] "k"\nmsgstr[1] "ks"\n',
        encoding="utf-8",
    )
    catalog = read_catalog(path)
    assert catalog.translate('a "b"') == "ä \n"
    assert catalog.messages['a "b"'].is_fuzzy
    assert not catalog.messages["clip"].is_fuzzy
    assert [catalog.translate_plural("clip", "clips", n) for n in (0, 1, 2)] == ["k", "k", "ks"]


def test_a_line_that_is_no_catalogs_is_named(tmp_path: Path) -> None:
    path = tmp_path / "xx.po"
    path.write_text('msgid "a"\nmsgstr b\n', encoding="utf-8")
    with pytest.raises(CatalogError, match=r"xx\.po, line 2: 'msgstr b' is not a line of a catalog"):
        read_catalog(path)
