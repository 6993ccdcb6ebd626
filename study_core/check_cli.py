"""`study check`: all that is missing before going live, at once."""

import sys
from typing import TYPE_CHECKING

import click

from study_core.cli import ACTIONABLE_EXIT_STATUS, Options
from study_core.console import say

if TYPE_CHECKING:
    from study_core.readiness import Finding

OK, DOUBT, MISSING = "ok", "doubt", "MISSING"


@click.command()
@click.pass_obj
def check(options: Options) -> None:
    """Say what is missing before going live.

    Checks config, links, disk, clock, clips, soundfont, stimuli (present and unaltered), the design of a
    session, consent in every language, secrets, store, and the power of the design; changes nothing. Exit
    status 2 where something is missing; a doubt is for you to judge.
    """
    from study_core.readiness import check_study

    findings = []
    for name, finding in check_study(options.load()):
        findings.append(finding)
        for line in describe(name, finding):
            say(line)
    n_missing = sum(len(finding.missing) for finding in findings)
    n_doubts = sum(len(finding.doubts) for finding in findings)
    if n_missing:
        say(f"Not ready: {_count(n_missing, 'thing')} missing, {_count(n_doubts, 'doubt')}")
        sys.exit(ACTIONABLE_EXIT_STATUS)
    say(f"Ready, with {_count(n_doubts, 'doubt')}: `study serve`")


def describe(name: str, finding: "Finding") -> list[str]:
    """Return a line for each thing that a check found; what an error lists stays below it."""
    told = [(MISSING, text) for text in finding.missing] + [(DOUBT, text) for text in finding.doubts]
    if not finding.missing and (finding.found or not told):
        told.insert(0, (OK, finding.found))
    margin = "\n" + " " * 11
    return [f"{mark:7}  {name}: {text}".replace("\n", margin) for mark, text in told]


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"
