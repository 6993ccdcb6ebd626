"""Clips that are sound already: WAV, FLAC or MP3, brought to the study's sample rate and two channels."""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from study_core.errors import StimulusError, list_problems
from study_core.folders import CLIPS_FILE
from study_core.manifest import read_manifest, sha256_file, write_bytes, write_manifest
from study_core.types import SOUND_SUFFIXES, Clip
from synthesis.loudness import Sound

if TYPE_CHECKING:
    import soundfile

_STEREO = 2


def is_recording(path: Path) -> bool:
    """Tell whether a clip is sound already, and not MIDI."""
    return path.suffix.lower() in SOUND_SUFFIXES


def read_recording(path: Path, sample_rate_hz: int, longest_s: float) -> Sound:
    """Return the first so many seconds of a recording; one channel becomes two equal ones.

    Raises
    ------
    StimulusError
        If the file cannot be decoded to its end, has more than two channels or samples that are no numbers:
        what is wrong with it, without its name.
    """
    with _open(path) as file:
        if file.channels > _STEREO:
            raise StimulusError(f"has {file.channels} channels. Mix it down to two")
        sound = file.read(round(longest_s * file.samplerate), dtype="float32", always_2d=True)
        rate_hz = file.samplerate
    if not np.isfinite(sound).all():
        raise StimulusError("holds samples that are no numbers. Export it again")
    if rate_hz != sample_rate_hz:
        import soxr

        sound = soxr.resample(sound, rate_hz, sample_rate_hz, quality="VHQ")
    return np.ascontiguousarray(np.broadcast_to(sound, (len(sound), _STEREO)))


def import_recordings(folder: Path, clips: Path, systems: Collection[str]) -> int:
    """Put the recordings in `folder/<system>/` in place of those systems' clips, and return their number.

    Raises
    ------
    StimulusError
        If there are none, some are of no system of the study, or cannot be decoded: all of them named.
    """
    found = sorted(path for path in folder.glob("*/*") if is_recording(path) and path.name[0] != ".")
    if not found:
        raise StimulusError(
            f"{folder} has no recordings. Put {', '.join(SOUND_SUFFIXES)} files into a folder per system, "
            f"such as {folder / 'human'}."
        )
    unknown = sorted({path.parent.name for path in found} - set(systems))
    if unknown:
        raise StimulusError(
            f"{folder} has the folder {', '.join(unknown)}, but clips.systems has {', '.join(systems)}. "
            "Rename the folder, or add the system."
        )
    rows, problems = [], []
    for path in found:
        try:
            rows.append(_describe(path))
        except StimulusError as error:
            problems.append(f"{path.relative_to(folder)} {error}")
    if problems:
        raise StimulusError(
            list_problems(f"{len(problems)} of {len(found)} recordings cannot be used:", problems)
        )
    for path, row in zip(found, rows, strict=True):
        write_bytes(clips / row.clip_file, path.read_bytes())
    manifest = clips / CLIPS_FILE
    kept = read_manifest(manifest, Clip) if manifest.exists() else []
    recorded = {row.system for row in rows}
    write_manifest(manifest, [*(row for row in kept if row.system not in recorded), *rows])
    return len(rows)


def _describe(path: Path) -> Clip:
    with _open(path) as file:
        duration_s = file.frames / file.samplerate
    system, sha256 = path.parent.name, sha256_file(path)
    # A name and a piece of its own, because two files may be called alike.
    clip_id = f"{system}-{re.sub(r'[^a-z0-9]+', '-', path.stem.lower()).strip('-')}-{sha256[:6]}"
    return Clip(
        clip_id=clip_id,
        system=system,
        corpus="recordings",
        seed=0,
        checkpoint_sha256="",
        piece_id=clip_id,
        song_cluster=clip_id,
        split="test",
        longest_copied_notes=0,
        nearest_piece_id="",
        n_notes=0,
        duration_s=round(duration_s, 3),
        clip_file=f"{clip_id}{path.suffix.lower()}",
        clip_sha256=sha256,
    )


@contextmanager
def _open(path: Path) -> Iterator["soundfile.SoundFile"]:
    """Open a recording; what goes wrong while it is read is told as well."""
    import soundfile

    try:
        # As a stream: by its name, libsndfile takes a file for another that a Mac left beside it (`._name`).
        with path.open("rb") as stream, soundfile.SoundFile(stream) as file:
            yield file
    except OSError as error:
        raise StimulusError(f"cannot be opened: {error.strerror}") from None
    except soundfile.LibsndfileError as error:
        raise StimulusError(f"cannot be decoded: {error.error_string}") from None
