"""The container files name only what is there, and the same versions and names as the rest."""

import re
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from study_server import health, login, security, store

ROOT = Path(__file__).parents[2]
CONTAINERFILE = (ROOT / "deploy" / "Containerfile").read_text()
COMPOSE = YAML(typ="safe", pure=True).load((ROOT / "deploy" / "compose.yaml").read_text())
COPIED = [
    source for line in re.findall(r"^COPY (.+)$", CONTAINERFILE, re.MULTILINE) for source in line.split()[:-1]
]


def test_what_is_copied_is_there_and_not_ignored() -> None:
    kept = re.findall(r"^!(.+)$", (ROOT / "deploy" / "Containerfile.dockerignore").read_text(), re.MULTILINE)
    assert all(list(ROOT.glob(source)) for source in COPIED), COPIED
    assert sorted(COPIED) == sorted(kept)


def test_every_package_of_the_software_is_copied() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert not set(packages) - set(COPIED)


def test_uv_is_the_one_of_the_setup_script() -> None:
    wanted = re.search(r"UV_VERSION=(\S+)", (ROOT / "setup.sh").read_text())
    assert wanted
    assert f"uv=={wanted[1]} " in CONTAINERFILE


def test_the_health_check_asks_a_page_that_there_is() -> None:
    assert any(f"http://127.0.0.1:8000{path}'" in CONTAINERFILE for path in health.PATHS)


def test_the_server_gets_its_secrets_from_the_environment_and_runs_with_no_rights() -> None:
    study = COMPOSE["services"]["study"]
    wanted = {store.URL_VARIABLE, login.PASSWORD_VARIABLE, security.KEY_VARIABLE}
    assert set(study["environment"]) == wanted
    assert all(re.search(r"\$\{\w+(:\?|\})", value) for value in study["environment"].values())
    assert (study["read_only"], study["cap_drop"]) == (True, ["ALL"])
    assert "USER study" in CONTAINERFILE


@pytest.mark.parametrize("name", ["database", "study", "nginx"])
def test_every_service_has_an_image_or_is_built_from_a_file_that_is_there(name: str) -> None:
    service = COMPOSE["services"][name]
    build = service.get("build")
    if build is None:
        assert re.fullmatch(r"docker\.io/library/\w+:[\w.-]+", service["image"])
    else:
        assert (ROOT / "deploy" / build["context"] / build["dockerfile"]).is_file()
