"""The reasons that listeners gave in their own words, counted under the heads declared in the config."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.answers import HUMAN_CLIP

OTHER = "none of these"


@dataclass(frozen=True, slots=True)
class Reasons:
    """How often each head was named.

    Attributes
    ----------
    table
        `head`, `n_texts`, a column `n_SIDE` per side (texts beside that answer; None where listeners gave one
        reason for all), `share` (of all texts); a text may count under several heads.
    n_texts
        Texts that were written.
    by_listener
        Whether listeners gave one reason for all their judgments.
    because
        Why there is none of this; empty where there is.
    sides
        Names of the two kinds of answers, the favorable one first: human, computer; of pairs right, wrong; of
        ratings high, low, to either side of the listener's own mean.
    """

    table: pd.DataFrame | None = None
    n_texts: int = 0
    by_listener: bool = False
    because: str = ""
    sides: tuple[str, str] = ("human", "computer")


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
    found = {head: texts.map(match_words(words).search).notna() for head, words in heads.items()}
    named = pd.DataFrame(found)
    named[OTHER] = ~named.any(axis=1)
    sides, is_first, is_second = _split(rows, table)
    counts = pd.DataFrame(
        {
            "n_texts": named.sum(),
            f"n_{sides[0]}": None if by_listener else named[is_first].sum(),
            f"n_{sides[1]}": None if by_listener else named[is_second].sum(),
            "share": named.mean(),
        }
    )
    counts = counts.rename_axis("head").reset_index()
    order = counts.assign(last=counts["head"] == OTHER).sort_values(
        ["last", "n_texts", "head"], ascending=[True, False, True], kind="stable"
    )
    return Reasons(counts.loc[order.index].reset_index(drop=True), len(rows), by_listener, sides=sides)


def _split(
    rows: pd.DataFrame, table: pd.DataFrame
) -> "tuple[tuple[str, str], pd.Series[bool], pd.Series[bool]]":
    """Return the two kinds of answers, and whether each row's is of the first, and of the second.

    `table` has all answers; a rating that is its listener's mean is of neither kind.
    """
    if HUMAN_CLIP in rows:
        return ("right", "wrong"), rows["judged_human"] == 0, rows["judged_human"] == 1
    if "judged_human" in rows:
        return ("human", "computer"), rows["judged_human"] == 1, rows["judged_human"] == 0
    own = table.groupby("participant_id")["rating"].transform("mean")[rows.index]
    return ("high", "low"), rows["rating"] > own, rows["rating"] < own


def asks_listeners_once(rows: pd.DataFrame) -> bool:
    """Tell whether every listener gave one text for all judgments, as an open question at the end does."""
    texts = rows.groupby("participant_id")["reason"].agg(["nunique", "size"])
    return bool((texts["nunique"] == 1).all() and (texts["size"] > 1).any())


def match_words(words: Sequence[str]) -> "re.Pattern[str]":
    """Return a pattern that finds any of the beginnings of words; scripts without spaces match anywhere."""
    stems = [rf"\b{re.escape(word)}" if word.isascii() else re.escape(word) for word in words]
    return re.compile("|".join(stems) or r"(?!)", re.IGNORECASE)
