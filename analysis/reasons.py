"""The reasons that listeners gave in their own words, counted under the heads declared in the config."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

OTHER = "none of these"


@dataclass(frozen=True, slots=True)
class Reasons:
    """How often each head was named.

    Attributes
    ----------
    table
        `head`, `n_texts`, `n_human`, `n_computer` (texts beside either answer; None where listeners gave one
        reason for all), `share` (of all texts); a text may count under several heads.
    n_texts
        Texts that were written.
    by_listener
        Whether listeners gave one reason for all their judgments.
    because
        Why there is none of this; empty where there is.
    """

    table: pd.DataFrame | None = None
    n_texts: int = 0
    by_listener: bool = False
    because: str = ""


def count_reasons(table: pd.DataFrame, heads: Mapping[str, Sequence[str]]) -> Reasons:
    """Return how many texts name each head, beside which answer, most frequent first."""
    if "reason" not in table or not heads:
        return Reasons(because="no reasons in words are in the data (column reason)")
    rows = table[table["reason"].notna()]
    if rows.empty:
        return Reasons(because="nobody wrote a reason")
    by_listener = asks_listeners_once(rows)
    if by_listener:  # the same text stands in every row of a listener: it is one text
        rows = rows.drop_duplicates("participant_id")
    texts = rows["reason"].astype(str)
    named = pd.DataFrame({head: texts.str.contains(match_words(words)) for head, words in heads.items()})
    named[OTHER] = ~named.any(axis=1)
    human = rows["judged_human"] == 1
    counts = pd.DataFrame(
        {
            "n_texts": named.sum(),
            "n_human": None if by_listener else named[human].sum(),
            "n_computer": None if by_listener else named[~human].sum(),
            "share": named.mean(),
        }
    )
    counts = counts.rename_axis("head").reset_index()
    order = counts.assign(last=counts["head"] == OTHER).sort_values(
        ["last", "n_texts", "head"], ascending=[True, False, True], kind="stable"
    )
    return Reasons(counts.loc[order.index].reset_index(drop=True), len(rows), by_listener)


def asks_listeners_once(rows: pd.DataFrame) -> bool:
    """Tell whether every listener gave one text for all judgments, as an open question at the end does."""
    texts = rows.groupby("participant_id")["reason"].agg(["nunique", "size"])
    return bool((texts["nunique"] == 1).all() and (texts["size"] > 1).any())


def match_words(words: Sequence[str]) -> "re.Pattern[str]":
    """Return a pattern that finds any of the beginnings of words; scripts without spaces match anywhere."""
    stems = [rf"\b{re.escape(word)}" if word.isascii() else re.escape(word) for word in words]
    return re.compile("|".join(stems) or r"(?!)", re.IGNORECASE)
