"""config.yaml as frozen, typed sections; a function receives its own section, never the whole."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    Field,
    ValidationError,
    field_serializer,
    field_validator,
    model_validator,
)
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from study_core.errors import ConfigError, list_problems
from study_core.folders import DataFolders
from study_core.participation import (
    LANGUAGES,
    STRICT,
    DebriefingConfig,
    PracticeConfig,
    QuestionsConfig,
    ScreeningConfig,
    Tongue,
    WebAddress,
)
from study_core.systems import GENERATORS, read_systems
from study_core.types import HUMAN

NAMED_CORPORA = ("pokemon", "chorales")
Share = Annotated[float, Field(gt=0, lt=0.5)]
PositiveInt = Annotated[int, Field(gt=0)]


class Section(BaseModel):
    """A part of the config: unknown keys and wrong types are refused, values cannot change."""

    model_config = STRICT


class CorpusConfig(Section):
    """Which pieces, and how they are split."""

    source: str = "pokemon"
    validation_share: Share = 0.10
    test_share: Share = 0.18


class TrainingConfig(Section):
    """How long each generator trains."""

    lstm_steps: PositiveInt = 540
    gan_steps: PositiveInt = 120


class ClipsConfig(Section):
    """Which systems compose, how many clips, and how they sample."""

    systems: dict[str, str] = {"lstm": "", "gan": ""}
    """By name, in the order of the page: a folder of somebody else's MIDI or audio, or nothing."""
    per_system: Annotated[int, Field(ge=1, le=1000)] = 40
    duration_s: Annotated[float, Field(ge=2, le=120)] = 20
    temperature: Annotated[float, Field(gt=0, le=2)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.97
    max_copied_notes: Annotated[int, Field(ge=4)] = 16

    @field_validator("systems", mode="before")
    @classmethod
    def _read_systems(cls, listed: object) -> object:
        """Accept `[lstm, theirs: FOLDER]`: names, and folders under the names that they get."""
        return read_systems(listed)

    @field_serializer("systems")
    def _write_systems(self, systems: dict[str, str]) -> tuple[str | dict[str, str], ...]:
        return tuple({name: folder} if folder else name for name, folder in systems.items())

    @property
    def trained(self) -> tuple[str, ...]:
        """The systems that `study train` trains."""
        return tuple(system for system in self.systems if system in GENERATORS)

    def check_folders(self) -> None:
        """Check that the folders of somebody else's music are there.

        Raises
        ------
        ConfigError
            If some are not: all of them named.
        """
        problems = [
            f"clips.systems.{name}: there is no folder {folder}"
            for name, folder in self.systems.items()
            if folder and not Path(folder).is_dir()
        ]
        if problems:
            raise ConfigError(list_problems("Somebody else's music is not where the config says:", problems))


class SynthesisConfig(Section):
    """How clips become audio; the same for every system."""

    soundfont: str = "FluidR3_GM"
    sample_rate_hz: Literal[32000, 44100, 48000] = 44100
    loudness_lufs: Annotated[float, Field(ge=-40, le=-10)] = -20
    true_peak_dbtp: Annotated[float, Field(ge=-12, le=0)] = -1
    lead_in_s: Annotated[float, Field(ge=0, le=1)] = 0.05
    fade_out_s: Annotated[float, Field(ge=0, le=5)] = 1.5
    mp3_kbps: Literal[64, 80, 96, 112, 128, 160, 192, 224, 256, 320] = 128
    opus_kbps: Annotated[int, Field(ge=32, le=256)] | None = None


class TrialsConfig(Section):
    """What one participant hears."""

    per_participant: dict[str, Annotated[int, Field(ge=1)]] = {HUMAN: 10, "lstm": 5, "gan": 5}
    longest_run: PositiveInt = 4
    listen_s: Annotated[float, Field(ge=0)] = 5
    confidence_levels: Annotated[int, Field(ge=2, le=7)] = 4
    break_after: PositiveInt | None = 10
    repeats: Annotated[int, Field(ge=0)] = 0
    catch: tuple[str, ...] = ()
    lease_minutes: PositiveInt = 60

    @model_validator(mode="after")
    def _repeat_and_catch_what_is_heard(self) -> Self:
        unheard = sorted(set(self.catch) - set(self.per_participant) | {HUMAN} & set(self.catch))
        if unheard:
            raise ValueError(
                f"catch names {', '.join(unheard)}; it takes generators of per_participant "
                f"({', '.join(sorted(set(self.per_participant) - {HUMAN}))})"
            )
        judged = sum(n for system, n in self.per_participant.items() if system not in self.catch)
        if 2 * self.repeats > judged:
            raise ValueError(f"repeats {self.repeats} of {judged} clips, but at most half come again")
        return self


class RecruitmentConfig(Section):
    """Whom the study wants, and when it has enough of them."""

    target_participants: PositiveInt = 40
    contact: str = "the researcher who gave you this link"
    minutes: PositiveInt = 10
    reward: str | None = None
    consent: str | None = None
    languages: Annotated[tuple[Tongue, ...], Field(min_length=1)] = LANGUAGES
    id_parameter: str | None = "PROLIFIC_PID"
    keep_ids_days: PositiveInt = 90
    completion_code: str | None = None
    completion_url: WebAddress | None = None
    screened_out_code: str | None = None
    screened_out_url: WebAddress | None = None


class ServerConfig(Section):
    """Where the study server listens."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    threads: Annotated[int, Field(ge=1, le=256)] = 6
    public_url: Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+$")] | None = None
    trusted_proxy: Annotated[str, Field(min_length=1)] | None = None


class AnalysisConfig(Section):
    """Declared before the data: intervals, exclusions and the equivalence bound."""

    confidence_level: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    minimum_listening_s: Annotated[float, Field(ge=0)] = 3
    leave_out_known_tunes: bool = True
    leave_out_unfinished: bool = True
    leave_out_failed_checks: bool = True
    minimum_judgments: PositiveInt = 1
    equivalence_bound: Annotated[float, Field(gt=0, lt=0.5)] = 0.10
    moderators: tuple[str, ...] = ("musical_training", "games_played", "familiarity", "headphones")
    reasons: dict[str, tuple[str, ...]] = {
        "melody": ("melod", "tune", "theme", "motif", "phras", "catchy"),
        "rhythm": ("rhythm", "beat", "tempo", "timing", "meter", "metre", "syncop"),
        "harmony": ("harmon", "chord", "dissonan", "key", "wrong note", "clash", "off-key"),
        "repetition": ("repeat", "repetit", "loop", "same"),
        "structure": ("structur", "form", "random", "direction", "aimless", "build", "ending", "coheren"),
        "expression": ("express", "emotion", "feel", "mechanic", "robot", "stiff", "soul"),
        "texture": ("textur", "voice", "bass", "dense", "busy", "empty", "pause", "silence", "gap"),
        "recognition": ("know", "knew", "heard before", "familiar", "recogni", "pok"),
    }


class Config(Section):
    """A whole study."""

    title: Annotated[str, Field(min_length=1)] = "Who's That Composer?"
    version: Annotated[str, Field(min_length=1)] = "1"
    seed: Annotated[int, Field(ge=0)] = 2018
    data_dir: str = "data"
    corpus: CorpusConfig = CorpusConfig()
    training: TrainingConfig = TrainingConfig()
    clips: ClipsConfig = ClipsConfig()
    synthesis: SynthesisConfig = SynthesisConfig()
    trials: TrialsConfig = TrialsConfig()
    screening: ScreeningConfig = ScreeningConfig()
    practice: PracticeConfig = PracticeConfig()
    questions: QuestionsConfig = QuestionsConfig()
    debriefing: DebriefingConfig = DebriefingConfig()
    recruitment: RecruitmentConfig = RecruitmentConfig()
    server: ServerConfig = ServerConfig()
    analysis: AnalysisConfig = AnalysisConfig()

    @model_validator(mode="after")
    def _fit_trials_to_clips(self) -> Self:
        heard, made = set(self.trials.per_participant), {HUMAN, *self.clips.systems}
        if heard != made:
            raise ValueError(
                f"trials.per_participant names {', '.join(sorted(heard))}, "
                f"but clips.systems makes {', '.join(sorted(made))}"
            )
        most = max(self.trials.per_participant.values()) + (self.practice.trials + 1) // 2
        if most > self.clips.per_system:
            raise ValueError(
                f"a session of {most} trials of one system, practice included, needs as many clips, "
                f"but clips.per_system is {self.clips.per_system}"
            )
        if self.synthesis.fade_out_s + self.trials.listen_s > self.clips.duration_s:
            raise ValueError("clips.duration_s is shorter than trials.listen_s and synthesis.fade_out_s")
        return self

    @property
    def folders(self) -> DataFolders:
        """Where the study's data lie."""
        return DataFolders(Path(self.data_dir))


def load_config(path: Path, *, data_dir: Path | None = None) -> Config:
    """Return the config in a YAML file, its data folder made absolute.

    Raises
    ------
    ConfigError
        If the file is missing or has mistakes: all of them, in one message.
    """
    config, problems = _validate(_read_yaml(path))
    if config is None or problems:
        count = f"{len(problems)} mistake{'s' if len(problems) > 1 else ''}"
        raise ConfigError(list_problems(f"{path} has {count}; nothing was changed:", problems))
    return _place(config, path.parent, data_dir)


def _place(config: Config, folder: Path, data_dir: Path | None) -> Config:
    """Return the config with its paths made absolute: they are relative to the config file's folder."""
    source, soundfont = config.corpus.source, config.synthesis.soundfont
    consent = config.recruitment.consent
    systems = {
        name: str((folder / Path(own).expanduser()).resolve()) if own else ""
        for name, own in config.clips.systems.items()
    }
    return config.model_copy(
        update={
            "data_dir": str((data_dir or folder / config.data_dir).resolve()),
            "corpus": config.corpus.model_copy(update={"source": _place_path(source, folder)}),
            "clips": config.clips.model_copy(update={"systems": systems}),
            "synthesis": config.synthesis.model_copy(update={"soundfont": _place_path(soundfont, folder)}),
            "recruitment": config.recruitment.model_copy(
                update={"consent": str((folder / consent).resolve()) if consent else None}
            ),
        }
    )


def _place_path(name: str, folder: Path) -> str:
    """Return the absolute path of what a name stands for in a folder, or the name where it is no path."""
    path = folder / Path(name).expanduser()
    is_path = "/" in name or (path.exists() and name not in NAMED_CORPORA)
    return str(path.resolve()) if is_path else name


def _validate(raw: dict[str, Any]) -> tuple[Config | None, list[str]]:
    try:
        # As JSON, because strict validation of Python values would refuse lists for tuples.
        return Config.model_validate_json(json.dumps(raw)), []
    except ValidationError as error:
        mistakes = error.errors()
    problems = [_describe_mistake(mistake) for mistake in mistakes]
    places = {mistake["loc"] for mistake in mistakes} - {()}
    if (
        places
    ):  # rules between keys are checked only where the keys are sound: look again without the bad ones
        for place in places:
            _drop_key(raw, place)
        problems += _validate(raw)[1]
    return None, problems


def _drop_key(raw: dict[str, Any], place: tuple[int | str, ...]) -> None:
    """Remove the key at a place, or the deepest mapping's key on the way to it."""
    holder = raw
    for step in place[:-1]:
        inner = holder.get(str(step))
        if not isinstance(inner, dict):
            holder.pop(str(step), None)
            return
        holder = inner
    holder.pop(str(place[-1]), None)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        raw = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist. Name another with --config.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    except (MarkedYAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not YAML: {error}") from None
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise ConfigError(f"{path} is not a study: it needs keys such as `corpus:` and `trials:`.")
    return raw


def _describe_mistake(mistake: Any) -> str:
    where = ".".join(map(str, mistake["loc"])) or "study"
    what = str(mistake["msg"]).removeprefix("Value error, ")
    if mistake["type"] == "extra_forbidden":
        return f"{where}: no such key; `study config` lists them"
    if mistake["type"] == "value_error":
        return f"{where}: {what}"
    return f"{where}: {what} (got {mistake['input']!r})"
