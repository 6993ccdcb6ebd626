"""Clips of every system: excerpts of unseen pieces, new music, and what other people's systems made."""

import itertools
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from models.composing import compose_clips
from models.corpus import PIECES_FILE, SCORES_FILE, PreparedPiece, load_pieces
from models.drafts import Draft, describe_clip
from models.generator import find_plugin, open_generator
from models.human import choose_excerpts, choose_originals
from models.imported import import_clips, list_inputs
from models.originality import CopyDetector
from models.primers import deal_primers, shuffle_usable
from models.weights import WEIGHTS_FILE
from study_core.config import Config
from study_core.folders import CLIPS_FILE
from study_core.manifest import fingerprint, is_current, sha256_file, stamp_stage, write_bytes, write_manifest
from study_core.systems import GENERATORS
from study_core.types import HUMAN, HUMAN_ORIGINAL, SOUND_SUFFIXES, Clip

_VERSION = 4  # raise it when the same inputs become other clips


class ClipStage:
    """Makes the clips of all systems and `clips.csv`."""

    def __init__(self, config: Config) -> None:
        self._config, self._folders = config, config.folders
        self._systems = {HUMAN: "", **config.clips.systems}
        self._contents: dict[str, bytes] = {}
        self._rows: list[Clip] = []

    @property
    def inputs(self) -> str:
        """The fingerprint of all that the clips depend on."""
        config = self._config
        heard = config.trials.per_participant
        parts = [self._find_input(system, folder) for system, folder in self._systems.items()]
        used = (PIECES_FILE, SCORES_FILE) if config.clips.needs_corpus else ()
        corpus = [_hash(self._folders.corpus / name) for name in used]
        # Of folders their content counts, and not where they lie.
        settings = config.clips.model_dump(exclude={"systems"})
        names = list(self._systems)
        return fingerprint("clips", _VERSION, settings, names, heard, config.seed, corpus, parts)

    def is_current(self) -> bool:
        """Tell whether the clips are there and made from these pieces and weights."""
        return is_current(self._folders.clips, self.inputs)

    @property
    def n_clips(self) -> int:
        """How many clips the study wants."""
        return self._config.clips.per_system * len(self._systems)

    def compose(self) -> Iterator[str]:
        """Make every clip; yield each one's id when it is done."""
        for system in self._systems:
            for i, draft in self._draft(system):
                clip_id = f"{system}-{i + 1:04d}"
                row = describe_clip(clip_id, system, draft)
                self._contents[row.clip_file] = draft.content
                self._rows.append(row)
                yield clip_id

    def write(self) -> Path:
        """Write the clips and their manifest; return its path."""
        folder = self._folders.clips
        for old in folder.glob("*"):
            if old.suffix in {".mid", *SOUND_SUFFIXES}:
                old.unlink()
        for name, content in self._contents.items():
            write_bytes(folder / name, content)
        write_manifest(folder / CLIPS_FILE, sorted(self._rows, key=lambda row: row.clip_id))
        stamp_stage(folder, self.inputs, [folder / CLIPS_FILE, *(folder / name for name in self._contents)])
        return folder / CLIPS_FILE

    def _draft(self, system: str) -> Iterator[tuple[int, Draft]]:
        config, folder = self._config, self._systems[system]
        if folder:
            return import_clips(system, Path(folder), self._detector, config)
        if system in {HUMAN, HUMAN_ORIGINAL}:
            choose = choose_excerpts if system == HUMAN else choose_originals
            return enumerate(choose(self._test_pieces, self._detector, config))
        generator = open_generator(system, self._folders, config.clips)
        return compose_clips(system, generator, self._primers[system], self._detector, config)

    @cached_property
    def _training(self) -> list[PreparedPiece]:
        return load_pieces(self._folders, "train") if self._config.clips.needs_corpus else []

    @cached_property
    def _test_pieces(self) -> list[PreparedPiece]:
        return load_pieces(self._folders, "test")

    @cached_property
    def _detector(self) -> CopyDetector:
        return CopyDetector({prepared.piece.piece_id: prepared.score for prepared in self._training})

    @cached_property
    def _primers(self) -> dict[str, list[list[PreparedPiece]]]:
        """Primers of every clip by system; no two systems go on from the same while there are enough."""
        turns = deal_primers(shuffle_usable(self._training, self._config.seed), self.n_clips)
        return {
            system: list(itertools.islice(turns, self._config.clips.per_system))
            for system, folder in self._systems.items()
            if not folder and system not in {HUMAN, HUMAN_ORIGINAL}
        }

    def _find_input(self, system: str, folder: str) -> object:
        """Return what stands for the system's own inputs."""
        if folder:
            return [(path.name, sha256_file(path)) for path in list_inputs(Path(folder))]
        if system in GENERATORS:
            return _hash(self._folders.models / system / WEIGHTS_FILE)
        if system in {HUMAN, HUMAN_ORIGINAL}:
            return system
        point = find_plugin(system)
        return (point.value, point.dist.version if point.dist else "")


def _hash(path: Path) -> str:
    return sha256_file(path) if path.exists() else ""
