"""What a data set costs: time and memory at two sizes, by the rules of Psych-DS, in pandas and R, and back.

    python benchmarks/export.py                       # 100,000 and 1,000,000 judgments, minutes
    python benchmarks/export.py --judgments 2000 10000

Stores of made sessions are filled by bulk inserts. Each step runs in a process of its own: its CPU time and
its peak memory are that process's, the memory no less than this one's.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table as Grid

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from claims import state_claim, state_growth  # noqa: E402 (after the path)
from sqlalchemy import insert  # noqa: E402 (after the path)

from study_core.config import Config, TrialsConfig  # noqa: E402
from study_core.manifest import sha256_file  # noqa: E402
from study_core.types import HUMAN  # noqa: E402
from study_server import tables  # noqa: E402
from study_server.export import export_data_set  # noqa: E402
from study_server.imports import import_data_set  # noqa: E402
from study_server.protocol import RunningProtocol, record_protocol  # noqa: E402
from study_server.store import open_store  # noqa: E402
from study_server.tables import make_code, make_id  # noqa: E402
from tests.study_server.made_study import make_stimulus  # noqa: E402
from tests.study_server.psychds import check  # noqa: E402

PER_SESSION = {HUMAN: 10, "lstm": 5, "gan": 5}
N_TRIALS = sum(PER_SESSION.values())
SESSIONS_AT_ONCE = 500
HALF, SHARE_KNOWN = 0.5, 0.1
PANDAS = """
import pandas as pd, sys
trials = pd.read_csv(sys.argv[1] + "/data/description-trials_data.csv")
assert len(trials) == int(sys.argv[2])
for name in ("participant_id", "protocol_sha256", "clip_id", "system", "study_version"):
    assert pd.api.types.is_string_dtype(trials[name]), name
for name in ("judged_human", "confidence", "trial_index", "n_plays", "is_excluded"):
    assert trials[name].dtype == "int64", name
for name in ("heard_s", "judged_after_s", "answer_time_s"):
    assert trials[name].dtype == "float64", name
"""
READ_R = """
args <- commandArgs(TRUE)
trials <- read.csv(file.path(args[1], "data/description-trials_data.csv"))
stopifnot(nrow(trials) == as.integer(args[2]))
for (n in c("participant_id", "protocol_sha256", "clip_id", "system", "study_version"))
  stopifnot(is.character(trials[[n]]))
for (n in c("judged_human", "confidence", "trial_index", "n_plays", "is_excluded"))
  stopifnot(is.integer(trials[[n]]))
