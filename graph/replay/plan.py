"""What a replay is to be: the days, the symbols, who thinks, how often, and under which control."""

import hashlib
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from perun.graph.replay.cutoff import Knowledge
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Symbol
from perun.tools.domain.money import Amount

Control = Literal["none", "blind", "contradicted", "shuffled"]
"""How the market is altered: not at all; names and dates masked; prices mirrored; returns permuted."""


class Plan(Frozen):
    """A replay, as it can be begun again by anybody with the same days."""

    begins: date
    """The session at whose close the first decision is taken."""
    ends: date
    """The session at whose close the account is measured last; the last decision is taken on the one before."""
    symbols: tuple[Symbol, ...]
    provider: str
    """Who thinks, e.g. `baseline` or `openai`."""
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (0,)
    control: Control = "none"
    control_seed: Annotated[int, Field(ge=0)] = 0
    """Of the draws by which a control alters the market."""
    knowledge: Knowledge = "unknown"
    """Whether the models may have read about the days."""
    cash: Amount
    """Opening cash; US dollars."""
    settings: dict[str, str] = Field(default_factory=dict)
    """Every other setting that bears on decisions or costs, by name, as a person would write it."""
    prompts: dict[str, str] = Field(default_factory=dict)
    """Hash of each agent's prompt."""
    market: str = ""
    """Hash of the recorded market's manifest."""
    news: str = ""
    """Hash of the recorded news; empty where none is read."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends <= self.begins:
            raise ValueError("a replay ends after the session on which it begins")
        return self

    @property
    def told_control(self) -> str:
        """The control as tables and pages name it, e.g. `shuffled, seed 3`."""
        return self.control if self.control == "none" else f"{self.control}, seed {self.control_seed}"

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that name the plan; what was begun under another one is not gone on with."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]
