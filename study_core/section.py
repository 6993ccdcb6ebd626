"""What all sections of config.yaml have in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of the config: unknown keys and wrong types are refused, values cannot change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
