"""What every column of the data set means; `responses.json` is made of this."""

import dataclasses
from typing import Any

from study_core.types import Stimulus
from study_server.background import BACKGROUND_COLUMNS

JUDGMENT_COLUMNS: dict[str, dict[str, Any]] = {
    "study_version": {"description": "Version of the study, as config.yaml had it."},
    "protocol_sha256": {
        "description": "Hash of config, consent and stimuli; equal for judgments under equal conditions."
    },
    "participant_id": {"description": "Opaque id of the listener, random."},
    "is_simulated": {
        "description": "Whether the listener was a program of `study simulate`.",
        "levels": {"1": "simulated", "0": "a person"},
    },
    "session_status": {
        "description": "Whether the listener reached the end.",
        "levels": {"finished": "answered every trial", "unfinished": "stopped before the end, so far"},
    },
    "trial_index": {"description": "Place of the trial in the session, from 1."},
    "stimulus_id": {"description": "Opaque id of the audio that was heard."},
    "clip_id": {"description": "Id of the clip that was rendered."},
    "system": {
        "description": "Where the clip comes from.",
        "levels": {"human": "composed by people", "any other": "the generator of that name"},
    },
    "judged_human": {
        "description": "The answer to: who composed this?",
        "levels": {"1": "human", "0": "computer"},
    },
    "confidence": {
        "description": "How sure the listener was, from 1 (guessing) to the highest level (certain)."
    },
    "knows_tune": {
        "description": "Whether the listener said to know this tune.",
        "levels": {"1": "yes", "0": "no"},
    },
    "heard_s": {"description": "Time the clip played before the answer, replays included.", "units": "s"},
    "n_plays": {"description": "How often playback began from the start."},
    "stalls": {"description": "How often playback had to wait for data."},
    "answer_time_s": {"description": "Time from the first start of playback to the answer.", "units": "s"},
    "judged_at": {"description": "When the judgment was stored.", "format": "ISO 8601, UTC"},
}

PROVENANCE_COLUMNS: dict[str, dict[str, Any]] = {
    "corpus": {"description": "Corpus that the pieces come from."},
    "seed": {"description": "Seed that composed the clip."},
    "checkpoint_sha256": {
        "description": "Hash of the weights that composed the clip; empty for human clips."
    },
    "piece_id": {"description": "Source piece of a human clip, or of a generated clip's primer."},
    "song_cluster": {"description": "Pieces with the same melody; nobody hears two clips of one."},
    "split": {"description": "Split that the source piece belongs to."},
    "longest_copied_notes": {"description": "Longest run of notes that also stands in a training piece."},
    "nearest_piece_id": {"description": "The training piece that has that run."},
    "nearest_bar": {"description": "Bar of that piece, from 1 on, in which the run begins."},
    "nearest_semitones": {
        "description": "How far the run is transposed up from there.",
        "units": "semitones",
    },
    "n_notes": {"description": "Notes in the clip."},
    "duration_s": {"description": "Length of the clip.", "units": "s"},
    "clip_file": {"description": "Name of the clip's MIDI file."},
    "clip_sha256": {"description": "Hash of the clip's MIDI file."},
    "soundfont": {"description": "Soundfont that rendered the clip."},
    "soundfont_sha256": {"description": "Hash of the soundfont."},
    "render_settings_sha256": {"description": "Hash of all settings of synthesis and mastering."},
    "gain_db": {"description": "Gain that brought the clip to the common loudness.", "units": "dB"},
    "loudness_lufs": {"description": "Integrated loudness of the stimulus.", "units": "LUFS"},
    "true_peak_dbtp": {"description": "True peak of the stimulus.", "units": "dBTP"},
    "stimulus_duration_s": {"description": "Length of the stimulus.", "units": "s"},
    "sample_rate_hz": {"description": "Sample rate of the stimulus.", "units": "Hz"},
    "n_bytes": {"description": "Size of the audio file.", "units": "bytes"},
    "stimulus_file": {"description": "Name of the audio file."},
    "stimulus_sha256": {"description": "Hash of the audio file."},
    "opus_sha256": {"description": "Hash of the same sound as Opus; empty where the study has none."},
}

EXTRA_COLUMNS: dict[str, dict[str, Any]] = {
    "trial_kind": {
        "description": "What the trial is for; only `main` trials are first judgments of a system's clips.",
        "levels": {
            "main": "a clip heard for the first time",
            "repeat": "a clip of an earlier trial of the session again, to learn how reliable listeners are",
            "catch": "a clip that only checks attention",
        },
    },
    "hidden_count": {
        "description": "How often the page was hidden (another tab, a locked phone) in the trial."
    },
    "load_errors": {
        "description": "How often the clip did not load or could not be decoded, and was fetched anew."
    },
    "coverage": {"description": "Share of the clip, in quarters of a second, that was heard at least once."},
    "output_latency_s": {
        "description": "Delay of the sound as the browser reports it (Web Audio), before any wireless link.",
        "units": "s",
    },
    "language": {"description": "Language of the trial's page.", "format": "BCP 47"},
}

COLUMNS = JUDGMENT_COLUMNS | PROVENANCE_COLUMNS | EXTRA_COLUMNS | BACKGROUND_COLUMNS

NOTE = (
    "UTF-8, one row per judgment. Every id is text. An empty field was not measured (a browser without "
    "JavaScript measures no playback) or does not apply. A text that a spreadsheet would run as a formula "
    "begins with an apostrophe."
)


def list_undescribed_fields() -> set[str]:
    """Return the fields of a stimulus that no column holds; there are none."""
    return {field.name for field in dataclasses.fields(Stimulus)} - set(COLUMNS)
