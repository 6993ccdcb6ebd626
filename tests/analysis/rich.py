"""A made study in which everything that a report can show happens: confidence, reasons, moderators."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

SYSTEMS = {"human": (0.62, 10), "lstm": (0.50, 5), "gan": (0.30, 5)}
"""Share judged human by the average listener, and trials per listener."""
SAYINGS = {
    1: [
        "the rhythm kept changing, felt human",
        "nice melody with phrases",
        "it had feeling, expressive",
        "I could hum this tune",
        "the harmony made sense",
        "clear structure and a real ending",
    ],
    0: [
        "too repetitive, looped the same bar",
        "random notes, no direction",
        "mechanic timing like a robot",
        "wrong notes and clashing chords",
        "strange long pause in the middle",
        "aimless",
    ],
}


def make_rich(listeners: int = 80, clips: int = 24, seed: int = 7) -> pd.DataFrame:
    """Return judgments in the columns of `study export`; listeners and clips differ, training helps."""
    rng = np.random.default_rng(seed)
    training, skill = rng.integers(7, 50, listeners), rng.normal(0, 0.35, listeners)
    lean = rng.normal(0, 0.3, listeners)
    games = rng.choice(["none", "some", "many"], listeners)
    tables = []
    for system, (share, wanted) in SYSTEMS.items():
        effect = rng.normal(0, 0.45, clips)
        heard = np.argsort(rng.random((listeners, clips)), axis=1)[:, :wanted]
        who, clip = np.repeat(np.arange(listeners), wanted), heard.ravel()
        able = 0.6 + skill[who] + 0.02 * (training[who] - 28)
        side = 0.5 if system == "human" else -0.5
        mean = stats.norm.ppf(share) + (able - 0.6) * side + lean[who] + effect[clip]
        evidence = mean + rng.normal(0, 1, len(mean))
        tables.append(
            pd.DataFrame(
                {
                    "participant_id": [f"{i:032x}" for i in who * 7919 + 11],
                    "clip_id": [f"{system}-{c:03d}" for c in clip],
                    "system": system,
                    "judged_human": (evidence > 0).astype(int),
                    "confidence": np.digitize(np.abs(evidence), [0.4, 0.9, 1.6]) + 1,
                    "rating": np.digitize(evidence, [-1.2, -0.4, 0.4, 1.2]) + 1,
                    "knows_tune": ((rng.random(len(mean)) < 0.04) & (system == "human")).astype(int),
                    "musical_training": training[who],
                    "games_played": games[who],
                    "headphones": np.where(who % 3 == 0, "no", "yes"),
                    "who": who,
                }
            )
        )
    table = pd.concat(tables, ignore_index=True)
    table = table.iloc[np.lexsort((rng.random(len(table)), table["who"]))].reset_index(drop=True)
    table["trial_index"] = table.groupby("participant_id").cumcount() + 1
    table["heard_s"] = np.where(rng.random(len(table)) < 0.02, 1.5, rng.uniform(5, 22, len(table))).round(2)
    table["answer_time_s"] = (table["heard_s"] + rng.uniform(0.5, 6, len(table))).round(2)
    table["session_status"] = np.where(table["who"] % 27 == 5, "unfinished", "finished")
    table["passed_checks"] = np.where(table["who"] % 31 == 7, 0, 1)
    said = [SAYINGS[judged][rng.integers(6)] for judged in table["judged_human"]]
    table["reason"] = np.where(rng.random(len(table)) < 0.6, said, "")
    fixed = {"study_version": "1", "protocol_sha256": "ab" * 32, "is_simulated": 1}
    return table.drop(columns="who").assign(**fixed)


PAIR_COLUMNS = [
    *("participant_id", "clip_id", "system", "second_clip_id", "second_system", "chose_first", "trial_index")
]


def make_pairs() -> pd.DataFrame:
    """Return 20 listeners with 12 pairs each; the human clip is found in 70 % of them, first or second."""
    rng = np.random.default_rng(2)
    rows = []
    for listener in range(20):
        for trial in range(12):
            human, generated = (f"h{rng.integers(8)}", "human"), (f"g{rng.integers(8)}", "gan")
            first = rng.random() < 0.5
            a, b = (human, generated) if first else (generated, human)
            chose_first = first == (rng.random() < 0.7)
            rows.append((f"p{listener}", *a, *b, int(chose_first), trial))
    return pd.DataFrame(rows, columns=PAIR_COLUMNS)


def make_ratings() -> pd.DataFrame:
    """Return 12 listeners who rate 5 clips of either system from 1 to 5, human ones higher."""
    rng = np.random.default_rng(3)
    rows = [(f"p{i}", f"{s}{c}", s) for i in range(12) for s in ("human", "gan") for c in range(5)]
    table = pd.DataFrame(rows, columns=["participant_id", "clip_id", "system"])
    rating = rng.integers(1, 5, len(table)) + (table["system"] == "human")
    return table.assign(rating=rating)


def make_features(table: pd.DataFrame, seed: int = 3) -> pd.DataFrame:
    """Return made features of the table's clips; two go with the answers, the others with nothing."""
    rng = np.random.default_rng(seed)
    clips = table.groupby("clip_id", as_index=False)["judged_human"].mean()
    noise = rng.normal(0, 1, (len(clips), 6))
    return pd.DataFrame(
        {
            "clip_id": clips["clip_id"],
            "notes_per_second": 4 + noise[:, 0],
            "share_of_rests": 0.2 - 0.3 * (clips["judged_human"] - 0.5) + 0.06 * noise[:, 1],
            "repetition": 0.5 + 0.5 * (clips["judged_human"] - 0.5) + 0.15 * noise[:, 2],
            "leaps": 0.3 + 0.1 * noise[:, 3],
            "pitch_range": 30 + 6 * noise[:, 4],
            "polyphony": 2 + 0.4 * noise[:, 5],
            "always_the_same": 1.0,
        }
    )


