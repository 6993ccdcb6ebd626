"""Whether listeners of known d', bias and slopes come out of the analysis as they went in.

    python benchmarks/recovery.py                 # 200 studies, all cores, a few minutes
    python benchmarks/recovery.py --studies 40 --listeners 60
    python benchmarks/recovery.py --http 10       # bots through server, export and report; some minutes

Listeners decide as signal-detection theory has it: "computer" where d'_j x + clip + noise exceeds c_j, x
being +1/2 of a generated and -1/2 of a human clip, and d'_j, c_j and clip normal. The table has the share of
studies in which the report's interval covers the truth. Marginal values are averaged over listeners and
clips, hierarchical ones are those of the average listener and clip. The SDs have no interval: their mean
estimate stands beside the truth, and a maximum-likelihood SD is a little too small.

Over HTTP, `study serve` plays made-up sounds to the bots of `study simulate`, who know them by their bytes;
`study export` and `study analyze` give the numbers, which have the same truth.
"""

import argparse
import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is loaded

from functools import partial

import numpy as np
import pandas as pd
from scipy import stats

from analysis.clusters import measure_rates
from analysis.detection import estimate_detection
from analysis.estimates import Estimate
from analysis.fooling import estimate_fooling
from analysis.hierarchical import fit_detection
from analysis.simulation import Design, Population, simulate_study
from study_core.manifest import sha256_bytes, write_manifest
from study_core.parallel import map_ordered
from study_core.types import Stimulus

LEVEL = 0.95
SEED = 11
STUDY = [str(Path(sys.executable).with_name("study"))]
LOGITS = 1.7
"""Logits in a probit, about: the report's SD of clips is on the logit scale."""
D_PRIME, CRITERION = 0.8, 0.2
"""Of the average listener and clip; c above 0 leans to "human"."""
SD_CRITERION, SD_D_PRIME, SD_CLIP = 0.3, 0.6, 0.4
SPREAD = float(np.linalg.norm([1, SD_CRITERION, SD_D_PRIME / 2, SD_CLIP]))
"""SD of a decision over listeners, clips and noise: marginal values are conditional ones divided by it."""
Z = {"human": (CRITERION + D_PRIME / 2) / SPREAD, "gan": (CRITERION - D_PRIME / 2) / SPREAD}
SHARES = {system: float(stats.norm.cdf(z)) for system, z in Z.items()}
TRUTH = {
    "fooling rate": SHARES["gan"],
    "human clips judged human": SHARES["human"],
    "difference of rates": SHARES["gan"] - SHARES["human"],
    "d', marginal": D_PRIME / SPREAD,
    "c, marginal": CRITERION / SPREAD,
    "d', hierarchical": D_PRIME,
    "c, hierarchical": CRITERION,
    "SD of c": SD_CRITERION,
    "SD of d'": SD_D_PRIME,
    "SD of clips": SD_CLIP,
}


def recover(study: int, *, listeners: int) -> dict[str, Estimate]:
    """Return the estimates of one simulated study."""
    population = Population(
        shares=SHARES, sd_lean=SD_CRITERION, sd_sensitivity=SD_D_PRIME, sd_clip=SD_CLIP, link="probit"
    )
    both = dict.fromkeys(SHARES, 10)
    design = Design(n_listeners=listeners, n_clips=dict.fromkeys(SHARES, 40), trials=both)
    table = simulate_study(np.random.default_rng([SEED, study]), population, design)
    rates = measure_rates(table)
    human, gan = estimate_fooling(rates, LEVEL)
    marginal, average = estimate_detection(rates, "gan", LEVEL), fit_detection(table, LEVEL)
    sd_criterion, sd_d_prime = map(float, average.model.listener_sd)
    sds = (sd_criterion, sd_d_prime, average.model.clip_sd)
    estimates = (
        *(gan.rate, human.rate, gan.difference),
        *(marginal.d_prime, marginal.criterion, average.d_prime, average.criterion),
        *(Estimate(value=sd) for sd in sds),
    )
    return dict(zip(TRUTH, estimates, strict=True))


def tabulate(found: list[dict[str, Estimate]]) -> pd.DataFrame:
    """Return truth, mean estimate and share of intervals that cover, a row per quantity."""
    rows = []
    for name, truth in TRUTH.items():
        if name not in found[0]:
            continue
        estimates = [one[name] for one in found]
        known = [one for one in estimates if one.low is not None]
        covering = 100 * np.mean([one.low <= truth <= one.high for one in known]) if known else np.nan
        rows.append((name, truth, np.mean([one.value for one in estimates]), covering))
    return pd.DataFrame(rows, columns=["quantity", "truth", "mean estimate", "% covering"])


