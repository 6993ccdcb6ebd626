"""A new study: what `study init` was told becomes a commented config.yaml that can be met."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from study_core.config import NAMED_CORPORA, Config, load_config
from study_core.config_page import fill_page, point_to_schema, read_page
from study_core.errors import StudyError
from study_core.json_schema import SCHEMA_FILE, write_schema
from study_core.manifest import write_bytes
from study_core.own_music import FEWEST_PIECES, OwnMusic, look_at
from study_core.platforms import PLATFORMS
from study_core.types import HUMAN

CONFIG_FILE = "config.yaml"
HEADING = ("every key has the default shown here.", "docs/config.md has the default of every key.")
"""What is true of the page that the software brings, and what of a study's own."""
FEWEST_TRIALS, MOST_HUMAN_TRIALS, MOST_CLIPS = 2, 10, 40
TEST_SHARES = (0.18, 0.3, 0.4)
SPARE = 0.75
"""Share of the test pieces counted on: others are too short, or the same song."""
LONGEST_S, SHORTEST_S = 20.0, 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The answers to the questions of `study init`."""

    title: str
    music: str
    """`pokemon`, `chorales`, or a folder: of MIDI, or of recordings in a folder per system."""
    systems: tuple[str, ...]
    """Generators by name, and `name=FOLDER`; empty: what suits the music."""
    listeners: int
    languages: tuple[str, ...]
    platform: str
    contact: str


def begin_study(folder: Path, wishes: Wishes) -> Config:
    """Write the config of a new study and the schema beside it; return the config.

    Raises
    ------
    StudyError
        If the folder holds a study already, or its music is too little for one.
    """
    refuse_overwriting(folder)
    values = plan_values(wishes)
    write_study(folder, fill_page(read_page(), values).replace(*HEADING))
    try:
        return load_config(folder / CONFIG_FILE)
    except StudyError:
        (folder / CONFIG_FILE).unlink()
        raise


def refuse_overwriting(folder: Path) -> None:
    """Raise a StudyError where a folder holds a study already."""
    path = folder / CONFIG_FILE
    if path.exists():
        raise StudyError(
            f"{path} is there already and stays as it is. Name another folder; for a new version of that "
            f"study: `study init NEW_FOLDER --from {folder}`."
        )
    if folder.exists() and not folder.is_dir():
        raise StudyError(f"{folder} is a file. Name a folder for the new study.")


def plan_values(wishes: Wishes) -> dict[str, Any]:
    """Return the values of config.yaml that follow from the answers."""
    music = None if wishes.music in NAMED_CORPORA else look_at(Path(wishes.music).expanduser().resolve())
    named, folders = _split_systems(wishes.systems)
    if music and music.is_recorded:
        _refuse_generators(named)
        sounds = {name: str(music.folder / name) for name in music.recordings}
        folders, numbers = sounds | folders, _size_recordings(music)
    else:
        named = named or ([] if folders else ["lstm", "gan"])
        numbers = _size_midi(music)
    systems = [*named, *({name: place} for name, place in folders.items())]
    generators = [name for name in (*named, *folders) if name != HUMAN]
    human = numbers.pop("human_trials")
    each = max(1, round(human / len(generators)))
    source = str(music.folder) if music and music.n_midi else wishes.music
    return {
        "title": wishes.title,
        "corpus.source": "chorales" if music and music.is_recorded else source,
        "clips.systems": systems,
        "trials.per_participant": {HUMAN: human, **dict.fromkeys(generators, each)},
        **_fit_questions(source),
        **numbers,
        "recruitment.target_participants": wishes.listeners,
        "recruitment.languages": list(wishes.languages),
        "recruitment.contact": wishes.contact,
        **PLATFORMS[wishes.platform],
    }


def _split_systems(systems: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return generators by name, and folders under their names."""
    pairs = [system.partition("=") for system in systems]
    named = [name for name, _, place in pairs if not place and name != HUMAN]
    return named, {name: str(Path(place).expanduser().resolve()) for name, _, place in pairs if place}


def _refuse_generators(named: Sequence[str]) -> None:
    if named:
        raise StudyError(
            f"{', '.join(named)} cannot be set beside recordings: what was rendered and what was recorded is "
            "told apart by its sound. Render the generator's clips first (`study generate --out FOLDER`), "
            "record them as the others were, and name them as NAME=FOLDER."
        )


def _size_midi(music: OwnMusic | None) -> dict[str, Any]:
    """Return how much of a corpus is held back and heard, so that its pieces suffice."""
    if music is None:
        return {"human_trials": MOST_HUMAN_TRIALS}
    for share in TEST_SHARES:
        human = int(share * music.n_midi * SPARE) - 1  # one is for practice
        if human >= MOST_HUMAN_TRIALS or share == TEST_SHARES[-1]:
            break
    if music.n_midi < FEWEST_PIECES:
        raise StudyError(
            f"{music.folder} holds {music.n_midi} MIDI files. Human clips come from pieces that no generator "
            f"learnt from, each heard once, so a study takes {FEWEST_PIECES} at least. Add some."
        )
    human = min(human, MOST_HUMAN_TRIALS)
    return {
        "human_trials": human,
        "corpus.test_share": share,
        "clips.per_system": min(MOST_CLIPS, 4 * human),
    }


def _size_recordings(music: OwnMusic) -> dict[str, Any]:
    """Return how long and how many clips the recordings allow."""
    fewest = min(len(files) for files in music.recordings.values())
    shortest_s = music.find_shortest_s()
    human = min(MOST_HUMAN_TRIALS, fewest - 1)  # one is for practice
    if human < FEWEST_TRIALS or shortest_s < SHORTEST_S:
        counts = ", ".join(f"{len(files)} {name}" for name, files in music.recordings.items())
        raise StudyError(
            f"{music.folder} has {counts}, the shortest of {shortest_s:.1f} s. A study takes "
            f"{FEWEST_TRIALS + 1} recordings of each system and {SHORTEST_S:g} s of each at least. Add some, "
            "or remove the short ones."
        )
    duration_s = min(LONGEST_S, float(int(shortest_s)))
    values: dict[str, Any] = {
        "human_trials": human,
        "clips.per_system": min(MOST_CLIPS, fewest),
        "clips.duration_s": duration_s,
    }
    if duration_s < 10:  # noqa: PLR2004 (s; room for hearing before the fade)
        values |= {"trials.listen_s": int(duration_s / 2), "synthesis.fade_out_s": 0.5}
    return values


def _fit_questions(source: str) -> dict[str, Any]:
    """Return the questions of a study: nobody is asked about games whose music is not in it."""
    return {} if source == "pokemon" else {"questions.before": ["age_band", "musical_training"]}


def write_study(folder: Path, page: str) -> None:
    """Write a page and its schema into a study's folder."""
    write_schema(folder / SCHEMA_FILE)
    write_bytes(folder / CONFIG_FILE, point_to_schema(page, SCHEMA_FILE).encode())
