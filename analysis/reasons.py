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
        `head`, `n_texts`, `n_human`, `n_computer` (texts beside either answer), `share` (of all texts); a
        text may count under several heads.
    n_texts
        Texts that were written.
    because
        Why there is none of this; empty where there is.
    """

    table: pd.DataFrame | None = None
    n_texts: int = 0
    because: str = ""


def count_reasons(table: pd.DataFrame, heads: Mapping[str, Sequence[str]]) -> Reasons:
    """Return how many texts name each head, beside which answer, most frequent first."""
    if "reason" not in table or not heads:
        return Reasons(because="no reasons in words are in the data (column reason)")
    rows = table[table["reason"].notna()]
    if rows.empty:
        return Reasons(because="nobody wrote a reason")
    texts = rows["reason"].astype(str)
    named = pd.DataFrame({head: texts.str.contains(match_words(words)) for head, words in heads.items()})
    named[OTHER] = ~named.any(axis=1)
    human = rows["judged_human"] == 1
    counts = pd.DataFrame(
        {
            "n_texts": named.sum(),
            "n_human": named[human].sum(),
            "n_computer": named[~human].sum(),
            "share": named.mean(),
        }
    )
    counts = counts.rename_axis("head").reset_index()
    order = counts.assign(last=counts["head"] == OTHER).sort_values(
        ["last", "n_texts", "head"], ascending=[True, False, True], kind="stable"
    )
    return Reasons(counts.loc[order.index].reset_index(drop=True), len(rows))


def match_words(words: Sequence[str]) -> "re.Pattern[str]":
    """Return a pattern that finds any of the beginnings of words; scripts without spaces match anywhere."""
    stems = [rf"\b{re.escape(word)}" if word.isascii() else re.escape(word) for word in words]
    return re.compile("|".join(stems) or r"(?!)", re.IGNORECASE)
