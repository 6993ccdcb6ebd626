"""Consent documents of one's own: in every language, checked before anybody takes part, and harmless."""

from pathlib import Path

import pytest

from study_core.config import load_config
from study_core.errors import ConfigError
from study_server.app import create_app
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config


def write_documents(folder: Path, **texts: str) -> Path:
    folder.mkdir()
    for tag, text in texts.items():
        (folder / f"{tag}.md").write_text(text, encoding="utf-8")
    return folder


def test_a_study_shows_its_own_document_in_the_pages_language(data_folder: Path) -> None:
    folder = write_documents(
        data_folder / "own",
        en="# {{ study.title }}\n\n{{ n_trials }} clips. <script>alert(1)</script>",
        es="# Hola {{ contact }}",
    )
    recruitment = {"consent": str(folder), "languages": ("en", "es")}
    app = create_app(make_config(data_folder, recruitment=recruitment))
    participant = Participant(app).send()
    assert "8 clips. <script>alert(1)</script>" in participant.text  # as text
    assert "<script>" not in str(participant.page.select_one(".document"))
    assert "Hola Prof. Oak's assistant" in participant.open("/consent?lang=es").text
    app.extensions["study"].store.close()


def test_a_document_that_is_changed_under_a_running_study_reaches_nobody(data_folder: Path) -> None:
    folder = write_documents(data_folder / "own", en="# What you agree to")
    config = make_config(data_folder, recruitment={"consent": str(folder), "languages": ("en",)})
    app = create_app(config)
    (folder / "en.md").write_text("# Something else", encoding="utf-8")
    assert "What you agree to" in Participant(app).send().text
    (folder / "en.md").unlink()
    assert "What you agree to" in Participant(app).send().text
    app.extensions["study"].store.close()
    (folder / "en.md").write_text("# Something else", encoding="utf-8")
    later = create_app(config)
    assert "Something else" in Participant(later).send().text
    assert later.extensions["study"].protocol.sha256 != app.extensions["study"].protocol.sha256
    later.extensions["study"].store.close()


def test_documents_that_are_missing_or_broken_are_all_named(data_folder: Path) -> None:
    folder = write_documents(data_folder / "own", en="{{ n_trials", es="Hola")
    config = make_config(data_folder, recruitment={"consent": str(folder)})
    with pytest.raises(ConfigError) as caught:
        create_app(config)
    message = str(caught.value)
    assert f"recruitment.consent is {folder}; it needs a document for each" in message
    assert "en.md: unexpected end of template" in message
    assert "ja.md: No such file or directory" in message
    assert "es.md" not in message


def test_the_folder_is_relative_to_the_config_file(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("recruitment: {consent: documents}\n")
    assert load_config(path).recruitment.consent == str(tmp_path / "documents")
    path.write_text("{}\n")
    assert load_config(path).recruitment.consent is None
