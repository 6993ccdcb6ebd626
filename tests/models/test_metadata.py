"""What file names tell: all Pokémon files, and nothing that other names do not say."""

from collections import Counter
from pathlib import Path

import pytest

from models.metadata import Metadata, read_metadata
from models.sources import pokemon_sums


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("Pokemon RedBlueYellow - Route 1", Metadata("Route 1", "Red, Blue & Yellow", "1")),
        ("Pokemon - Pokemon Johto - Opening", Metadata("Pokemon Johto - Opening")),
        (
            "Pokemon Mystery Dungeon - Red Rescue Team - Pokemon Square",
            Metadata("Pokemon Square", "Mystery Dungeon: Rescue Team", "3"),
        ),
        ("Pokemon Gold, Silver, Crystal - S.S. Aqua ", Metadata("S.S. Aqua", "Gold, Silver & Crystal", "2")),
        (
            "Pokemon BlackWhite - Undella Town FallWinterSpring",
            Metadata("Undella Town Fall / Winter / Spring", "Black & White", "5"),
        ),
        (
            "Pokemon DiamondPearlPlatinum - Villa  Twinleaf Music Box",
            Metadata("Villa / Twinleaf Music Box", "Diamond, Pearl & Platinum", "4"),
        ),
        (
            "Pokemon HeartGoldSoulSilver - PokeWalker Synchronisation",
            Metadata("PokeWalker Synchronisation", "HeartGold & SoulSilver", "4"),
        ),
        ("Pokemon Sleep - Nap", Metadata("Pokemon Sleep - Nap")),
    ],
)
def test_a_pokemon_files_name_tells_its_title_game_and_generation(stem: str, expected: Metadata) -> None:
    assert read_metadata("pokemon", stem) == expected


def test_other_corpora_keep_their_names() -> None:
    assert read_metadata("chorales", "bwv1.6 - GoldSilverCrystal - X") == Metadata(
        "bwv1.6 - GoldSilverCrystal - X"
    )


def test_all_but_a_dozen_of_the_article_files_tell_their_game() -> None:
    known = [read_metadata("pokemon", Path(name).stem) for name in pokemon_sums()]
    counts = Counter(metadata.generation for metadata in known)
    assert counts == {"1": 47, "2": 46, "3": 59, "4": 86, "5": 45, "6": 12, "": 12}
    assert len({metadata.game for metadata in known} - {""}) == 19
    assert all(metadata.title.strip() == metadata.title != "" for metadata in known)
