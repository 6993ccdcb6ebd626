"""The pieces of a study as the article's tokens."""

import logging

from models.article_tokens import article_tokens
from models.corpus import PIECES_FILE
from study_core.errors import CorpusError, list_problems
from study_core.folders import DataFolders
from study_core.manifest import read_manifest
from study_core.types import Piece, Split

log = logging.getLogger(__name__)


def read_songs(folders: DataFolders, split: Split) -> dict[str, list[str]]:
    """Return the article tokens of the pieces of a split by piece, without those that music21 cannot read.

    Raises
    ------
    CorpusError
        If the MIDI files of some are gone: all of them named.
    """
    pieces = [piece for piece in read_manifest(folders.corpus / PIECES_FILE, Piece) if piece.split == split]
    paths = {piece.piece_id: folders.root / piece.piece_file for piece in pieces}
    gone = [str(path) for path in paths.values() if not path.is_file()]
    if gone:
        heading = f"{len(gone)} of {len(paths)} MIDI files that the article's generators read are gone:"
        raise CorpusError(list_problems(heading, gone))
    songs = {}
    for name, path in paths.items():
        try:
            songs[name] = article_tokens(path)
        except CorpusError as error:
            log.warning("%s is left out: it %s", path, error)
    return songs
