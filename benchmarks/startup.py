"""How long each command takes to say its `--help`, beside a bare interpreter, and what it loads.

    python benchmarks/startup.py

Processor time of new processes, each kind in turn; the median of several.
"""

import os
import statistics
import subprocess
import sys

from claims import state_claim

from study_core.cli import COMMANDS

N_TURNS = 5
HEAVY = ("tensorflow", "keras", "music21", "flask", "sqlalchemy", "pandas", "matplotlib", "scipy", "numpy")
SAY_HELP = """
import sys
sys.argv = ["study", *{words!r}, "--help"]
from study_core.cli import main
try:
    main()
except SystemExit:
    pass
print(*(part for part in {heavy!r} if part in sys.modules), file=sys.stderr)
"""


def main() -> None:
    """Print a row per command."""
    codes = {"python": "pass", "study --help": say_help()}
    codes |= {f"study {name} --help": say_help(name) for name in COMMANDS}
    times: dict[str, list[float]] = {name: [] for name in codes}
    loaded = {}
    for _ in range(N_TURNS):
        for name, code in codes.items():
            seconds, loaded[name] = time_process(code)
            times[name].append(seconds)
    middle = {name: statistics.median(seconds) for name, seconds in times.items()}
    for name, seconds in middle.items():
        print(f"{name:24}{seconds:6.2f} s  {loaded[name]}")
    state_claim(
        "`study --help`", middle["study --help"] / middle["python"], "times a bare interpreter's start"
    )


def say_help(*words: str) -> str:
    """Return a program that says a command's help, then which heavy libraries it has loaded."""
    return SAY_HELP.format(words=words, heavy=HEAVY)


def time_process(code: str) -> tuple[float, str]:
    """Return the CPU seconds of a program, and the last line of its standard error."""
    before = os.times()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    after = os.times()
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, (done.stderr.splitlines() or [""])[-1]


if __name__ == "__main__":
    main()
