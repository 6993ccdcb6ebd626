"""What a file's name tells about its music: the title, and for Pokémon the game and its generation."""

import re
from dataclasses import dataclass

from models.sources import POKEMON

# As the files spell a game: its name and its generation, for side games that of the main games of their time.
_GAMES = {
    "RedBlueYellow": ("Red, Blue & Yellow", 1),
    "Yellow": ("Red, Blue & Yellow", 1),
    "Pinball": ("Pinball", 1),
    "Snap": ("Snap", 1),
    "Trading Card Game": ("Trading Card Game", 1),
    "GoldSilverCrystal": ("Gold, Silver & Crystal", 2),
    "Gold, Silver, Crystal": ("Gold, Silver & Crystal", 2),
    "RubySapphireEmerald": ("Ruby, Sapphire & Emerald", 3),
    "Channel": ("Channel", 3),
    "Colosseum": ("Colosseum", 3),
    "XD Gale of Darkness": ("XD: Gale of Darkness", 3),
    "Mystery Dungeon BlueRed Rescue Team": ("Mystery Dungeon: Rescue Team", 3),
    "Mystery Dungeon - Red Rescue Team": ("Mystery Dungeon: Rescue Team", 3),
    "Ranger": ("Ranger", 3),
    "DiamondPearlPlatinum": ("Diamond, Pearl & Platinum", 4),
    "HeartGoldSoulSilver": ("HeartGold & SoulSilver", 4),
    "Mystery Dungeon Explorers of TimeDarknessSky": ("Mystery Dungeon: Explorers", 4),
    "BlackWhite": ("Black & White", 5),
    "Black & White": ("Black & White", 5),
    "Black 2White 2": ("Black 2 & White 2", 5),
    "Mystery Dungeon Gates to Infinity": ("Mystery Dungeon: Gates to Infinity", 5),
    "XY": ("X & Y", 6),
    "X and Y": ("X & Y", 6),
    "Omega RubyAlpha Sapphire": ("Omega Ruby & Alpha Sapphire", 6),
}
_LOST_SLASH = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=\S)  (?=\S)")
_ONE_WORD = ("PokeWalker", "WiFi")
_NO_SLASH = "\u2060"  # keeps the parts of such a word together meanwhile


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known of a piece besides its notes; what is not known is empty."""

    title: str
    game: str = ""
    generation: str = ""


def read_metadata(corpus: str, stem: str) -> Metadata:
    """Return what the name of a file (without its ending) tells in a corpus.

    Pokémon files are called `Pokemon GAME - TITLE`; a dozen do not tell their game. Slashes, which no file
    name can hold, were dropped from their titles and are put back.
    """
    if corpus != POKEMON:
        return Metadata(stem)
    prefix, _, title = stem.rpartition(" - ")
    spelled = prefix.removeprefix("Pokemon").strip()
    if spelled not in _GAMES:
        return Metadata(_tidy(stem.removeprefix("Pokemon - ")))
    game, generation = _GAMES[spelled]
    return Metadata(_tidy(title), game, str(generation))


def _tidy(title: str) -> str:
    for word in _ONE_WORD:
        title = title.replace(word, re.sub(r"(?<=[a-z])(?=[A-Z])", _NO_SLASH, word))
    return _LOST_SLASH.sub(" / ", title).replace(_NO_SLASH, "").strip()
