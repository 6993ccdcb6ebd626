"""The columns of the data set: kind, meaning, units, levels and range of each.

A name means the same in every table, as it does in the store and in config.yaml.
"""

from study_server.dataset.column import ONE_CLIP, PAIRS, SINCE_ARRIVAL, YES_NO, Column
from study_server.dataset.trial_columns import JUDGMENT, TRIAL

LISTENER = (
    Column("study_version", "text", "Version of the study: v, and what config.yaml has."),
    Column(
        "protocol_sha256",
        "text",
        "Hash of config, consent and stimuli, as in protocol.json; equal under equal conditions.",
    ),
    Column("participant_id", "text", "Opaque id of the listener, random."),
    Column(
        "is_simulated",
        "claim",
        "Whether the listener was a program of `study simulate`.",
        levels={"1": "simulated", "0": "a person"},
    ),
    Column(
        "session_status",
        "text",
        "Whether the listener reached the end.",
        levels={"finished": "answered every trial", "unfinished": "stopped before the end, so far"},
    ),
    Column(
        "is_excluded",
        "claim",
        "Whether the researcher has excluded the listener; why stands in the exclusions.",
        levels=YES_NO,
    ),
    Column(
        "passed_checks",
        "claim",
        "Whether the listener passed the attention and headphone checks; empty: not finished, so not known.",
        levels=YES_NO,
    ),
)
PERSON = (
    Column("session_language", "text", "Language in which the listener gave consent, BCP 47."),
    Column("arrived_on", "day", "Day on which the listener arrived, UTC; the time of day is not kept here."),
    Column(
        "session_duration_s", "number", "Time from arrival to the last answer; empty: unfinished.", units="s"
    ),
    Column(
        "n_trials", "integer", "Trials that were drawn for the listener; empty: never started.", minimum=1
    ),
    Column("n_judged", "integer", "Trials that the listener answered.", minimum=0),
    Column("breaks_taken", "integer", "Pauses that the listener ended.", minimum=0),
    Column(
        "device",
        "text",
        "Kind of device, by what the browser says of itself; empty where it does not tell.",
        levels={"phone": "a phone", "tablet": "a tablet", "desktop": "a computer"},
    ),
    Column(
        "flags",
        "text",
        "What the session was noticed for, joined by semicolons; nobody is left out for it. Empty: nothing, "
        "or not finished.",
    ),
    Column(
        "recruitment_id_until",
        "day",
        "Day on which the recruitment platform's id is deleted from the store; empty where none was given. "
        "The id itself is in no data set.",
    ),
    Column("age_band", "text", "Age in years, as a band; empty where it was not asked."),
    Column(
        "musical_training",
        "integer",
        "Gold-MSI Musical Training, the sum of seven items; empty where not asked.",
        minimum=7,
        maximum=49,
    ),
    Column(
        "games_played",
        "integer",
        "Pokémon games played, as the listener counts them; empty: not asked.",
        minimum=0,
    ),
    Column(
        "headphones",
        "number",
        "Share of right answers in the best attempt at a headphone screening, the mean over the screenings; "
        "empty where there was none.",
        minimum=0,
        maximum=1,
    ),
    Column("reason", "text", "What gave it away, in the listener's words at the end; empty: nothing said."),
)
STIMULUS = (
    Column("corpus", "text", "Corpus that the pieces come from."),
    Column("seed", "text", "Seed that composed the clip: up to 63 bits, more than a spreadsheet's numbers."),
    Column("checkpoint_sha256", "text", "Hash of the weights that composed the clip; empty for human clips."),
    Column("piece_id", "text", "Source piece of a human clip, or of a generated clip's primer."),
    Column("song_cluster", "text", "Pieces with the same melody; nobody hears two clips of one."),
    Column("split", "text", "Split that the source piece belongs to."),
    Column(
        "longest_copied_notes",
        "integer",
        "Longest run of notes that also stands in a training piece.",
        units="notes",
    ),
    Column("nearest_piece_id", "text", "The training piece that has that run."),
    Column("nearest_bar", "integer", "Bar of that piece, from 1 on, in which the run begins; 0: none."),
    Column("nearest_semitones", "integer", "How far the run is transposed up from there.", units="semitones"),
    Column("n_notes", "integer", "Notes in the clip.", units="notes"),
    Column("duration_s", "number", "Length of the clip.", units="s"),
    Column("clip_file", "text", "Name of the clip's MIDI file."),
    Column("clip_sha256", "text", "Hash of the clip's MIDI file."),
    Column("soundfont", "text", "Soundfont that rendered the clip."),
    Column("soundfont_sha256", "text", "Hash of the soundfont."),
    Column("render_settings_sha256", "text", "Hash of all settings of synthesis and mastering."),
    Column("gain_db", "number", "Gain that brought the clip to the common loudness.", units="dB"),
    Column("loudness_lufs", "number", "Integrated loudness of the stimulus.", units="LUFS"),
    Column("true_peak_dbtp", "number", "True peak of the stimulus.", units="dBTP"),
    Column("stimulus_duration_s", "number", "Length of the stimulus.", units="s"),
    Column("sample_rate_hz", "integer", "Sample rate of the stimulus.", units="Hz"),
    Column("n_bytes", "integer", "Size of the audio file.", units="bytes"),
    Column("stimulus_file", "text", "Name of the audio file."),
    Column("stimulus_sha256", "text", "Hash of the audio file."),
    Column("opus_sha256", "text", "Hash of the same sound as Opus; empty where the study has none."),
)
AROUND = (
    Column("place", "integer", "Place among all screening trials of the session, from 1.", minimum=1),
    Column(
        "test",
        "text",
        "The headphone screening.",
        levels={"antiphase": "Woods et al. 2017", "huggins": "Milne et al. 2021"},
    ),
    Column("attempt", "integer", "Which attempt at the test, from 1.", minimum=1),
    Column("sound_id", "text", "Opaque id of the screening sound."),
    Column("correct_interval", "integer", "The interval that was the right one.", minimum=1, maximum=3),
    Column("answered_interval", "integer", "The interval that was answered.", minimum=1, maximum=3),
    Column("question_id", "text", "Id of the question, as in config.yaml; Gold-MSI items begin `training_`."),
    Column("answer", "answer", "What was answered; several options are joined by a semicolon; empty: open."),
    Column(
        "answered_after_s", "number", f"When the answer was stored: {SINCE_ARRIVAL}.", units="s", minimum=0
    ),
    Column(
        "taken_for_human",
        "claim",
        "In practice: whether the clip was judged human, or taken for the human one of its pair.",
        levels=YES_NO,
        paradigms=ONE_CLIP | PAIRS,
    ),
    Column(
        "feedback_seen_after_s",
        "number",
        f"When the feedback was left: {SINCE_ARRIVAL}.",
        units="s",
        minimum=0,
    ),
    Column(
        "event",
        "text",
        "What happened outside the trials.",
        levels={
            "consented": "gave consent",
            "set_volume": "had set the volume",
            "screened_out": "failed the headphone screening",
            "started": "the trials were drawn",
            "finished": "the last trial was answered",
        },
    ),
    Column("happened_after_s", "number", f"When it happened: {SINCE_ARRIVAL}.", units="s", minimum=0),
    Column("change_index", "integer", "Place among the decisions about the listener, from 1.", minimum=1),
    Column(
        "change",
        "text",
        "What the researcher decided.",
        levels={"excluded": "no longer counts", "readmitted": "counts again"},
    ),
    Column("changed_on", "day", "Day of the decision, UTC."),
    Column("change_reason", "text", "Why, in the researcher's words."),
)

COLUMNS: dict[str, Column] = {
    column.name: column for column in (*LISTENER, *TRIAL, *JUDGMENT, *PERSON, *STIMULUS, *AROUND)
}
"""Every column by its name."""