def write_rich(folder: Path, table: pd.DataFrame) -> Path:
    """Write a table with the flow and the frozen plan beside it; return the table's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "responses.csv"
    table.to_csv(path, index=False)
    flow = {"arrived": 121, "consented": 104, "started": 91, "finished": 77, "withdrawn": 2}
    look = {"study_version": "1", "looked_on": "2026-03-02", "n_finished": 12, "reason": "a <talk> in March"}
    (folder / "flow.json").write_text(json.dumps(flow | {"early_looks": [look]}), encoding="utf-8")
    analysis = {"confidence_level": 0.95, "minimum_listening_s": 5, "equivalence_bound": 0.1}
    protocol = {"protocol_sha256": "ab" * 32, "config": {"analysis": analysis}}
    (folder / "protocol.json").write_text(json.dumps(protocol), encoding="utf-8")
    return path


def make_told(listeners: int = 60, clips: int = 20, each: int = 8) -> pd.DataFrame:
    """Return pairs of two generators, d' 1.6 and .4; listeners lean to the first clip, and training helps."""
    rng = np.random.default_rng(4)
    training = rng.integers(7, 50, listeners)
    skill = rng.normal(0, 0.4, listeners) + 0.025 * (training - training.mean())
    of_human, tables = rng.normal(0, 0.4, clips), []
    who = np.repeat(np.arange(listeners), each)
    for system, d_prime in (("lstm", 0.4), ("gan", 1.6)):
        human, own = (np.argsort(rng.random((listeners, clips)), axis=1)[:, :each].ravel() for _ in range(2))
        side = rng.choice([-1, 1], who.size)
        better = d_prime + skill[who] + of_human[human] - rng.normal(0, 0.4, clips)[own]
        evidence = side * better / 2**0.5 + 0.2 + rng.normal(size=who.size)
        names = [[f"human-{i:03d}" for i in human], [f"{system}-{i:03d}" for i in own]]
        columns = {
            "participant_id": [f"p{w:03d}" for w in who],
            "clip_id": np.where(side > 0, *names),
            "system": np.where(side > 0, "human", system),
            "second_clip_id": np.where(side > 0, *names[::-1]),
            "second_system": np.where(side > 0, system, "human"),
            "chose_first": (evidence > 0).astype(int),
            "confidence": np.digitize(np.abs(evidence), [0.4, 0.9, 1.6]) + 1,
            "musical_training": training[who],
        }
        tables.append(pd.DataFrame(columns))
    return _shuffle(pd.concat(tables, ignore_index=True), rng)


def make_rated(listeners: int = 40, clips: int = 12, each: int = 6) -> pd.DataFrame:
    """Return ratings from 1 to 5 of three systems; listeners differ in how mild they are."""
    rng = np.random.default_rng(6)
    lean, tables = rng.normal(0, 0.6, listeners), []
    who = np.repeat(np.arange(listeners), each)
    for system, middle in (("human", 0.5), ("lstm", 0.2), ("gan", -0.8)):
        clip = np.argsort(rng.random((listeners, clips)), axis=1)[:, :each].ravel()
        evidence = middle + lean[who] + rng.normal(0, 0.5, clips)[clip] + rng.normal(size=who.size)
        columns = {
            "participant_id": [f"p{w:03d}" for w in who],
            "clip_id": [f"{system}-{i:03d}" for i in clip],
            "system": system,
            "rating": np.digitize(evidence, [-1.2, -0.4, 0.4, 1.2]) + 1,
        }
        tables.append(pd.DataFrame(columns))
    return _shuffle(pd.concat(tables, ignore_index=True), rng)


def _shuffle(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the rows in random order, with `trial_index` and `heard_s`."""
    mixed = table.iloc[rng.permutation(len(table))].reset_index(drop=True)
    heard = rng.uniform(5, 20, len(table)).round(1)
    return mixed.assign(trial_index=mixed.groupby("participant_id").cumcount() + 1, heard_s=heard)
