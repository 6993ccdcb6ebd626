"""What every generator does: compose on from a primer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models.batches import Song, transpose
from models.features import Setting
from models.network import is_complete
from models.sampling import Decoding, Prompt, compose
from models.tokens import Score, decode
from models.weights import WEIGHTS_FILE, load_weights
from study_core.config import ClipsConfig
from study_core.errors import StudyError
from study_core.folders import DataFolders
from study_core.manifest import sha256_file

MOST_NOTES_PER_BEAT = 24


@dataclass(frozen=True, slots=True)
class Request:
    """What to compose: music of some length that goes on from a primer, in its meter and tempo."""

    primer: Song
    """Notes from a bar line on, in C major or A minor; the music returns to the key they came from."""
    primer_ticks: int
    """Length of the primer, whole bars."""
    n_ticks: int
    seed: int


class Generator(Protocol):
    """Something that composes."""

    @property
    def checkpoint_sha256(self) -> str:
        """Hash of the weights, or of whatever else decides what it composes."""

    def compose(self, requests: Sequence[Request]) -> list[Score]:
        """Return the music behind each primer, tick 0 on a bar line; same seeds, same music."""


class LSTMGenerator:
    """Composes with the weights of a lookback LSTM, however they were trained."""

    def __init__(self, system: str, folders: DataFolders, config: ClipsConfig) -> None:
        path = folders.models / system / WEIGHTS_FILE
        if not path.exists():
            raise StudyError(f"{path} is missing: {system} is not trained. Run `study train {system}`.")
        self._weights = load_weights(path)
        if not is_complete(self._weights):
            raise StudyError(
                f"{path} makes other tokens than this version. Remove it and run `study train {system}`."
            )
        self._decoding = Decoding(config.temperature, config.top_p)
        self._sha256 = sha256_file(path)

    @property
    def checkpoint_sha256(self) -> str:
        """SHA-256 of the weights' file."""
        return self._sha256

    def compose(self, requests: Sequence[Request]) -> list[Score]:
        """Return the music behind each primer, tick 0 on a bar line."""
        composed = compose(self._weights, [_to_prompt(request) for request in requests], self._decoding)
        songs = (
            Song(tokens, request.primer.setting, request.primer.key_shift)
            for tokens, request in zip(composed, requests, strict=True)
        )
        return [_continue(song, request.primer_ticks) for song, request in zip(songs, requests, strict=True)]


def _to_prompt(request: Request) -> Prompt:
    n_beats = request.n_ticks / 12
    return Prompt(
        tokens=request.primer.tokens,
        setting=request.primer.setting,
        end_tick=request.primer_ticks + request.n_ticks,
        max_notes=int(n_beats * MOST_NOTES_PER_BEAT),
        seed=request.seed,
    )


def _continue(song: Song, primer_ticks: int) -> Score:
    """Return a song's notes behind its primer, in the key that the primer came from."""
    setting: Setting = song.setting
    score = decode(transpose(song.tokens, -song.key_shift), setting.bar_ticks, setting.bpm)
    behind = score.notes[score.notes[:, 0] >= primer_ticks]
    return Score(behind - np.array((primer_ticks, 0, 0, 0)), setting.bar_ticks, score.tempi)
