"""config.yaml's sections on how pieces become clips, and clips stimuli."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_serializer, field_validator

from study_core.errors import ConfigError, list_problems
from study_core.section import Section
from study_core.systems import GENERATORS, read_systems
from study_core.types import HUMAN

Share = Annotated[float, Field(gt=0, lt=0.5)]
PositiveInt = Annotated[int, Field(gt=0)]
FileName = Annotated[str, Field(min_length=1)]
"""A path, or a name that stands for one; empty it would be the folder of config.yaml."""


class CorpusConfig(Section):
    """Which pieces, and how they are split."""

    source: FileName = "pokemon"
    validation_share: Share = 0.10
    test_share: Share = 0.18


class TrainingConfig(Section):
    """How long each generator trains."""

    lstm_steps: PositiveInt = 480
    gan_steps: PositiveInt = 120


class ArticleConfig(Section):
    """The 2018 article's generators: their size, and which of its faults they keep."""

    scale: Annotated[float, Field(gt=0, le=1)] = 0.125
    lstm_steps: PositiveInt = 1000
    gan_steps: PositiveInt = 1000
    bidirectional: bool = True
    pretraining_steps: Annotated[int, Field(ge=0)] = 0
    faults: tuple[
        Literal["divides_twice", "likeliest_token", "untrained_discriminator", "reads_242"], ...
    ] = ()


class ClipsConfig(Section):
    """Which systems compose, how many clips, and how they sample."""

    systems: dict[str, str] = Field(default={"lstm": "", "gan": ""})
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

    @property
    def needs_corpus(self) -> bool:
        """Tell whether any clip is made of pieces: no, where every system, the human one too, is a folder."""
        return HUMAN not in self.systems or not all(self.systems.values())

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

    soundfont: FileName = "FluidR3_GM"
    sample_rate_hz: Literal[32000, 44100, 48000] = 44100
    loudness_lufs: Annotated[float, Field(ge=-40, le=-10)] = -20
    true_peak_dbtp: Annotated[float, Field(ge=-12, le=0)] = -1
    lead_in_s: Annotated[float, Field(ge=0, le=1)] = 0.05
    fade_out_s: Annotated[float, Field(ge=0, le=5)] = 1.5
    mp3_kbps: Literal[64, 80, 96, 112, 128, 160, 192, 224, 256, 320] = 128
    opus_kbps: Annotated[int, Field(ge=32, le=256)] | None = None
