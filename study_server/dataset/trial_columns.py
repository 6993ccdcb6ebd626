"""The columns of the table of trials, beside those of the listener: what was heard, and what was said."""

from study_server.dataset.column import ONE_CLIP, PAIRS, RATINGS, SINCE_ARRIVAL, YES_NO, Column

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
        levels={
            "main": "a clip heard for the first time",
            "repeat": "a clip of an earlier trial of the session again, to learn how reliable listeners are",
            "catch": "a clip that only checks attention",
        },
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
