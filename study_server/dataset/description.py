"""What stands beside the tables of a data set: description, README, codebook, changes, protocols, account."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from study_core.folders import name_table
from study_core.frozen import list_changes
from study_core.manifest import write_bytes, write_json
from study_server.dataset.codebook import describe_variables, render_codebook
from study_server.dataset.column import Column
from study_server.dataset.dictionary import TABLES
from study_server.tables import Protocol

DESCRIPTION, README, CHANGES, IGNORED = (
    "dataset_description.json",
    "README.md",
    "CHANGES.md",
    ".psychds-ignore",
)
CODEBOOK, PROTOCOLS, FLOW = "documentation/codebook.md", "protocol.json", "flow.json"
LOAD_PYTHON, LOAD_R = "analysis/load.py", "analysis/load.R"
KEYWORDS = ("musical Turing test", "computer-generated music", "music perception", "listening test")
PYTHON = '''"""Load the data set with pandas: run in its folder, or `python -i analysis/load.py`."""

import pandas as pd

trials = pd.read_csv("data/description-trials_data.csv")
participants = pd.read_csv("data/description-participants_data.csv")
stimuli = pd.read_csv("data/description-stimuli_data.csv")

judged = trials.merge(stimuli.drop(columns=["clip_id", "system"]), on=["protocol_sha256", "stimulus_id"])
'''
R = """# Load the data set with R: run in its folder, `source("analysis/load.R")`.
trials <- read.csv("data/description-trials_data.csv")
participants <- read.csv("data/description-participants_data.csv")
stimuli <- read.csv("data/description-stimuli_data.csv")

judged <- merge(trials, stimuli[setdiff(names(stimuli), c("clip_id", "system"))],
                by = c("protocol_sha256", "stimulus_id"))
"""


def write_description(
    folder: Path,
    flow: Mapping[str, Any],
    protocols: Sequence[Protocol],
    columns: Mapping[str, Sequence[Column]],
    n_rows: Mapping[str, int],
) -> None:
    """Write everything but the tables into a data set's folder; `columns` are those of its tables."""
    ordered = sorted(protocols, key=lambda it: (it.first_used_at[:10], it.protocol_sha256))
    title = _find_title(ordered)
    write_json(folder / DESCRIPTION, describe_data_set(title, flow, ordered, columns))
    write_json(folder / PROTOCOLS, {"protocols": [_describe_protocol(it) for it in ordered]})
    write_json(folder / FLOW, flow)
    texts: dict[str, Callable[[], str]] = {
        README: lambda: render_readme(title, flow, n_rows),
        CHANGES: lambda: render_changes(ordered),
        CODEBOOK: lambda: f"# Codebook\n\n{render_codebook(columns)}\n",
        IGNORED: lambda: f"{FLOW}\n{PROTOCOLS}\nparquet/\n",
        LOAD_PYTHON: lambda: PYTHON,
        LOAD_R: lambda: R,
    }
    for name, render in texts.items():
        write_bytes(folder / name, render().encode())


def describe_data_set(
    title: str,
    flow: Mapping[str, Any],
    protocols: Sequence[Protocol],
    columns: Mapping[str, Sequence[Column]],
) -> dict[str, Any]:
    """Return `dataset_description.json`: JSON-LD in schema.org's words, as Psych-DS 1.5 asks for it."""
    who = "simulated listeners" if flow["is_simulated"] else "listeners"
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": title,
        "description": f"Judgments by {flow['started']} {who} who heard music by people and by generators, "
        f"blind, and judged them; {flow['finished']} finished, {flow['withdrawn']} withdrew. "
        f"Tables and columns are explained in {CODEBOOK}.",
        "version": ", ".join(dict.fromkeys(f"v{it.study_version}" for it in protocols)),
        "identifier": [f"sha256:{it.protocol_sha256}" for it in protocols],
        "keywords": list(KEYWORDS),
        "privacyPolicy": "Anonymous by construction: no address, no recruitment id, no code, no time of day. "
        "Free text (reason, answer) is as listeners wrote it.",
        "variableMeasured": describe_variables(columns.values()),
    }


def render_readme(title: str, flow: Mapping[str, Any], n_rows: Mapping[str, int]) -> str:
    """Return the README of a data set."""
    who = "simulated participants (programs of known skill)" if flow["is_simulated"] else "participants"
    files = "\n".join(
        f"| `{name_table(name)}` | {n} | {TABLES[name].rows}; key: {', '.join(TABLES[name].key)} |"
        for name, n in n_rows.items()
    )
    return f"""# {title}

A musical Turing test: {who} heard clips by people and by
generators, blind, and judged them. Of {flow["arrived"]} who arrived {flow["consented"]} gave consent, \
{flow["started"]} started and {flow["finished"]} finished;
{flow["withdrawn"]} withdrew and are in no table; {flow["excluded"]} are marked as excluded.
`{FLOW}` has the whole account.

| table | rows | a row is |
|---|---|---|
{files}

`{CODEBOOK}` explains every column; `{DESCRIPTION}` says the same to programs
(Psych-DS, schema.org). `{PROTOCOLS}` is what the study was: config and analysis plan, under the hash that
every row carries. `parquet/` holds the same tables typed; texts stand in it without the
apostrophe that the CSV puts before whatever looks like a number, a formula or a missing value.

## Read it

pandas (`{LOAD_PYTHON}`):

```python
{PYTHON.split(chr(10), 2)[2].strip()}
```

R (`{LOAD_R}`):

```r
{R.split(chr(10), 1)[1].strip()}
```

`study analyze` in its study's folder makes the report; `study import` puts this folder into an empty store.

## Before you publish it

Add `author`, `license` and `citation` to `{DESCRIPTION}`, and read the free texts
(`reason`, `answer`): people may have written who they are. So may you, where you said why you excluded
somebody or looked at results early (`change_reason`, `{FLOW}`).
"""


def render_changes(protocols: Sequence[Protocol]) -> str:
    """Return what changed from each protocol to the next."""
    parts = ["# Protocols"]
    for before, it in zip([None, *protocols], protocols, strict=False):
        parts.append(f"## v{it.study_version}, from {it.first_used_at[:10]}\n\n`{it.protocol_sha256}`")
        changes = list_changes(before.config, it.config) if before else ["the first one"]
        parts.append("\n".join(f"* {change}" for change in changes or ["other stimuli"]))
    return "\n\n".join(parts) + "\n"


def _describe_protocol(protocol: Protocol) -> dict[str, Any]:
    return {
        "protocol_sha256": protocol.protocol_sha256,
        "study_version": protocol.study_version,
        "first_used_on": protocol.first_used_at[:10],
        "frozen_on": protocol.frozen_at[:10] if protocol.frozen_at else None,
        "config": protocol.config,
    }


def _find_title(protocols: Sequence[Protocol]) -> str:
    return str(protocols[-1].config.get("title", "")) if protocols else ""
