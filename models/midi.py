"""MIDI files in and out: a file becomes a performance, a clip becomes bytes."""

import io
import stat
from collections.abc import Iterator
from pathlib import Path

import mido
import numpy as np

from models.midi_chunks import Chunks, read_chunks
from models.midi_marks import KEY, MAX_BPM, METER, TEMPO, find_marks, find_names, find_texts
from models.midi_messages import find_notes, find_pedal, unpack_messages
from models.performance import Performance, Table
from models.tokens import TICKS_PER_BEAT, IntArray, Score
from study_core.errors import CorpusError

READER_VERSION = 2  # raise it when the same bytes become another performance
MAX_BYTES = 2 * 2**20  # of a file; half an hour of dense piano music has a fifth
MAX_BEATS = 100_000  # of a piece; 14 hours at 120 beats per minute
_FILM_FRAMES = 0x8000  # this bit of the division says that time is counted in frames
CLIP_TICKS_PER_BEAT = 480  # every clip has this resolution, whatever its system


def read_performance(path: Path) -> Performance:
    """Return the music of a MIDI file.

    Raises
    ------
    CorpusError
        If it is no file, is too large, or `parse_midi` refuses it; the message does not repeat the path.
    """
    return parse_midi(read_bytes(path))


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes.

    Raises
    ------
    CorpusError
        If it is no regular file, cannot be opened, is empty or too large; the message goes on from its name.
    """
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):  # to open a pipe would wait for its writer
            raise CorpusError(
                "is a folder, not a file" if stat.S_ISDIR(facts.st_mode) else "is no regular file"
            )
        if facts.st_size > MAX_BYTES:
            raise CorpusError(f"has {facts.st_size / 2**20:.1f} MiB, more than {MAX_BYTES // 2**20}")
        data = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"cannot be opened ({error.strerror})") from None
    if not data:
        raise CorpusError("is empty")
    return data


def parse_midi(data: bytes) -> Performance:
    """Return the music in the bytes of a MIDI file; what had to be mended is said in its `repairs`.

    Raises
    ------
    CorpusError
        If the bytes are no whole MIDI file of one song in beats, with notes and of a sensible length; the
        message goes on from the file's name.
    """
    chunks = read_chunks(data)
    _refuse_strange_time(chunks)
    tracks = chunks.tracks
    messages = unpack_messages(chunks)
    notes, n_endless = find_notes(messages, np.array([track.end_tick for track in tracks]))
    if not len(notes):
        raise CorpusError("holds no note")
    (tempi, n_tempi), (meters, n_meters), (keys, n_keys) = (
        find_marks(tracks, kind) for kind in (TEMPO, METER, KEY)
    )
    mended = {
        "data bytes above 127 were limited to it": messages.n_limited,
        "notes that never end were ended with their track": n_endless,
        f"tempi of 0 or above {MAX_BPM} beats per minute, or cut short, were left out": n_tempi,
        "meters or keys that do not exist were left out": n_meters + n_keys,
        "messages that belong on a cable were left out": sum(track.n_cable_only for track in tracks),
        "bytes that its length promises are not there": sum(track.n_lacking for track in tracks),
    }
    return Performance(
        notes=_to_beats(notes, chunks.division),
        pedal=_to_beats(find_pedal(messages), chunks.division),
        tempi=_to_beats(tempi, chunks.division),
        meters=_to_beats(meters, chunks.division),
        keys=_to_beats(keys, chunks.division),
        file_format=chunks.file_format,
        ticks_per_beat=chunks.division,
        track_names=find_names(tracks),
        texts=find_texts(tracks),
        repairs=tuple(f"{count} {what}" for what, count in mended.items() if count),
    )


def _refuse_strange_time(chunks: Chunks) -> None:
    if chunks.file_format == 2 and len(chunks.tracks) > 1:  # noqa: PLR2004 (the format of song collections)
        raise CorpusError(f"holds {len(chunks.tracks)} songs (format 2), not one; save each as a file")
    if chunks.division >= _FILM_FRAMES:
        raise CorpusError("counts time in film frames, not in beats")
    if not chunks.division:
        raise CorpusError("has 0 ticks per beat")
    beats = max((track.end_tick for track in chunks.tracks), default=0) / chunks.division
    if beats > MAX_BEATS:
        raise CorpusError(f"lasts {beats:,.0f} beats, more than {MAX_BEATS:,}")


def _to_beats(table: Table, ticks_per_beat: int) -> Table:
    """Turn a table's ticks into beats, in place."""
    for name in table.dtype.names or ():
        if name.endswith("beat"):
            table[name] /= ticks_per_beat
    return table


def midi_bytes(score: Score, *, with_meter: bool = False) -> bytes:
    """Return a score as a MIDI file: one piano track, one tempo, no text, same-pitch overlaps trimmed.

    Clips are written without their meter, so that every clip's file looks the same.
    """
    scale = CLIP_TICKS_PER_BEAT // TICKS_PER_BEAT
    meter = score.bar_ticks // TICKS_PER_BEAT if with_meter else None
    return write_midi(score.notes * (scale, 1, scale, 1), score.bpm, meter)


def write_midi(notes: IntArray, bpm: float, quarters_per_bar: int | None = None) -> bytes:
    """Return a clip's MIDI file.

    Parameters
    ----------
    notes
        Rows (onset, pitch, duration, velocity) by onset, in 480ths of a beat; a key struck again ends first.
    """
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm))])
    if quarters_per_bar:
        track.append(mido.MetaMessage("time_signature", numerator=quarters_per_bar, denominator=4))
    track.append(mido.Message("program_change", program=0))
    now = 0
    for tick, is_on, pitch, velocity in sorted(_list_events(notes)):
        kind = "note_on" if is_on else "note_off"
        track.append(mido.Message(kind, note=pitch, velocity=velocity, time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track"))
    file = mido.MidiFile(type=0, ticks_per_beat=CLIP_TICKS_PER_BEAT, tracks=[track])
    data = io.BytesIO()
    file.save(file=data)
    return data.getvalue()


def _list_events(notes: IntArray) -> Iterator[tuple[int, bool, int, int]]:
    """Yield (tick, is_on, pitch, velocity); at equal ticks ends come before starts."""
    struck: dict[int, int] = {}
    for onset, pitch, duration, velocity in reversed(notes.tolist()):
        end = min(onset + duration, struck.get(pitch, onset + duration))
        struck[pitch] = onset
        if end > onset:
            yield onset, True, pitch, velocity
            yield end, False, pitch, 0
