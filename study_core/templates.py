"""Templates of the pages that a command writes: one file each, nothing unescaped, nothing misspelled."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2


def open_templates(folder: Path) -> "jinja2.Environment":
    """Return the templates of a folder; a name that the page is not given is an error."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
