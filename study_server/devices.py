"""The class of a participant's device, and nothing else of what their browser says of itself."""

import re
from collections.abc import Callable

PHONE, TABLET, DESKTOP, UNKNOWN = "phone", "tablet", "desktop", ""
TABLETS = re.compile(r"iPad|Tablet|PlayBook|Silk|Android(?!.*Mobile)", re.IGNORECASE)
PHONES = re.compile(r"iPhone|iPod|Mobile|Phone|BlackBerry|Opera Mini", re.IGNORECASE)
DESKTOPS = re.compile(r"Windows NT|Macintosh|X11|Linux|CrOS", re.IGNORECASE)
CLASSES = ((TABLETS, TABLET), (PHONES, PHONE), (DESKTOPS, DESKTOP))


def classify(read_header: Callable[[str], str | None]) -> str:
    """Return `phone`, `tablet`, `desktop` or an empty text, by a request's headers.

    Only the class is kept. Tablets that call themselves desktops, as iPads do, are counted as such.
    """
    if read_header("Sec-CH-UA-Mobile") == "?1":
        return PHONE
    agent = read_header("User-Agent") or ""
    return next((name for pattern, name in CLASSES if pattern.search(agent)), UNKNOWN)
