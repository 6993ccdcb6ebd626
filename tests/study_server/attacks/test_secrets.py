"""Secrets: those that could be guessed are refused, those that are made are the owner's alone."""

import stat

import argon2
import pytest

from study_core.config import Config
from study_core.errors import StudyError
from study_server.login import ResearcherPassword
from study_server.security import is_proof, load_cookie_key, prove_simulation


@pytest.mark.parametrize(
    "password",
    ["password", "Password2026", "changeme!", "change-me-now", "12345678901", "aaaaaaaaaaaa", "abcabcabcabc"],
)
def test_a_password_that_everybody_tries_is_refused(
    password: str, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY_RESEARCHER_PASSWORD", password)
    with pytest.raises(StudyError, match="everybody tries first") as caught:
        ResearcherPassword(config.folders)
    assert password == "password" or password not in str(caught.value)


@pytest.mark.parametrize("password", ["", "short", "seven77"])
def test_a_password_that_is_too_short_is_refused(
    password: str, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY_RESEARCHER_PASSWORD", password)
    with pytest.raises(StudyError, match=f"has {len(password)} characters; it needs at least 8"):
        ResearcherPassword(config.folders)


@pytest.mark.parametrize(
    "key", ["", "dev", "secret", "change-me", "x" * 64, "0123456701234567012345670123456701234567"]
)
def test_a_cookie_key_that_could_be_guessed_is_refused(
    key: str, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY_SECRET_KEY", key)
    with pytest.raises(
        StudyError, match=rf"STUDY_SECRET_KEY has {len(key)} characters, .*openssl rand -hex 32"
    ) as caught:
        load_cookie_key(config.folders)
    assert not key or f" {key} " not in str(caught.value)


def test_a_good_cookie_key_in_the_environment_is_taken(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "8f3a1c5e7b9d2f4a6c8e0b1d3f5a7c9e"
    monkeypatch.setenv("STUDY_SECRET_KEY", key)
    assert load_cookie_key(config.folders) == key


def test_secrets_that_are_made_are_read_by_their_owner_only(config: Config) -> None:
    load_cookie_key(config.folders)
    prove_simulation(config.folders)
    ResearcherPassword(config.folders)
    assert stat.S_IMODE(config.folders.secrets.stat().st_mode) == 0o700
    for path in config.folders.secrets.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert len(path.read_text().strip()) >= 16


def test_the_password_is_kept_as_an_argon2_hash_only(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDY_RESEARCHER_PASSWORD", "correct horse")
    password = ResearcherPassword(config.folders)
    kept = vars(password)
    assert kept["_hash"].startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert not [name for name, value in kept.items() if "correct horse" in str(value)]
    assert not [
        path
        for path in config.folders.root.rglob("*")
        if path.is_file() and b"correct horse" in path.read_bytes()
    ]


@pytest.mark.parametrize("given", ["correct horse", "correct hors", "z", ""])
def test_every_password_given_costs_one_whole_hash_right_or_wrong(
    given: str, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the time of a check tells nothing: nothing is compared before argon2 has run."""
    monkeypatch.setenv("STUDY_RESEARCHER_PASSWORD", "correct horse")
    password = ResearcherPassword(config.folders)
    hashed = []

    def count(kept: bytes, secret: bytes, kind: argon2.low_level.Type) -> bool:
        hashed.append(secret)
        return verify(kept, secret, kind)

    verify = argon2.low_level.verify_secret
    monkeypatch.setattr("argon2._password_hasher.verify_secret", count)
    assert password.matches(given) == (given == "correct horse")
    assert hashed == [given.encode()]


@pytest.mark.parametrize("proof", ["", "0" * 32, "x", "é" * 32])
def test_only_the_true_proof_of_being_simulated_counts(proof: str, config: Config) -> None:
    assert not is_proof(config.folders, proof)
    assert is_proof(config.folders, prove_simulation(config.folders))