for (n in c("heard_s", "judged_after_s", "answer_time_s")) stopifnot(is.double(trials[[n]]))
"""


@dataclass(frozen=True)
class Cost:
    """What a step took."""

    cpu_s: float
    wall_s: float
    peak_mib: float


def make_protocol(folder: Path) -> RunningProtocol:
    """Return the protocol of a study of 120 clips."""
    stimuli = [make_stimulus(system, i) for system in PER_SESSION for i in range(40)]
    config = Config(data_dir=str(folder), trials=TrialsConfig(per_participant=PER_SESSION))
    return RunningProtocol(config, stimuli)


def fill(folder: Path, n_judgments: int) -> None:
    """Fill a new store with finished sessions of twenty judgments."""
    protocol, random = make_protocol(folder), np.random.default_rng(1)
    store = open_store(protocol.config.folders.database)
    by_system = {
        system: [s.stimulus_id for s in protocol.stimuli if s.system == system] for system in PER_SESSION
    }
    with store.write() as db:
        record_protocol(db, protocol, is_frozen=True)
        for start in range(0, n_judgments // N_TRIALS, SESSIONS_AT_ONCE):
            n = min(SESSIONS_AT_ONCE, n_judgments // N_TRIALS - start)
            sessions = [_make_session(protocol.sha256) for _ in range(n)]
            trials = [trial for session in sessions for trial in _make_trials(session, by_system, random)]
            judgments = [_make_judgment(trial, random) for trial in trials]
            for table, rows in (
                (tables.StudySession, sessions),
                (tables.Trial, trials),
                (tables.Judgment, judgments),
            ):
                db.execute(insert(table), rows)
    store.close()


def _make_session(protocol_sha256: str) -> dict[str, object]:
    day = "2026-11-02T10:"
    return {
        "session_id": make_id(),
        "participant_id": make_id(),
        "withdrawal_code": make_code(),
        "study_version": "1",
        "protocol_sha256": protocol_sha256,
        "arrived_at": f"{day}00:00.000Z",
        "consented_at": f"{day}00:20.125Z",
        "volume_set_at": f"{day}00:31.250Z",
        "started_at": f"{day}00:40.000Z",
        "finished_at": f"{day}09:59.500Z",
        "last_seen_at": f"{day}09:59.500Z",
        "n_trials": N_TRIALS,
        "n_judged": N_TRIALS,
        "flags": "",
        "duration_s": 599.5,
    }


def _make_trials(
    session: dict[str, object], by_system: dict[str, list[str]], random: np.random.Generator
) -> list[dict[str, object]]:
    drawn = [
        i for system, n in PER_SESSION.items() for i in random.choice(by_system[system], n, replace=False)
    ]
    return [
        {
            "trial_id": make_id(),
            "session_id": session["session_id"],
            "trial_index": index,
            "stimulus_id": str(stimulus_id),
            "audio_token": make_id(),
        }
        for index, stimulus_id in enumerate(random.permutation(drawn), start=1)
    ]


def _make_judgment(trial: dict[str, object], random: np.random.Generator) -> dict[str, object]:
    return {
        "trial_id": trial["trial_id"],
        "judged_human": bool(random.random() < HALF),
        "confidence": int(random.integers(1, 5)),
        "knows_tune": bool(random.random() < SHARE_KNOWN),
        "heard_s": round(float(random.uniform(5, 25)), 2),
        "n_plays": 1,
        "stalls": 0,
        "load_errors": 0,
        "coverage": round(float(random.uniform(0.5, 1)), 3),
        "output_latency_s": 0.02,
        "answer_time_s": round(float(random.uniform(5, 25)), 2),
        "hidden_count": 0,
        "language": "en",
        "judged_at": f"2026-11-02T10:{int(random.integers(1, 10)):02d}:{int(random.integers(60)):02d}.500Z",
    }


def do(step: str, folder: Path, target: Path) -> None:
    """Do one step; it has this process to itself."""
    if step == "check":
        verdict = check(folder)
        if verdict.problems:
            raise SystemExit(f"not valid: {verdict.problems}")
        return
    store = open_store(folder / "study.sqlite3")
    if step == "export":
        export_data_set(store, make_protocol(folder).config, target, is_simulated=False)
    else:
        import_data_set(store, target)
    store.close()


def measure(*command: object) -> Cost:
    """Run a command and return what it took."""
    began = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {command}")
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - began, usage.ru_maxrss / 1024)


def hash_files(folder: Path) -> dict[str, str]:
    """Return the hash of every file."""
    return {str(p.relative_to(folder)): sha256_file(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def run(n: int, folder: Path) -> dict[str, Cost]:
    """Return what each step takes with so many judgments."""
    store, again = folder / "store", folder / "again"
    fill(store, n)
    me = (sys.executable, __file__, "--step")
    costs = {"export": measure(*me, "export", store, folder / "data-set")}
    costs["check"] = measure(*me, "check", folder / "data-set", folder)
    costs["pandas"] = measure(sys.executable, "-c", PANDAS, folder / "data-set", n)
    if shutil.which("Rscript"):
        costs["R"] = measure("Rscript", "-e", READ_R, folder / "data-set", n)
    costs["import"] = measure(*me, "import", again, folder / "data-set")
    costs["export again"] = measure(*me, "export", again, folder / "data-set-2")
    if hash_files(folder / "data-set") != hash_files(folder / "data-set-2"):
        raise SystemExit("export, import, export: the bytes differ")
    return costs


def main() -> None:
    """Run the benchmark, or one step of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judgments", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--folder", type=Path, help="Work here, and keep it.")
    parser.add_argument("--step", nargs=3, metavar=("STEP", "FOLDER", "TARGET"))
    options = parser.parse_args()
    if options.step:
        do(options.step[0], Path(options.step[1]), Path(options.step[2]))
        return
    grid = Grid("judgments", "step", "CPU s", "s", "peak MiB")
    exports: dict[int, Cost] = {}
    for n in options.judgments:
        with tempfile.TemporaryDirectory() as temporary:
            costs = run(n, (options.folder or Path(temporary)) / str(n))
        exports[n] = costs["export"]
        for step, cost in costs.items():
            grid.add_row(f"{n:,}", step, f"{cost.cpu_s:.1f}", f"{cost.wall_s:.1f}", f"{cost.peak_mib:.0f}")
        Console().print(grid)
    state_growth("Export of a data set", "judgments", {n: cost.cpu_s for n, cost in exports.items()})
    least, most = exports[min(exports)], exports[max(exports)]
    what = f"Export of {max(exports) / min(exports):.0f} times the judgments"
    state_claim(what, most.peak_mib / least.peak_mib, "times the memory")


if __name__ == "__main__":
    main()
