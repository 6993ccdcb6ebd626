"""What somebody reads when something is in the way: every such page is for everybody, in their language."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from study_core.config import Config
from tests.study_server.browser.conftest import TRIALS
from tests.study_server.browsing import Visitor
from tests.study_server.made_study import make_config
from tests.study_server.served import Server

pytestmark = pytest.mark.browser

OLD_PHONE = {"width": 320, "height": 568}


@pytest.fixture
def config(stimuli_folder: Path, tmp_path: Path) -> Config:
    """Return the config of a study of four trials."""
    shutil.copytree(stimuli_folder, tmp_path / "stimuli")
    return make_config(tmp_path, trials=TRIALS)


def require_notice(visitor: Visitor, heading: str) -> None:
    """Fail where the page has another heading, or is not accessible in the light or in the dark."""
    expect(visitor.page.locator("h1")).to_have_text(heading)
    for scheme in ("light", "dark"):
        visitor.page.emulate_media(color_scheme=scheme)
        visitor.checked.clear()
        visitor.require_accessible()


def test_a_new_version_too_many_tries_and_a_store_that_fails_are_told_accessibly(
    browser: Browser, config: Config
) -> None:
    with Server(config) as server:
        visitor = Visitor(browser, server.url, config, "/?lang=es", viewport=OLD_PHONE).begin()
        port = server.url.rsplit(":", 1)[1]
    with Server(config.model_copy(update={"version": "2"}), "--port", port), visitor:
        visitor.page.goto(visitor.url)
        require_notice(visitor, "El estudio ha pasado a otra versión")
        visitor.page.goto(f"{visitor.url}/withdraw")
        for _ in range(6):
            visitor.page.fill("[name=code]", "AAAA-AAAA-AAAA")
            visitor.go_on()
        require_notice(visitor, "Espera un momento")
        with closing(sqlite3.connect(config.folders.database)) as store, store:
            store.execute("ALTER TABLE sessions RENAME TO lost")
        visitor.page.goto(visitor.url)
        require_notice(visitor, "Ahora mismo el estudio no puede guardar respuestas")
        with closing(sqlite3.connect(config.folders.database)) as store, store:
            store.execute("ALTER TABLE lost RENAME TO sessions")
