"""Where the data come from: protocols and versions named in the table."""

import pandas as pd


def list_values(table: pd.DataFrame, name: str) -> list[str]:
    """Return the different values of a column, in order; none where the table lacks it."""
    return sorted(map(str, table[name].dropna().unique())) if name in table else []
