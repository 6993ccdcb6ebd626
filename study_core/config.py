"""config.yaml as frozen, typed sections; a function receives its own section, never the whole."""

import json
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from study_core.errors import ConfigError, list_problems
from study_core.folders import DataFolders
from study_core.participation import (
    DebriefingConfig,
    PracticeConfig,
    QuestionsConfig,
    RecruitmentConfig,
    ScreeningConfig,
    TrialsConfig,
)
from study_core.production import (
    ArticleConfig,
    ClipsConfig,
    CorpusConfig,
    FileName,
    SynthesisConfig,
    TrainingConfig,
)
from study_core.section import Section
from study_core.types import HUMAN

NAMED_CORPORA = ("pokemon", "chorales")
SOUNDFONT_TYPES = (".sf2", ".sf3")
PositiveInt = Annotated[int, Field(gt=0)]


class ServerConfig(Section):
    """Where the study server listens."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    threads: Annotated[int, Field(ge=1, le=256)] = 6
    public_url: Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+$")] | None = None
    trusted_proxy: Annotated[str, Field(min_length=1)] | None = None
    webhook_url: Annotated[str, Field(pattern=r"^https?://[^\s<>\"]+$")] | None = None
    stalled_minutes: PositiveInt = 180


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
    reasons: dict[str, tuple[str, ...]] = Field(
        default={
            "melody": ("melod", "tune", "theme", "motif", "phras", "catchy"),
            "rhythm": ("rhythm", "beat", "tempo", "timing", "meter", "metre", "syncop"),
            "harmony": ("harmon", "chord", "dissonan", "key", "wrong note", "clash", "off-key"),
            "repetition": ("repeat", "repetit", "loop", "same"),
            "structure": ("structur", "form", "random", "direction", "aimless", "build", "ending", "coheren"),
            "expression": ("express", "emotion", "feel", "mechanic", "robot", "stiff", "soul"),
            "texture": ("textur", "voice", "bass", "dense", "busy", "empty", "pause", "silence", "gap"),
            "recognition": ("know", "knew", "heard before", "familiar", "recogni", "pok"),
        }
    )


class Config(Section):
    """A whole study."""

    title: Annotated[str, Field(min_length=1)] = "Who's That Composer?"
    version: Annotated[str, Field(min_length=1)] = "1"
    seed: Annotated[int, Field(ge=0)] = 2018
    data_dir: FileName = "data"
    corpus: CorpusConfig = CorpusConfig()
    training: TrainingConfig = TrainingConfig()
    article: ArticleConfig = ArticleConfig()
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
        n_practised = self.practice.trials * self.trials.clips_per_page
        most = max(self.trials.per_participant.values()) + (n_practised + 1) // 2
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

    def place(path: str) -> str:
        return str((folder / Path(path).expanduser()).resolve())

    source, soundfont = config.corpus.source, config.synthesis.soundfont
    consent = config.recruitment.consent
    systems = {name: place(own) if own else "" for name, own in config.clips.systems.items()}
    return config.model_copy(
        update={
            "data_dir": str(data_dir.resolve()) if data_dir else place(config.data_dir),
            "corpus": config.corpus.model_copy(update={"source": _place_path(source, folder)}),
            "clips": config.clips.model_copy(update={"systems": systems}),
            "synthesis": config.synthesis.model_copy(update={"soundfont": _place_path(soundfont, folder)}),
            "recruitment": config.recruitment.model_copy(
                update={"consent": place(consent) if consent else None}
            ),
        }
    )


def _place_path(name: str, folder: Path) -> str:
    """Return the absolute path of what a name stands for in a folder, or the name where it is no path."""
    path = folder / Path(name).expanduser()
    is_path = (
        "/" in name or name.lower().endswith(SOUNDFONT_TYPES) or (path.exists() and name not in NAMED_CORPORA)
    )
    return str(path.resolve()) if is_path else name


def _validate(raw: dict[str, Any]) -> tuple[Config | None, list[str]]:
    try:
        # As JSON, because strict validation of Python values would refuse lists for tuples.
        return Config.model_validate_json(json.dumps(raw)), []
    except ValidationError as error:
        mistakes = error.errors()
    problems = [_describe_mistake(mistake) for mistake in mistakes]
    places = {mistake["loc"] for mistake in mistakes} - {()}
    if places:
        # Rules between keys are checked only where the keys are sound: look again without the bad ones.
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
        raw = json.loads(
            json.dumps(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")), default=_spell)
        )
    except FileNotFoundError:
        raise ConfigError(
            f"{path.absolute()} does not exist. Begin a study with `study init`, go to the folder of one, "
            "or name its file with --config."
        ) from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not YAML: {error}") from None
    except (TypeError, ValueError):
        raise ConfigError(
            f"{path} is not YAML: it has a value that holds itself, or a key that is no word."
        ) from None
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise ConfigError(f"{path} is not a study: it needs keys such as `corpus:` and `trials:`.")
    return raw


def _spell(value: object) -> object:
    """Return what JSON has for what only YAML has: a list for a set, for a date the word that was written."""
    return sorted(value) if isinstance(value, set) else str(value)


def _describe_mistake(mistake: Any) -> str:
    where = ".".join(map(str, mistake["loc"])) or "study"
    what = str(mistake["msg"]).removeprefix("Value error, ")
    if mistake["type"] == "extra_forbidden":
        return f"{where}: no such key; {_suggest_key(where)}"
    if mistake["type"] == "value_error":
        return f"{where}: {what}"
    return f"{where}: {what} (got {mistake['input']!r})"


def _suggest_key(where: str) -> str:
    """Return which key was meant, or where all of them stand."""
    sections = Config().model_dump()
    keys = [f"{name}.{key}" for name, value in sections.items() if isinstance(value, dict) for key in value]
    close = get_close_matches(where, [*sections, *keys], n=1, cutoff=0.7)
    return f"did you mean {close[0]}?" if close else "docs/config.md lists them"
