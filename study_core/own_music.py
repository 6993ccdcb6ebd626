"""What a folder of music is good for: a corpus of MIDI, or recordings in a folder per system."""

from dataclasses import dataclass, field
from pathlib import Path

from study_core.errors import StudyError
from study_core.types import HUMAN, MIDI_SUFFIXES, SOUND_SUFFIXES

FEWEST_PIECES = 20
"""Of a corpus: fewer cannot be split into training, validation and clips."""


@dataclass(frozen=True, slots=True)
class OwnMusic:
    """A folder of somebody's music."""

    folder: Path
    n_midi: int = 0
    recordings: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    """By system, where the folder holds sound: the files of the subfolder of that name."""

    @property
    def is_recorded(self) -> bool:
        """Tell whether the study needs no MIDI: every system, the human one too, has recordings."""
        return bool(self.recordings)

    def find_shortest_s(self) -> float:
        """Return the length of the shortest recording.

        Raises
        ------
        StudyError
            If a recording cannot be decoded.
        """
        import soundfile

        lengths = []
        for path in (path for paths in self.recordings.values() for path in paths):
            try:
                with path.open("rb") as stream:  # by its name, a file that a Mac left beside it is opened
                    lengths.append(float(soundfile.info(stream).duration))
            except soundfile.LibsndfileError as error:
                raise StudyError(
                    f"{path} cannot be decoded ({error.error_string}). Mend or remove it."
                ) from None
        return min(lengths)


def look_at(folder: Path) -> OwnMusic:
    """Return what a folder holds.

    Raises
    ------
    StudyError
        If there is no such folder, or neither MIDI in it nor recordings in a folder per system.
    """
    if not folder.is_dir():
        raise StudyError(
            f"{folder} is no folder. Name one with MIDI files, or one with a folder of recordings for each "
            f"system, such as {folder / HUMAN}; or the corpus pokemon or chorales."
        )
    n_midi = len(_list(folder, MIDI_SUFFIXES, deep=True))
    recordings = {
        inner.name: files
        for inner in sorted(folder.iterdir())
        if inner.is_dir() and (files := _list(inner, SOUND_SUFFIXES, deep=True))
    }
    loose = _list(folder, SOUND_SUFFIXES, deep=False)
    if n_midi and not recordings:
        return OwnMusic(folder, n_midi)
    if HUMAN not in recordings or len(recordings) == 1:
        kinds = ", ".join(SOUND_SUFFIXES)
        raise StudyError(
            f"{folder} holds {n_midi} MIDI files, {len(loose)} loose recordings ({kinds}), and folders of "
            f"recordings named {', '.join(recordings) or 'nothing'}. A study of recordings needs a folder "
            f"{HUMAN!r} in it and another one for each generator; a study of MIDI needs MIDI files only."
        )
    return OwnMusic(folder, recordings=recordings)


def _list(folder: Path, suffixes: tuple[str, ...], *, deep: bool) -> tuple[Path, ...]:
    paths = folder.rglob("*") if deep else folder.glob("*")
    return tuple(
        path
        for path in sorted(paths)
        if path.suffix.lower() in suffixes and path.is_file() and not path.name.startswith(".")
    )
