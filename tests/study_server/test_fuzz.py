"""Random requests by the hundred, or by the ten thousand: no fault, no traceback, nothing told."""

import sys

import pytest
from flask import Flask

from study_server.study import Study
from tests.study_server.attacks.conftest import use_a_quick_hash
from tests.study_server.fuzzing import Fuzzer, describe_app, fuzz

PASSWORD = "correct horse"


@pytest.mark.parametrize(
    "n_requests", [300, pytest.param(20_000, marks=[pytest.mark.slow, pytest.mark.timeout(1500)])]
)
def test_no_random_request_finds_a_fault(
    n_requests: int, app: Flask, study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    app.testing = False
    use_a_quick_hash(study.password)
    fuzzer = Fuzzer(app, study, PASSWORD)
    sent = sum(fuzz(fuzzer, n_requests, random_seed=n_requests))
    with capsys.disabled():  # a figure for who runs the slow one
        counts = ", ".join(f"{n} x {status}" for status, n in sorted(fuzzer.statuses.items()))
        if n_requests > 1000:
            sys.stdout.write(f"\n{sent} requests: {counts}\n")
    assert sent >= 0.9 * n_requests
    assert {200, 303, 400, 404} <= set(fuzzer.statuses)


def test_the_description_that_is_fuzzed_holds_every_route(app: Flask) -> None:
    described = describe_app(app)["paths"]
    assert len(described) == len({rule.rule for rule in app.url_map.iter_rules()})
    assert sum(len(operations) for operations in described.values()) >= len(list(app.url_map.iter_rules()))