def recover_over_http(study: int, listeners: int) -> dict[str, Estimate]:
    """Return the report's estimates of bots that took a study over HTTP."""
    with tempfile.TemporaryDirectory() as name, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port, folder = free.getsockname()[1], Path(name)
        free.close()
        write_study(folder, port, listeners)
        skill = {"dprime": D_PRIME / SPREAD, "criterion": CRITERION / SPREAD, "bias-sd": SD_CRITERION}
        skill |= {"sensitivity-sd": SD_D_PRIME, "clip-sd": SD_CLIP, "seed": study, "participants": listeners}
        server = subprocess.Popen([*STUDY, "serve"], cwd=folder, stdout=subprocess.DEVNULL)
        try:
            await_server(port)
            run_study(folder, "simulate", *(f"--{key}={value}" for key, value in skill.items()))
        finally:
            server.terminate()
            server.wait()
        run_study(folder, "export", "--simulated")
        run_study(folder, "analyze", "--no-pdf")
        numbers = json.loads((folder / "data" / "report" / "numbers.json").read_text(encoding="utf-8"))
    return read_numbers(numbers["with_exclusions"])


def read_numbers(found: dict[str, Any]) -> dict[str, Estimate]:
    """Return the estimates of a report's numbers under the names of `TRUTH`."""
    (gan,), (average,), spread = found["generators"], found["hierarchical"], found["spread"]["components"]
    named = {
        "fooling rate": gan["fooling"]["rate"],
        "human clips judged human": found["human"]["rate"],
        "difference of rates": gan["fooling"]["difference"],
        "d', marginal": gan["detection"]["d_prime"],
        "c, marginal": gan["detection"]["criterion"],
        "d', hierarchical": average["d_prime"],
        "c, hierarchical": average["criterion"],
        "SD of d'": {"value": average["listeners_sd"]},
    }
    kept = ("value", "low", "high")
    return {
        name: Estimate(**{key: one[key] for key in kept if key in one}) for name, one in named.items()
    } | {"SD of clips": Estimate(value=spread[2]["sd"] / LOGITS)}


def write_study(folder: Path, port: int, listeners: int) -> None:
    """Write the config and the stimuli, 40 of either system, of a study into a folder."""
    config = {
        "clips": {"systems": ["gan"], "per_system": 40},
        "trials": {"per_participant": {"human": 10, "gan": 10}, "listen_s": 0, "break_after": None},
        "practice": {"trials": 0},
        "questions": {"before": [], "after": []},
        "recruitment": {"target_participants": listeners},
        "server": {"port": port},
    }
    (folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    stimuli = folder / "data" / "stimuli"
    stimuli.mkdir(parents=True)
    rows = [make_stimulus(system, index) for system in SHARES for index in range(40)]
    for row in rows:
        (stimuli / row.stimulus_file).write_bytes(make_sound(row.system, row.seed))
    write_manifest(stimuli / "stimuli.csv", rows)


def make_sound(system: str, index: int) -> bytes:
    """Return bytes that stand for a sound: bots know a clip by its hash alone."""
    return hashlib.sha256(f"{system}/{index}".encode()).digest() * 64


def make_stimulus(system: str, index: int) -> Stimulus:
    """Return the record of one stimulus."""
    name, sound = f"{system}-{index:03d}", make_sound(system, index)
    hashes = dict.fromkeys(
        ("checkpoint_sha256", "clip_sha256", "soundfont_sha256", "render_settings_sha256"), sha256_bytes(b"")
    )
    sizes: dict[str, Any] = {"n_notes": 50, "duration_s": 20.0, "stimulus_duration_s": 20.0, "gain_db": 0.0}
    sizes |= {"loudness_lufs": -20.0, "true_peak_dbtp": -1.0, "sample_rate_hz": 44100, "n_bytes": len(sound)}
    stimulus_id = sha256_bytes(sound)[:32]
    return Stimulus(
        clip_id=name,
        system=system,
        corpus="made",
        seed=index,
        piece_id=name,
        song_cluster=name,
        split="test",
        longest_copied_notes=0,
        nearest_piece_id="",
        clip_file=f"{name}.mid",
        stimulus_id=stimulus_id,
        soundfont="none",
        stimulus_file=f"{stimulus_id}.mp3",
        stimulus_sha256=sha256_bytes(sound),
        **hashes,
        **sizes,
    )


def await_server(port: int) -> None:
    """Wait until the server answers, some minutes at most."""
    for _ in range(2000):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit("The server does not answer.")


def run_study(folder: Path, *arguments: str) -> None:
    """Run a command of the study in a folder; stop with what it says where it fails."""
    done = subprocess.run([*STUDY, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"study {arguments[0]}: {done.stdout}{done.stderr}")


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--listeners", type=int, default=120)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--http", type=int, metavar="STUDIES", help="so many studies over HTTP instead")
    options = parser.parse_args()
    if options.http:
        options.studies = options.http
        found = [recover_over_http(study, options.listeners) for study in range(options.http)]
    else:
        run = partial(recover, listeners=options.listeners)
        found = list(map_ordered(run, range(options.studies), workers=options.workers))
    error = 100 * (LEVEL * (1 - LEVEL) / options.studies) ** 0.5
    print(f"{options.studies} studies of {options.listeners} listeners, 10 + 10 of 40 + 40 clips each;")
    print(f"{100 * LEVEL:.0f} % intervals, +-{error:.1f} by chance")
    print(tabulate(found).round(3).to_string(index=False, na_rep=""))


if __name__ == "__main__":
    main()
