"""A language's catalog: a gettext PO file, read as it stands, so that nothing has to be compiled.

The subset that translators' programs write: comments, `msgid`, `msgid_plural`, `msgstr`, `msgstr[n]`, texts
continued over lines, and the header's `Plural-Forms`.
"""

import ast
import re
from dataclasses import dataclass, field
from gettext import c2py
from pathlib import Path

from study_core.errors import StudyError

_LINE = re.compile(r'(?:(msgid|msgid_plural|msgstr|msgstr\[(\d)\])\s+)?("(?:[^"\\]|\\.)*")')
_PLURAL = re.compile(r"plural=([^;\n]+)")


class CatalogError(StudyError):
    """A catalog that cannot be read."""


@dataclass(slots=True)
class Message:
    """One text of the pages: in English, and in the catalog's language, a form per plural."""

    text: str = ""
    plural: str = ""
    forms: dict[int, str] = field(default_factory=dict)
    is_fuzzy: bool = False


class Catalog:
    """The texts of one language; one that is missing stays English."""

    def __init__(self, messages: list[Message]) -> None:
        """Take messages; the one with the empty text is the header."""
        header = next((m.forms.get(0, "") for m in messages if not m.text), "")
        formula = _PLURAL.search(header)
        self.messages = {m.text: m for m in messages if m.text}
        self._choose = c2py(formula[1].strip() if formula else "n != 1")

    def translate(self, text: str) -> str:
        """Return a text in this language."""
        message = self.messages.get(text)
        return (message and message.forms.get(0)) or text

    def translate_plural(self, text: str, plural: str, n: int) -> str:
        """Return the form for a number in this language."""
        message = self.messages.get(text)
        form = message.forms.get(self._choose(n)) if message else None
        return form or (text if n == 1 else plural)


def read_catalog(path: Path) -> Catalog:
    """Return the catalog in a PO file.

    Raises
    ------
    CatalogError
        If a line is none of a PO file's.
    """
    messages = [Message()]
    holder = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            if line.startswith("#,") and "fuzzy" in line:
                messages.append(Message(is_fuzzy=True))
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None or not (found[1] or holder):
            raise CatalogError(f"{path}, line {number}: {line!r} is not a line of a catalog (PO file).")
        holder = found[1] or holder
        if found[1] == "msgid" and messages[-1].forms:
            messages.append(Message())
        _add(messages[-1], holder, ast.literal_eval(found[3]))
    return Catalog(messages)


def _add(message: Message, holder: str, text: str) -> None:
    if holder == "msgid":
        message.text += text
    elif holder == "msgid_plural":
        message.plural += text
    else:
        form = int(holder[7]) if holder != "msgstr" else 0
        message.forms[form] = message.forms.get(form, "") + text
