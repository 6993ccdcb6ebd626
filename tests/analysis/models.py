"""Mixed models that several tests fit, and judgments simulated for them."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.hierarchical import GENERATED
from analysis.link import Link
from analysis.mixed import INTERCEPT, MixedModel, fit_mixed_model

FloatArray = npt.NDArray[np.float64]
LINKS: tuple[Link, Link] = ("logit", "probit")


def contrast(table: pd.DataFrame) -> pd.DataFrame:
    generated = np.where(table["system"] == "human", -0.5, 0.5)
    return pd.DataFrame({INTERCEPT: 1.0, GENERATED: generated})


def fit(table: pd.DataFrame, link: Link, *, slopes: bool = False) -> MixedModel:
    """Fit the answer "generated" on gen_c."""
    terms = contrast(table)
    return fit_mixed_model(
        1 - table["judged_human"],
        terms,
        table["participant_id"],
        table["clip_id"],
        by_listener=terms if slopes else None,
        link=link,
    )


def standard_errors(model: MixedModel) -> FloatArray:
    return np.sqrt(model.covariance.diagonal())


def simulate(
    seed: int,
    sizes: tuple[int, int, int],
    beta: tuple[float, float],
    root: FloatArray,
    *,
    sigma: float,
    link: Link,
) -> pd.DataFrame:
    """Return judgments of listeners x clips, so many each; half of the clips are human."""
    rng = np.random.default_rng(seed)
    listeners, clips, each = sizes
    listener = np.repeat(np.arange(listeners), each)
    clip = np.concatenate([rng.permutation(clips)[:each] for _ in range(listeners)])
    terms = np.column_stack([np.ones(listener.size), np.where(clip % 2, 0.5, -0.5)])
    effects = (rng.normal(size=(listeners, 2)) @ root.T)[listener]
    eta = terms @ beta + (terms * effects).sum(axis=1) + sigma * rng.normal(size=clips)[clip]
    noise = rng.logistic(size=eta.size) if link == "logit" else rng.normal(size=eta.size)
    return pd.DataFrame(
        {
            "participant_id": listener,
            "clip_id": clip,
            "system": np.where(clip % 2, "gan", "human"),
            "judged_human": (eta + noise < 0).astype(int),
        }
    )
