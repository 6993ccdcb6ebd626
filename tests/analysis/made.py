"""Made judgments: simulated studies with known truth, and tables as `study export` writes them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

FloatArray = np.ndarray[tuple[int], np.dtype[np.float64]]


def simulate_study(
    rng: np.random.Generator,
    shares: Mapping[str, float],
    *,
    listeners: int = 40,
    clips: int = 40,
    trials: Mapping[str, int],
    sd_listener: float = 0.4,
    sd_sensitivity: float = 0.3,
    sd_clip: float = 0.4,
) -> pd.DataFrame:
    """Return a planned-missing study whose marginal share of "human" per system is exactly the one given.

    Probit truth with crossed effects of listeners (shared by all systems, and one per system) and clips:
    a share p needs the conditional mean z(p) * sqrt(1 + variance of the effects).
    """
    spread = np.sqrt(1 + sd_listener**2 + sd_sensitivity**2 + sd_clip**2)
    lean = rng.normal(0, sd_listener, listeners)
    tables = []
    for system, share in shares.items():
        clip_effect = rng.normal(0, sd_clip, clips)
        sensitivity = rng.normal(0, sd_sensitivity, listeners)
        heard = np.array([rng.permutation(clips)[: trials[system]] for _ in range(listeners)])
        listener = np.repeat(np.arange(listeners), trials[system])
        clip = heard.ravel()
        mean = stats.norm.ppf(share) * spread + lean[listener] + sensitivity[listener] + clip_effect[clip]
        judged = rng.random(len(mean)) < stats.norm.cdf(mean)
        tables.append(_table(listener, [f"{system}-{c}" for c in clip], system, judged))
    return pd.concat(tables, ignore_index=True)


def make_judgments(counts: Mapping[str, Sequence[Sequence[int]]]) -> pd.DataFrame:
    """Return judgments from a matrix per system: rows are listeners, columns its clips, 1 is "human"."""
    tables = []
    for system, matrix in counts.items():
        judged = np.array(matrix)
        listener, clip = np.indices(judged.shape)
        names = [f"{system}-{c}" for c in clip.ravel()]
        tables.append(_table(listener.ravel(), names, system, judged.ravel()))
    return pd.concat(tables, ignore_index=True)


def make_export() -> pd.DataFrame:
    """Return 12 simulated listeners with 8 trials each, in the columns of `study export`."""
    shares = {"human": 0.6, "lstm": 0.45, "gan": 0.3}
    counts = {"human": 4, "lstm": 2, "gan": 2}
    table = simulate_study(np.random.default_rng(5), shares, listeners=12, clips=6, trials=counts)
    table["trial_index"] = table.groupby("participant_id").cumcount()
    return table.assign(
        study_version="1",
        protocol_sha256="ab" * 32,
        is_simulated=1,
        session_status="finished",
        confidence=2,
        knows_tune=0,
        heard_s=9.5,
        soundfont="FluidR3_GM",
    )


def _table(listener: FloatArray, clips: Sequence[str], system: str, judged: FloatArray) -> pd.DataFrame:
    columns = {"participant_id": [f"p{j}" for j in listener], "clip_id": clips, "system": system}
    return pd.DataFrame({**columns, "judged_human": np.asarray(judged, dtype=np.int64)})
