"""The records that pass from one folder to the next; each is a row of a manifest."""

from dataclasses import dataclass
from typing import Literal

HUMAN = "human"
"""The system whose clips were composed by people; every other system but the next is a generator."""
HUMAN_ORIGINAL = "human_original"
"""The same with its original timing, tempo changes and velocities, instead of through the tokens."""
HUMAN_SYSTEMS = frozenset({HUMAN, HUMAN_ORIGINAL})
"""Systems whose clips are judged rightly when they are judged human."""

MIDI_SUFFIXES = (".mid", ".midi", ".rmi", ".kar")
SOUND_SUFFIXES = (".wav", ".flac", ".mp3")
"""Endings of the files that music comes in; clips with one of the latter are sound already."""

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One file of the corpus that the study runs on (`data/corpus/pieces.csv`)."""

    piece_id: str
    corpus: str
    title: str
    song_cluster: str
    """Pieces with the same melody, transposed or re-arranged, share one cluster and one split."""
    split: Split
    piece_file: str
    """Path of the MIDI file, relative to the data folder where it lies inside it, else absolute."""
    piece_sha256: str
    n_notes: int
    duration_s: float
    game: str = ""
    """The game that the music is from; empty where the corpus does not tell."""
    generation: str = ""
    """Of the game within its series, from 1 on; empty where the game is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A short piece of symbolic music from one system (`data/clips/clips.csv`)."""

    clip_id: str
    system: str
    corpus: str
    seed: int
    checkpoint_sha256: str
    """Weights that composed the clip; empty for `human` clips."""
    piece_id: str
    """Source piece of a `human` clip, or of a generated clip's primer; empty where there is none."""
    song_cluster: str
    split: str
    longest_copied_notes: int
    """Longest run of notes, transposition-invariant, that also stands in a training piece."""
    nearest_piece_id: str
    """Training piece that holds that run; empty where there is none."""
    nearest_bar: int = 0
    """Bar of that piece, from 1 on, in which the run begins there; 0 where there is none."""
    nearest_semitones: int = 0
    """How far the clip's run is transposed up from there."""
    n_notes: int
    duration_s: float
    clip_file: str
    """Name of the MIDI file beside the manifest."""
    clip_sha256: str

    @property
    def is_human(self) -> bool:
        """Tell whether people composed it."""
        return self.system in HUMAN_SYSTEMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Stimulus(Clip):
    """A clip rendered, mastered and encoded under an opaque id (`data/stimuli/stimuli.csv`)."""

    stimulus_id: str
    soundfont: str
    soundfont_sha256: str
    render_settings_sha256: str
    gain_db: float
    loudness_lufs: float
    true_peak_dbtp: float
    stimulus_duration_s: float
    sample_rate_hz: int
    n_bytes: int
    stimulus_file: str
    """Name of the audio file beside the manifest."""
    stimulus_sha256: str
    opus_sha256: str = ""
    """Of the same sound as Opus, in a file of the same name but for its ending; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningSound:
    """One trial of a headphone screening (`data/screening/screening.csv`)."""

    sound_id: str
    test: Literal["antiphase", "huggins"]
    answer: int
    """Which of the three intervals is the right one, from 1."""
    duration_s: float
    n_bytes: int
    sound_file: str
    sound_sha256: str
