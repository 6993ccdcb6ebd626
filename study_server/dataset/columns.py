"""The columns of the data set: kind, meaning, units, levels and range of each.

A name means the same in every table, as it does in the store and in config.yaml.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "answer", "integer", "number", "claim", "day"]
"""`text` is never taken for a number; an `answer` may be one; a `claim` is 1 or 0; a `day` is YYYY-MM-DD."""
EVERY = frozenset({"yes_no", "two_afc", "rating"})
ONE_CLIP, PAIRS, RATINGS = frozenset({"yes_no"}), frozenset({"two_afc"}), frozenset({"rating"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the data set."""

    name: str
    kind: Kind
    description: str
    units: str = ""
    levels: Mapping[str, str] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    paradigms: frozenset[str] = EVERY
    """The paradigms whose data sets have it."""


def _levels(**meanings: str) -> dict[str, str]:
    return meanings


YES_NO = {"1": "yes", "0": "no"}
SINCE_ARRIVAL = "seconds since the listener arrived"

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
        levels=_levels(finished="answered every trial", unfinished="stopped before the end, so far"),
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
TRIAL = (
    Column(
        "trial_index",
        "integer",
        "Place of the trial in its part of the session, from 1; 0 is an example. A pair has the first's.",
        minimum=0,
    ),
    Column(
        "trial_kind",
        "text",
        "What the trial is for; only `main` trials are first judgments of a system's clips.",
        levels=_levels(
            main="a clip heard for the first time",
            repeat="a clip of an earlier trial of the session again, to learn how reliable listeners are",
            catch="a clip that only checks attention",
        ),
    ),
    Column("stimulus_id", "text", "Opaque id of the audio that was heard."),
    Column("clip_id", "text", "Id of the clip that was rendered."),
    Column(
        "system",
        "text",
        "Where the clip comes from.",
        levels={
            "human": "composed by people",
            "human_original": "the same with its original timing and velocities",
            "any other": "the generator of that name",
        },
    ),
    Column("second_stimulus_id", "text", "Opaque id of a pair's second audio.", paradigms=PAIRS),
    Column("second_clip_id", "text", "Id of a pair's second clip.", paradigms=PAIRS),
    Column("second_system", "text", "Where a pair's second clip comes from.", paradigms=PAIRS),
)
JUDGMENT = (
    Column(
        "judged_human",
        "claim",
        "The answer to: who composed this?",
        levels={"1": "human", "0": "computer"},
        paradigms=ONE_CLIP,
    ),
    Column(
        "chose_first",
        "claim",
        "Which of a pair's clips was taken for the one composed by people.",
        levels={"1": "the first", "0": "the second"},
        paradigms=PAIRS,
    ),
    Column("rating", "integer", "The rating of the clip, from 1 up.", minimum=1, paradigms=RATINGS),
    Column(
        "confidence",
        "integer",
        "How sure the listener was, from 1 (guessing) to trials.confidence_levels of the config (certain).",
        minimum=1,
        maximum=7,
        paradigms=ONE_CLIP | PAIRS,
    ),
    Column("knows_tune", "claim", "Whether the listener said to know this tune.", levels=YES_NO),
    Column(
        "heard_s", "number", "Time the clip played before the answer, replays included.", units="s", minimum=0
    ),
    Column("n_plays", "integer", "How often playback began from the start.", minimum=0),
    Column("stalls", "integer", "How often playback had to wait for data.", minimum=0),
    Column(
        "load_errors",
        "integer",
        "How often the clip did not load or could not be decoded, and was fetched anew.",
        minimum=0,
    ),
    Column(
        "coverage",
        "number",
        "Share of the clip, in quarters of a second, that was heard at least once.",
        minimum=0,
        maximum=1,
    ),
    Column(
        "output_latency_s",
        "number",
        "Delay of the sound as the browser reports it (Web Audio), before any wireless link.",
        units="s",
        minimum=0,
    ),
    Column(
        "answer_time_s",
        "number",
        "Time from the first start of playback to the answer.",
        units="s",
        minimum=0,
    ),
    Column(
        "hidden_count",
        "integer",
        "How often the page was hidden (another tab, a locked phone) in the trial.",
        minimum=0,
    ),
    Column("language", "text", "Language of the page that was answered, BCP 47."),
    Column(
        "second_heard_s", "number", "Time a pair's second clip played.", units="s", minimum=0, paradigms=PAIRS
    ),
    Column("second_n_plays", "integer", "Starts of a pair's second clip.", minimum=0, paradigms=PAIRS),
    Column("second_stalls", "integer", "Waits of a pair's second clip.", minimum=0, paradigms=PAIRS),
    Column("second_load_errors", "integer", "Failures of a pair's second clip.", minimum=0, paradigms=PAIRS),
    Column(
        "second_coverage",
        "number",
        "Share of a pair's second clip that was heard.",
        minimum=0,
        maximum=1,
        paradigms=PAIRS,
    ),
    Column(
        "judged_after_s", "number", f"When the judgment was stored: {SINCE_ARRIVAL}.", units="s", minimum=0
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
        levels=_levels(phone="a phone", tablet="a tablet", desktop="a computer"),
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
        levels=_levels(antiphase="Woods et al. 2017", huggins="Milne et al. 2021"),
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
        levels=_levels(
            consented="gave consent",
            set_volume="had set the volume",
            screened_out="failed the headphone screening",
            started="the trials were drawn",
            finished="the last trial was answered",
        ),
    ),
    Column("happened_after_s", "number", f"When it happened: {SINCE_ARRIVAL}.", units="s", minimum=0),
    Column("change_index", "integer", "Place among the decisions about the listener, from 1.", minimum=1),
    Column(
        "change",
        "text",
        "What the researcher decided.",
        levels=_levels(excluded="no longer counts", readmitted="counts again"),
    ),
    Column("changed_on", "day", "Day of the decision, UTC."),
    Column("change_reason", "text", "Why, in the researcher's words."),
)

COLUMNS: dict[str, Column] = {
    column.name: column for column in (*LISTENER, *TRIAL, *JUDGMENT, *PERSON, *STIMULUS, *AROUND)
}
"""Every column by its name."""
