"""Every paradigm end to end: bots take the study through its pages, and the analysis finds what they had."""

import csv
import math
import secrets
from pathlib import Path
from statistics import NormalDist

import httpx
import numpy as np
import pytest

from analysis.pairs import estimate_pairs
from analysis.ratings import estimate_ratings
from analysis.responses import Responses, read_responses
from study_core.config import Config
from study_core.types import HUMAN
from study_server.app import create_app
from study_server.bots import Bot, Crowd
from study_server.export import export_data_set
from study_server.listeners import Skill
from study_server.paradigms import PARADIGMS
from study_server.security import PROOF_HEADER, prove_simulation
from study_server.study import Study
from tests.study_server.made_study import make_config, make_stimuli

N_LISTENERS = 30
LEVEL = 0.95
SKILL = Skill(dprime=1.2, bias_sd=0.2, sensitivity_sd=0.2, clip_sd=0.2)
Z = NormalDist().inv_cdf


@pytest.fixture(scope="module")
def stimuli_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of stimuli, made once."""
    folder = tmp_path_factory.mktemp("stimuli")
    make_stimuli(folder)
    return folder


def run_study(config: Config, stimuli_folder: Path) -> Responses:
    """Let bots take part in a study; return its data set as the analysis reads it."""
    config.folders.stimuli.symlink_to(stimuli_folder)
    app = create_app(config)
    study: Study = app.extensions["study"]
    stimuli = {stimulus.stimulus_sha256: stimulus for stimulus in study.protocol.stimuli}
    crowd = Crowd(N_LISTENERS, SKILL, seed=11)
    proof = {PROOF_HEADER: prove_simulation(config.folders)}
    for index in range(N_LISTENERS):
        transport = httpx.WSGITransport(app)
        with httpx.Client(
            transport=transport, base_url="http://localhost", headers=proof, follow_redirects=True
        ) as client:
            Bot(crowd, index, config, stimuli, {}).take_part(client)
    export_data_set(study.store, config, config.folders.export, is_simulated=True)
    study.store.close()
    return read_responses(config.folders.responses)


def read_header(config: Config) -> list[str]:
    """Return the columns of the data set's judgments."""
    with config.folders.responses.open(encoding="utf-8") as file:
        return next(csv.reader(file))


@pytest.fixture(autouse=True)
def ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give everybody a known id: a draw goes by it, and so what is found is the same every time."""
    known = np.random.default_rng(7)
    monkeypatch.setattr(secrets, "token_hex", lambda n_bytes: known.bytes(n_bytes).hex())


@pytest.fixture(params=list(PARADIGMS))
def config(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Return a study of each paradigm: four human and four generated clips, and practice."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    per_participant = {HUMAN: 4, "lstm": 2, "gan": 2}
    trials = {"paradigm": request.param, "per_participant": per_participant}
    return make_config(tmp_path, trials=trials, practice={"trials": 1}, clips={"per_system": 8})


def test_the_analysis_finds_what_the_listeners_of_each_paradigm_had(
    config: Config, stimuli_folder: Path
) -> None:
    paradigm = PARADIGMS[config.trials.paradigm]
    responses = run_study(config, stimuli_folder)
    assert responses.paradigm == paradigm.analysis
    assert len(responses.table) == N_LISTENERS * config.trials.n_pages
    others = {name for other in PARADIGMS.values() if other is not paradigm for name in other.columns}
    header = read_header(config)
    assert set(paradigm.columns) <= set(header)
    assert not others & set(header)
    find = {"two_afc": find_in_pairs, "rating": find_in_ratings, "yes_no": find_in_single_clips}
    for value, low, high in find[paradigm.name](responses):
        assert low < SKILL.dprime < high
        assert value == pytest.approx(SKILL.dprime, abs=0.6)


def find_in_pairs(responses: Responses) -> list[tuple[float, float, float]]:
    """Return each generator's d' with its interval; nobody leans to a side."""
    pairs = estimate_pairs(responses.table, LEVEL)
    assert [pair.system for pair in pairs] == ["gan", "lstm"]
    for pair in pairs:
        assert pair.first_bias.low is not None
        assert pair.first_bias.high is not None
        assert pair.first_bias.low < 0.5 < pair.first_bias.high
    return [(it.d_prime.value, it.d_prime.low or 0, it.d_prime.high or 0) for it in pairs]


def find_in_ratings(responses: Responses) -> list[tuple[float, float, float]]:
    """Return each generator's d' as the area tells it: P(rated above a human clip) is Phi(-d' / sqrt 2)."""
    ratings = estimate_ratings(responses.table, LEVEL)
    assert [rating.system for rating in ratings] == [HUMAN, "gan", "lstm"]
    areas = [it.superiority for it in ratings[1:]]
    return [
        tuple(-math.sqrt(2) * Z(share or 0.5) for share in (area.value, area.high, area.low))  # type: ignore[misc]
        for area in areas
        if area is not None
    ]


def find_in_single_clips(responses: Responses) -> list[tuple[float, float, float]]:
    """Return each generator's d', from the rates over all listeners and clips."""
    rates = responses.table.groupby("system")["judged_human"].agg(["mean", "size"])
    human = rates.loc[HUMAN, "mean"]
    values = [Z(human) - Z(rates.loc[system, "mean"]) for system in ("gan", "lstm")]
    return [(value, value - 0.6, value + 0.6) for value in values]
