"""What happened, as typed events: one model each, one discriminated union, written once."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, TypeAdapter

from perun.tools.domain.account_events import AccountMarked as AccountMarked
from perun.tools.domain.account_events import DifferenceBooked as DifferenceBooked
from perun.tools.domain.account_events import DifferencesAcknowledged as DifferencesAcknowledged
from perun.tools.domain.account_events import StateChanged as StateChanged
from perun.tools.domain.chat_events import ChatEvent as ChatEvent
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.memory_events import LessonLearned as LessonLearned
from perun.tools.domain.memory_events import OutcomesKnown as OutcomesKnown
from perun.tools.domain.orders import Fill, Order, OrderTerms
from perun.tools.domain.prompt_events import CandidateJudged as CandidateJudged
from perun.tools.domain.prompt_events import CandidatesSought as CandidatesSought
from perun.tools.domain.prompt_events import PromptAdded as PromptAdded
from perun.tools.domain.prompt_events import PromptLabelled as PromptLabelled
from perun.tools.domain.prompt_events import ShadowPlayed as ShadowPlayed
from perun.tools.domain.prompt_events import WindowWeighed as WindowWeighed
from perun.tools.domain.replay_events import ReplayTried as ReplayTried
from perun.tools.domain.research import Finding
from perun.tools.domain.run_events import CommandGiven as CommandGiven
from perun.tools.domain.run_events import CycleEnded as CycleEnded
from perun.tools.domain.run_events import CycleStarted as CycleStarted
from perun.tools.domain.run_events import NodeFinished as NodeFinished
from perun.tools.domain.run_events import NodeStarted as NodeStarted
from perun.tools.domain.run_events import NoticesTaken as NoticesTaken
from perun.tools.domain.run_events import Reconciled as Reconciled
from perun.tools.domain.signals import Advice, TradingSignal
from perun.tools.domain.verdicts import Verdict


class Usage(Frozen):
    """What model calls cost: requests made, tokens read and written, and US dollars."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_usd=self.cost_usd + other.cost_usd,
        )


class SnapshotTaken(Frozen):
    """What the desk knew of market and account when the cycle began."""

    kind: Literal["snapshot"] = "snapshot"
    snapshot: dict[str, Any]


class MemoryHit(Frozen):
    """A memory that reached a prompt."""

    id: str
    kind: str
    score: float | None
    """What it counted for the situation, for a hit by meaning; None for a hit by recency."""
    as_of: AwareDatetime
    score_parts: dict[str, float] = Field(default_factory=dict)
    """Meaning, likeness, recency and usefulness, of which the score is made; empty for a hit by recency."""
    age_days: int = 0
    """How old it was for the cycle that recalled it."""


class MemoriesRecalled(Frozen):
    """What came to mind for a symbol."""

    kind: Literal["memory.recalled"] = "memory.recalled"
    symbol: str
    hits: tuple[MemoryHit, ...]


class ResearchRead(Frozen):
    """What the researcher found for a symbol, or why it abstained."""

    kind: Literal["research"] = "research"
    symbol: str
    findings: tuple[Finding, ...]
    abstained: str = ""


class Called(Frozen):
    """A tool that a model asked for: the name and the arguments are its raw text."""

    id: str
    name: str
    arguments: str


class ModelAsked(Frozen):
    """One turn with a model, exactly as it was sent and answered."""

    kind: Literal["model.asked"] = "model.asked"
    key: str
    """Names the request within its cycle: role, symbol and the how-manieth it is of this turn, tool rounds and repairs
    included. A recorded answer is never asked for again."""
    role: str
    symbol: str | None
    model: str
    prompt: str
    prompt_hash: str
    messages: tuple[tuple[str, str], ...]
    """(speaker, text) pairs."""
    offered: tuple[str, ...] = ()
    """The tools that it might have asked for."""
    answer: str
    """The raw text of the answer; empty when none came."""
    calls: tuple[Called, ...] = ()
    """The tools that it asked for, in its order."""
    missed: tuple[str, ...] = ()
    """Why minds that were asked before this one did not answer, a line each; their requests are in the usage."""
    problem: str = ""
    """Why no answer came; empty when one did, whether or not it could be used."""
    usage: Usage
    seconds: float


