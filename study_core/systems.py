"""Systems: where clips come from, by the names that the config gives them."""

import re
from collections.abc import Sequence
from importlib.metadata import entry_points

from study_core.types import HUMAN_ORIGINAL

GENERATORS = ("lstm", "gan", "markov", "article_lstm", "article_gan")
"""The generators of this package, each trained by `study train`."""
GENERATOR_GROUP = "whos_that_composer.generators"
"""The entry points by which other packages add generators."""
_KNOWN = (*GENERATORS, HUMAN_ORIGINAL)


def read_systems(listed: object) -> dict[str, str]:
    """Return what `[lstm, theirs: FOLDER]` says: a folder by name, empty for a bare name.

    Raises
    ------
    ValueError
        If it is no such list, or names are unknown, taken or given twice: all of them.
    """
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        raise ValueError(  # noqa: TRY004 (what pydantic collects)
            "is a list such as [lstm, gan], with `name: FOLDER` for a folder of MIDI or audio"
        )
    pairs = [pair for item in listed for pair in _split(item)]
    names = [name for name, _ in pairs]
    problems = [] if pairs else [f"names no system; known are {', '.join(_KNOWN)}"]
    problems += [f"names a system twice: {name}" for name in sorted(set(names)) if names.count(name) > 1]
    problems += [problem for name, folder in pairs if (problem := _find_problem(name, folder))]
    if problems:
        raise ValueError("; ".join(problems))
    return dict(pairs)


def _split(item: object) -> list[tuple[str, str]]:
    if isinstance(item, dict):
        return [(str(name), str(folder or "")) for name, folder in item.items()]
    return [(str(item), "")]


def _find_problem(name: str, folder: str) -> str:
    if folder and (name in _KNOWN or not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", name)):
        return f"{name!r} cannot name a folder: use small letters, digits and _, and no name that is taken"
    if folder or name in _KNOWN or any(point.name == name for point in entry_points(group=GENERATOR_GROUP)):
        return ""
    known = f"{name} is no system; known are {', '.join(_KNOWN)}"
    return (
        f"{known}. A folder of MIDI or audio becomes one as `{name}: FOLDER`, a class of your own by being "
        "installed (docs/own-generator.md)"
    )
