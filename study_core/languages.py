"""The languages of participants' pages, by the names that browsers and the config give them."""

from typing import Literal

Tongue = Literal["en", "es", "ja", "zh-Hans"]
LANGUAGES: tuple[Tongue, ...] = ("en", "es", "ja", "zh-Hans")