class ToolCalled(Frozen):
    """One call of a READ tool, and what it told. A recorded result is never asked for again."""

    kind: Literal["tool.called"] = "tool.called"
    key: str
    """The key of the request in which the model asked for it, a stroke, and the call's place there."""
    role: str
    symbol: str | None
    tool: str
    """As the model wrote it, cut short: there may be no such tool."""
    arguments: str
    """Likewise."""
    result: str
    evidence: tuple[str, ...] = ()
    """Ids that the result gives to be cited."""
    tainted: tuple[str, ...] = ()
    """Those of them that come from text which anybody may have written."""
    refused: bool = False
    """True when the result says why there is no answer."""
    seconds: float


class NumbersUnverified(Frozen):
    """An agent gave numbers as reasons that stand in nothing it was shown."""

    kind: Literal["numbers.unverified"] = "numbers.unverified"
    role: str
    symbol: str
    numbers: tuple[str, ...]
    """As they were written."""
    said: int
    """The confidence or conviction that was said, 0 to 100."""
    stands: int
    """What is left of it."""


class EvidenceTainted(Frozen):
    """An agent rested on nothing but text from outside, or on nothing that it was shown at all."""

    kind: Literal["evidence.tainted"] = "evidence.tainted"
    role: str
    symbol: str
    evidence: tuple[str, ...]
    said: int
    """The confidence or conviction that was said, 0 to 100."""
    stands: int
    """What is left of it; for the trader's BUY as much, for it became a HOLD."""


class AgentAbstained(Frozen):
    """An agent gave no opinion, and why."""

    kind: Literal["agent.abstained"] = "agent.abstained"
    role: str
    symbol: str | None
    reason: str


class ReportWritten(Frozen):
    """An analyst's report on one symbol."""

    kind: Literal["report"] = "report"
    symbol: str
    report: dict[str, Any]


class SignalFormed(Frozen):
    """What the trader wishes for one symbol."""

    kind: Literal["signal"] = "signal"
    signal: TradingSignal
    tainted: bool = False
    """The trader read words that go back to text from outside."""


class AdviceGiven(Frozen):
    """What the risk manager said of one signal."""

    kind: Literal["advice"] = "advice"
    advice: Advice


class VerdictGiven(Frozen):
    """What the gate measured and allowed; `stage` is the plan's gate or the check at the wire."""

    kind: Literal["verdict"] = "verdict"
    stage: Literal["gate", "wire"]
    verdict: Verdict


class IntentWritten(Frozen):
    """An order is about to be sent: the wire body is durable from here on."""

    kind: Literal["intent"] = "intent"
    terms: OrderTerms
    body_hash: str


class OrderUpdated(Frozen):
    """What the broker made of an order."""

    kind: Literal["order"] = "order"
    order: Order


class FillBooked(Frozen):
    """Shares changed hands."""

    kind: Literal["fill"] = "fill"
    fill: Fill


class MemoryWritten(Frozen):
    """What the desk will remember of this cycle."""

    kind: Literal["memory.written"] = "memory.written"
    ids: tuple[str, ...]


class ErrorNoted(Frozen):
    """Something went wrong and the cycle went on."""

    kind: Literal["error"] = "error"
    where: str
    code: str
    message: str


Event = Annotated[
    CycleStarted
    | NodeStarted
    | NodeFinished
    | CommandGiven
    | Reconciled
    | SnapshotTaken
    | MemoriesRecalled
    | ResearchRead
    | ModelAsked
    | ToolCalled
    | NumbersUnverified
    | EvidenceTainted
    | AgentAbstained
    | ReportWritten
    | SignalFormed
    | AdviceGiven
    | VerdictGiven
    | IntentWritten
    | OrderUpdated
    | FillBooked
    | StateChanged
    | AccountMarked
    | DifferencesAcknowledged
    | DifferenceBooked
    | MemoryWritten
    | OutcomesKnown
    | LessonLearned
    | ErrorNoted
    | PromptAdded
    | PromptLabelled
    | WindowWeighed
    | CandidateJudged
    | CandidatesSought
    | ShadowPlayed
    | ReplayTried
    | ChatEvent
    | NoticesTaken
    | CycleEnded,
    Field(discriminator="kind"),
]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
"""Reads and writes any event as JSON."""
