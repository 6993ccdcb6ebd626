"""What a table given as text is read as, or what the message says that refuses it."""

from pathlib import Path

import pytest

from analysis.responses import Responses, read_responses
from study_core.errors import ResponsesError


def read(path: Path, text: str, **options: object) -> Responses:
    """Return the judgments in a text, once it is in the file."""
    path.write_text(text, encoding="utf-8")
    return read_responses(path, **options)


def message(path: Path, text: str, **options: object) -> str:
    """Return the message, with the file's name in place of its path."""
    with pytest.raises(ResponsesError) as raised:
        read(path, text, **options)
    return str(raised.value).replace(str(path), path.name)
