"""The shape that every noun shares: frozen, no unknown field, no NaN, no naive time."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value that is derived anew, never edited (`model_copy(update=…)` makes the next one)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
