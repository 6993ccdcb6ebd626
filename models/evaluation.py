"""How close the clips are to real music, unheard: every system, with its ceiling and its floor.

The measure is held-out music: excerpts of the validation and test pieces, cut by the rule of clips. The
ceiling is other real music, excerpts of as many training songs as a system has clips, drawn several times;
the floor is Markov. The study's human clips are compared with the held-out songs that they are not from.
"""

import dataclasses
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from models.arrangement import arrange
from models.batches import normalize_key
from models.composing import compose_clips
from models.corpus import PreparedPiece, load_pieces
from models.evaluation_features import FEATURES
from models.evaluation_figures import CEILING, FLOOR, HELD_OUT, ClipSet, Evaluation, measure
from models.excerpts import cut_excerpts
from models.markov import MarkovGenerator, train_markov
from models.midi import read_performance
from models.originality import CopyDetector
from models.primers import deal_primers, shuffle_usable
from models.tokens import Score, quantize
from models.weights import WEIGHTS_FILE, save_weights
from study_core.config import Config
from study_core.errors import StudyError, list_problems
from study_core.folders import CLIPS_FILE, DataFolders
from study_core.manifest import read_manifest, sha256_file
from study_core.seeds import random_generator
from study_core.types import HUMAN, HUMAN_ORIGINAL, SOUND_SUFFIXES, Clip

MARKOV = "markov"
CLIPS_PER_SONG = 4  # of the held-out music, so that no long song decides
CEILINGS = 5  # draws of other real music: one may lie far from the next


def evaluate(config: Config) -> Evaluation:
    """Return the figures of every system of the study, of the ceiling and of the floor.

    Raises
    ------
    StudyError
        If the corpus or the clips are missing, clips are gone or altered, or no held-out piece gives a clip.
    """
    clips = load_clips(config.folders)
    training = load_pieces(config.folders, "train")
    held_out = [*load_pieces(config.folders, "validation"), *load_pieces(config.folders, "test")]
    detector = CopyDetector({prepared.piece.piece_id: prepared.score for prepared in training})
    reference = cut_real(HELD_OUT, held_out, CLIPS_PER_SONG, detector, config)
    systems = list(_read_systems(clips, config))
    if MARKOV not in {each.name for each in systems}:
        systems.append(compose_floor(training, detector, config))
    ceilings = [cut_ceiling(training, reference, i, config) for i in range(CEILINGS)]
    return measure([reference, *systems], config.seed, ceilings)


def cut_ceiling(training: Sequence[PreparedPiece], reference: ClipSet, draw: int, config: Config) -> ClipSet:
    """Return a draw of other real music; what it copies is what held-out music copies."""
    name = f"{CEILING}, {draw}" if draw else CEILING
    found = cut_real(name, training, 1, CopyDetector({}), config, config.clips.per_system)
    return dataclasses.replace(found, name=CEILING, copied_notes=reference.copied_notes)


def load_clips(folders: DataFolders) -> list[Clip]:
    """Return the rows of the study's clips, whose files are all there and unchanged."""
    path = folders.clips / CLIPS_FILE
    if not path.exists():
        raise StudyError(f"{path} is missing: there are no clips to evaluate. Run `study generate`.")
    clips = read_manifest(path, Clip)
    files = [(folders.clips / clip.clip_file, clip.clip_sha256) for clip in clips]
    wrong = [file.name for file, sha256 in files if not file.is_file() or sha256_file(file) != sha256]
    if wrong:
        heading = f"{len(wrong)} of {len(clips)} clips are gone or altered. Run `study generate` again:"
        raise StudyError(list_problems(heading, wrong))
    return clips


def cut_real(
    name: str,
    pieces: Sequence[PreparedPiece],
    per_song: int,
    detector: CopyDetector,
    config: Config,
    most: int | None = None,
) -> ClipSet:
    """Return excerpts of pieces, so many of a song and altogether."""
    rng = random_generator(config.seed, "evaluation", name)
    longest: dict[str, PreparedPiece] = {}
    for prepared in sorted(pieces, key=lambda each: each.piece.duration_s):
        longest[prepared.piece.song_cluster] = prepared
    scores, songs = [], []
    for song in rng.permutation(sorted(longest)).tolist():
        score = longest[song].score
        found = cut_excerpts(score, config.clips.duration_s, int(rng.integers(score.end_tick)))
        own = [clip for _, clip in found][:per_song]
        scores += own
        songs += [song] * len(own)
    if not scores:
        raise StudyError(
            f"none of {len(pieces)} pieces gives {config.clips.duration_s:g} s of unbroken music to compare "
            "with. Lower clips.duration_s, or add pieces."
        )
    copied = [detector.find_longest(score).n_notes for score in scores[:most]]
    return ClipSet(name, [], scores[:most], songs[:most], copied)


def compose_floor(training: Sequence[PreparedPiece], detector: CopyDetector, config: Config) -> ClipSet:
    """Return clips of a Markov chain that is counted and forgotten here."""
    primers = deal_primers(shuffle_usable(list(training), config.seed), config.clips.per_system)
    dealt = [next(primers) for _ in range(config.clips.per_system)]
    with tempfile.TemporaryDirectory() as name:
        folders = DataFolders(Path(name))
        weights = train_markov([normalize_key(prepared.score) for prepared in training])
        save_weights(folders.models / MARKOV / WEIGHTS_FILE, weights)
        generator = MarkovGenerator(MARKOV, folders, config.clips)
        drafts = [draft for _, draft in compose_clips(MARKOV, generator, dealt, detector, config)]
        scores = []
        for i, draft in enumerate(drafts):
            path = Path(name) / f"{i}.mid"
            path.write_bytes(draft.content)
            scores.append(_read(path))
    songs = [draft.piece.song_cluster for draft in drafts]
    return ClipSet(FLOOR, [], scores, songs, [draft.passage.n_notes for draft in drafts])


def _read_systems(clips: Sequence[Clip], config: Config) -> Iterator[ClipSet]:
    made = {clip.system for clip in clips}
    for system in (name for name in (HUMAN, *config.clips.systems) if name in made):
        own = [clip for clip in clips if clip.system == system]
        # Sound has no notes, and the original timing no bars.
        if system == HUMAN_ORIGINAL or any(Path(clip.clip_file).suffix in SOUND_SUFFIXES for clip in own):
            continue
        yield ClipSet(
            system,
            [clip.clip_id for clip in own],
            [_read(config.folders.clips / clip.clip_file) for clip in own],
            [clip.song_cluster or clip.clip_id for clip in own],
            [clip.longest_copied_notes for clip in own],
        )


def _read(path: Path) -> Score:
    return quantize(arrange(read_performance(path)))


FEATURE_COLUMNS = tuple(feature.name.replace(" ", "_") for feature in FEATURES)
"""The features' names as columns of a table."""
