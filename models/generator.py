"""What every generator does: compose on from a primer.

A generator of another package takes part under the name of its entry point in the group
`whos_that_composer.generators`. The entry point is a class (or a function) that is called with the study's
`DataFolders` and the config's `clips` section, and gives something with the two members of `Generator`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, runtime_checkable

import numpy as np

from models.batches import Song, transpose
from models.features import Setting
from models.network import is_complete
from models.sampling import Decoding, Prompt, compose
from models.style import read_styles
from models.tokens import TICKS_PER_BEAT, IntArray, Score, decode
from models.weights import WEIGHTS_FILE, Weights, load_weights
from study_core.errors import StudyError
from study_core.folders import DataFolders
from study_core.manifest import sha256_file
from study_core.production import ClipsConfig
from study_core.systems import GENERATOR_GROUP, GENERATORS

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
    piece_id: str = ""
    """Of the training piece that the primer is from; empty where it is from none."""
    stretch: IntArray | None = None
    """Real music, in that key, whose style to compose in; where not given, the weights know some."""


@runtime_checkable
class Generator(Protocol):
    """Something that composes."""

    @property
    def checkpoint_sha256(self) -> str:
        """Hash of the weights, or of whatever else decides what it composes."""

    def compose(self, requests: Sequence[Request]) -> list[Score]:
        """Return the music behind each primer, tick 0 on a bar line; same seeds, same music."""


def open_generator(system: str, folders: DataFolders, config: ClipsConfig) -> Generator:
    """Return the generator of that name, ready to compose.

    Raises
    ------
    StudyError
        If it is not trained, or another package's cannot be loaded or is none.
    """
    if system == "markov":
        from models.markov import MarkovGenerator

        return MarkovGenerator(system, folders, config)
    if system == "article_lstm":
        from models.article_generators import ArticleLSTMGenerator

        return ArticleLSTMGenerator(system, folders, config)
    if system == "article_gan":
        from models.article_generators import ArticleGANGenerator

        return ArticleGANGenerator(system, folders, config)
    if system in GENERATORS:
        return LSTMGenerator(system, folders, config)
    point = find_plugin(system)
    try:
        generator = point.load()(folders, config)
    except (ImportError, AttributeError) as error:
        raise StudyError(f"{system} ({point.value}) cannot be loaded: {error}. Mend its package.") from error
    if not isinstance(generator, Generator):
        raise StudyError(
            f"{system} ({point.value}) is no generator: it needs `checkpoint_sha256` and "
            "`compose(requests)`; see models/generator.py."
        )
    return generator


def find_plugin(system: str) -> EntryPoint:
    """Return the entry point of another package's generator.

    Raises
    ------
    StudyError
        If no installed package has it.
    """
    for point in entry_points(group=GENERATOR_GROUP):
        if point.name == system:
            return point
    raise StudyError(f"{system} is no generator of this or any installed package. Correct clips.systems.")


class LSTMGenerator:
    """Composes with the weights of a lookback LSTM, however they were trained."""

    def __init__(self, system: str, folders: DataFolders, config: ClipsConfig) -> None:
        self._weights, self._sha256 = load_trained(system, folders)
        if not is_complete(self._weights):
            raise StudyError(
                f"{folders.models / system / WEIGHTS_FILE} holds a network of another shape than this "
                f"version's. Remove it and run `study train {system}`."
            )
        self._styles = read_styles(self._weights)
        self._decoding = Decoding(config.temperature, config.top_p)

    @property
    def checkpoint_sha256(self) -> str:
        """SHA-256 of the weights' file."""
        return self._sha256

    def compose(self, requests: Sequence[Request]) -> list[Score]:
        """Return the music behind each primer, tick 0 on a bar line."""
        composed = compose(self._weights, [self._to_prompt(request) for request in requests], self._decoding)
        return [finish(tokens, request) for tokens, request in zip(composed, requests, strict=True)]

    def _to_prompt(self, request: Request) -> Prompt:
        setting = request.primer.setting
        return Prompt(
            tokens=request.primer.tokens,
            setting=setting,
            end_tick=request.primer_ticks + request.n_ticks,
            max_notes=(request.primer_ticks + request.n_ticks) // TICKS_PER_BEAT * MOST_NOTES_PER_BEAT,
            seed=request.seed,
            style=self._find_style(request),
        )

    def _find_style(self, request: Request) -> IntArray:
        if request.stretch is not None:
            return self._styles.classify(request.stretch, request.primer.setting)
        return self._styles.draw(np.random.default_rng([request.seed, 1]))


def load_trained(system: str, folders: DataFolders) -> tuple[Weights, str]:
    """Return a system's weights and the SHA-256 of their file.

    Raises
    ------
    StudyError
        If it is not trained.
    """
    path = folders.models / system / WEIGHTS_FILE
    if not path.exists():
        raise StudyError(f"{path} is missing: {system} is not trained. Run `study train {system}`.")
    return load_weights(path), sha256_file(path)


def finish(tokens: np.ndarray, request: Request) -> Score:
    """Return what tokens say behind a request's primer, in the key that the primer came from."""
    setting: Setting = request.primer.setting
    score = decode(transpose(tokens, -request.primer.key_shift), setting.bar_ticks, setting.bpm)
    behind = score.notes[score.notes[:, 0] >= request.primer_ticks]
    return Score(behind - np.array((request.primer_ticks, 0, 0, 0)), setting.bar_ticks, score.tempi)
