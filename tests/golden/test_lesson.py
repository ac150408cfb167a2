"""What an analyst reads when the desk remembers what came of a trade and of a signal."""

from datetime import UTC, date, datetime
from decimal import Decimal

from perun.agents.analyst import analyse
from perun.agents.asking import Asker
from perun.agents.facts import Remembered
from perun.agents.prompting import load_prompts
from perun.agents.roles import MENTOR
from perun.graph.lesson_words import Wording
from perun.memory.aftermath import Horizon, Outcome
from perun.memory.entries import Kind, MemoryEntry, entry_id
from perun.memory.outcomes import told
from perun.memory.reflection import Slots, lesson
from perun.tools.domain.errors import ModelUnavailable
from support import agent_facts
from support.golden import Golden
from support.minds import PROMPTS, MemoryTape, ScriptedMind, asker

WRITTEN = datetime(2026, 11, 2, tzinfo=UTC)


def outcome(horizon: Horizon, day: int, change: str, excess: str) -> Outcome:
    """An outcome known in February 2013."""
    return Outcome(
        horizon=horizon,
        known_at=datetime(2013, 2, day, 21, tzinfo=UTC),
        sessions=5,
        change=Decimal(change),
        excess=Decimal(excess),
        worst=Decimal("-0.0310"),
    )


def signal() -> MemoryEntry:
    """A BUY of the sixth, five sessions later."""
    return MemoryEntry(
        id=entry_id(Kind.SIGNAL, "2013-02-06", "AAPL"),
        kind=Kind.SIGNAL,
        symbols=("AAPL",),
        as_of=datetime(2013, 2, 6, 21, tzinfo=UTC),
        written_at=WRITTEN,
        cycle_id="2013-02-06",
        source="trader",
        text="AAPL: BUY with confidence 0.80. The trend is up and we hold none. The gate cleared it.",
        outcomes=(outcome(Horizon.FIVE, 13, "-0.0180", "-0.0240"),),
    )


def slots() -> Slots:
    """The stop-out of that purchase."""
    return Slots(
        symbol="AAPL",
        wished="BUY",
        confidence=0.8,
        on=date(2013, 2, 7),
        outcome=outcome(Horizon.CLOSED, 13, "-0.0310", "-0.0365"),
        bought=Decimal("101.20"),
        sold=Decimal("98.06"),
        stopped=True,
        setup="AAPL: overbought, uptrend. Closed at 101.1; return over 20 sessions 0.0812, RSI 74.2.",
    )


def learned() -> MemoryEntry:
    """What it taught."""
    written = lesson(slots(), "order", [signal()], WRITTEN)
    assert written
    return written


def test_when_the_desk_learned_a_lesson_then_the_analyst_reads_it_as_the_golden_file_says(golden: Golden) -> None:
    memories = tuple(
        Remembered(evidence=each.evidence, kind=each.kind, as_of=each.as_of, text=told(each))
        for each in (learned(), signal())
    )
    mind = ScriptedMind(lambda question: ModelUnavailable("only the question matters here"))
    analyse(asker(mind), agent_facts.analyst_facts(memories=memories))
    golden("prompts/analyst_with_a_lesson.md", page(mind))


def test_when_a_lesson_is_to_be_worded_then_the_mentor_reads_it_as_the_golden_file_says(golden: Golden) -> None:
    mind = ScriptedMind(lambda question: ModelUnavailable("only the question matters here"))
    prompts = load_prompts(PROMPTS, {MENTOR.name: MENTOR.holes})
    Wording(Asker({MENTOR.name: mind}, prompts, MemoryTape())).of("order")(slots())
    golden("prompts/mentor.md", page(mind))


def page(mind: ScriptedMind) -> str:
    """The first question that the mind was asked."""
    messages = mind.questions[0].messages
    return "\n\n".join(f"<!-- {message.speaker} -->\n\n{message.text}" for message in messages) + "\n"
