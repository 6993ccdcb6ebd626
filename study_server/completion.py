"""How a session ends for the recruitment platform: a code, and an address to go back to."""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Ending:
    """What a participant takes along; `url` is empty where there is nowhere to go back to."""

    code: str
    url: str


def describe_ending(code: str, url: str | None, recruitment_id: str) -> Ending:
    """Return the ending with code and id filled into the address, which comes from the config alone."""
    filled = (url or "").replace("{code}", quote(code, safe=""))
    return Ending(code, filled.replace("{id}", quote(recruitment_id, safe="")))
