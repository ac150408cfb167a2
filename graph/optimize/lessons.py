"""What a rewrite learns from: the decisions that came out worst, what the agent was shown and what it said."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from perun.graph.optimize.scoring import HORIZON, loss
from perun.graph.replay.telling import Decision
from perun.tools.domain.events import Event, ModelAsked

MOST: Final = 3
"""Cases of one stretch of days."""
SHOWN: Final = 2500
"""Most characters of what the agent was shown."""
SAID: Final = 800
"""Most characters of what it said."""


def cases(decisions: Sequence[Decision], events: Mapping[str, Sequence[Event]], agent: str) -> Iterator[str]:
    """The worst decisions as text, the worst first.

    Args:
        decisions: of the stretch; those of which nobody knows yet what came are passed over.
        events: by slot, the record of its cycle.
        agent: whose prompt is to be rewritten.
    """
    judged = [(value, each) for each in decisions if (value := loss(each)) is not None]
    for value, each in sorted(judged, key=lambda pair: (-pair[0], pair[1].slot, pair[1].symbol))[:MOST]:
        yield f"{_outcome(each, value)}\n{_turn(events.get(each.slot, ()), agent, each.symbol)}"


def _outcome(decision: Decision, value: float) -> str:
    change = decision.excess[HORIZON]
    assert change is not None, "a loss is known only where the change is"
    said = f"{decision.action} of {decision.symbol} with a confidence of {decision.confidence:.0%}"
    denied = f" The gate denied it: {', '.join(decision.breaches)}." if decision.breaches else ""
    return (
        f"The decision was {said}. Over {HORIZON} sessions the share then did {change:+.1%} against the mean of the "
        f"watched ones: a loss of {value:.2f}, where 0 is perfect and 0.25 a coin.{denied}"
    )


def _turn(events: Sequence[Event], agent: str, symbol: str) -> str:
    """What the agent was shown for the symbol and what it answered in the end."""
    asked = [event for event in events if isinstance(event, ModelAsked) and event.role == agent]
    own = [event for event in asked if event.symbol in (None, symbol)]
    if not own:
        return f"The {agent} was not asked."
    shown = next((text for speaker, text in own[0].messages if speaker == "user"), "")
    return f"It was shown:\n{shown[:SHOWN]}\nIt answered:\n{own[-1].answer[:SAID]}"
