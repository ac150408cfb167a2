"""No way round the gate: whoever reaches for a broker without a cleared order fails, and no order of his stands there.

Who may try: whatever claims to be a cleared order, a node, a node that jumps to *execute*, a mind, a model's call of a
tool, a tool, the chat. `tests/architecture/one_door.py` forbids the same in the source; here it is done all the same.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
from langgraph.runtime import Runtime
from langgraph.types import Command

from conformance.broker import BROKERS, BrokerUnderTest
from perun.agents.baseline import Baseline
from perun.agents.models import Question, Reply, ToolCall
from perun.graph import builder
from perun.graph.app.wiring import open_floor
from perun.graph.cycle import run_cycle
from perun.graph.desk import Desk
from perun.graph.ledger.ledger import Ledger
from perun.graph.nodes.execute import Hand
from perun.graph.shelves import portfolio_shelf
from perun.graph.state import CycleState
from perun.tools.brokerage.alpaca.writer import AlpacaWriter
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.brokerage.embedded.writer import EmbeddedWriter
from perun.tools.brokerage.gated import GatedBroker
from perun.tools.domain.events import ToolCalled, Usage
from perun.tools.domain.orders import Leg, Order
from perun.tools.domain.signals import Action, TradingSignal
from perun.tools.risk.gate import Proposal
from support.exchange import buy, cleared
from support.floor import parts, settings
from support.forgeries import FORGERIES, Forgery
from support.reaching import within

SYMBOLS = ("AAPL", "IBM")
HANDS = (EmbeddedWriter, AlpacaWriter, GatedBroker, Hand)
Node = Callable[[CycleState, Runtime[Desk]], Any]


# Whatever claims to be a cleared order


@pytest.fixture(params=sorted(BROKERS))
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BrokerUnderTest]:
    with BROKERS[request.param](tmp_path) as under_test:
        yield under_test


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_when_something_claims_to_be_cleared_then_no_broker_takes_it(broker: BrokerUnderTest, forge: Forgery) -> None:
    forged = forge(broker.clear(buy(10, stop_loss="95")))
    with pytest.raises(TypeError):
        broker.writer.submit(forged)  # type: ignore[arg-type] # that is the point
    assert broker.reader.order("order") is None
    assert broker.reader.working_orders() == ()


def test_when_the_gate_cleared_it_then_every_broker_takes_it(broker: BrokerUnderTest) -> None:
    assert broker.writer.submit(broker.clear(buy(10, stop_loss="95"))).qty == 10


# A node


@dataclass
class Raid:
    """Cycles in which somebody is not what he should be, each on a desk of its own."""

    folder: Path
    patch: pytest.MonkeyPatch
    orders: tuple[Order, ...] = ()
    """Every order at the exchange after the last one, also when it broke."""
    calls: tuple[ToolCalled, ...] = ()
    """Every call of a tool in it."""

    def by(self, rogue: Node | None = None, mind: Baseline | None = None, **lines: Any) -> tuple[Order, ...]:
        """One cycle whose trader is the rogue, or whose every mind is this one: the orders at the exchange."""
        self.folder = self.folder / "desk"
        with self.patch.context() as patch, open_floor(settings(self.folder, **lines), parts(mind)) as floor:
            patch.setattr(builder, "trade", rogue or builder.trade)
            try:
                run_cycle(floor, SYMBOLS)
            finally:
                self.orders = floor.book._exchange.orders()  # type: ignore[attr-defined] # the embedded one
                self.calls = tuple(_calls(floor.hand.ledger))
        return self.orders


def _calls(ledger: Ledger) -> Iterator[ToolCalled]:
    for stream in ledger.events.streams():
        yield from (each.event for each in ledger.events.read(stream) if isinstance(each.event, ToolCalled))


@pytest.fixture
def raid(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Raid:
    return Raid(tmp_path, monkeypatch)


def forged_wish(desk: Desk, state: CycleState, shares: int = 1_000_000) -> Proposal:
    """What the gate would have written for a very large purchase, had it cleared one."""
    signal = TradingSignal(symbol="AAPL", action=Action.BUY, confidence=1.0, rationale="mine")
    name, now = desk.order_id("AAPL", Leg.ENTRY), state["snapshot"].as_of
    return Proposal(signal=signal, client_order_id=name, ceiling=Decimal(shares), decided_at=now)


def to_execute(make: Callable[[Desk, CycleState], object]) -> Node:
    """A trader that signals nothing and jumps to *execute* with what it made, past the edges that are drawn."""

    def trade(state: CycleState, runtime: Runtime[Desk]) -> Any:
        made = make(runtime.context, state)
        return Command(update={"signals": (), "verdicts": (), "proposals": (made,)}, goto="execute")

    return trade


TIGHT = [("max_open_positions", "0"), ("restricted_symbols", "AAPL"), ("max_order_notional", "1")]


@pytest.mark.parametrize(("limit", "least"), TIGHT)
def test_when_a_node_jumps_to_execute_with_a_wish_that_breaks_a_limit_then_the_wire_denies_it(
    raid: Raid, limit: str, least: str
) -> None:
    assert raid.by(to_execute(forged_wish), **{limit: least}) == ()


def test_when_a_node_jumps_to_execute_with_a_huge_wish_then_no_more_is_bought_than_the_limits_allow(raid: Raid) -> None:
    entry, stop = raid.by(to_execute(forged_wish), max_order_notional="1000")
    assert entry.filled_avg_price is not None
    assert 0 < entry.qty * entry.filled_avg_price <= 1000
    assert (stop.parent, stop.qty) == (entry.client_order_id, entry.qty), "and not without its stop"


def test_when_a_node_jumps_to_execute_after_the_desk_was_halted_then_nothing_is_sent(raid: Raid) -> None:
    def halted_meanwhile(desk: Desk, state: CycleState) -> Proposal:
        (raid.folder / "HALT").touch()
        return forged_wish(desk, state)

    assert raid.by(to_execute(halted_meanwhile)) == ()


STATES: dict[str, Callable[[Desk, CycleState], object]] = {
    "a cleared order": lambda desk, state: cleared(buy(10, stop_loss="10")),
    "the terms of one": lambda desk, state: buy(10, stop_loss="10"),
    "a dictionary": lambda desk, state: forged_wish(desk, state).model_dump(),
    "a wish that skipped its checks": lambda desk, state: Proposal.model_construct(
        signal=TradingSignal.model_construct(symbol="AAPL", action="BUY", confidence=Decimal("NaN")),
        client_order_id="mine",
        ceiling=Decimal(-1),
        decided_at=None,
        advice=None,
    ),
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_when_a_node_jumps_to_execute_with_a_forged_state_then_nothing_is_sent(
    raid: Raid, state: Callable[[Desk, CycleState], object]
) -> None:
    with pytest.raises((TypeError, AttributeError, ValueError)):
        raid.by(to_execute(state))
    assert raid.orders == ()


def test_when_a_node_hands_bare_terms_to_the_exchange_behind_its_book_then_it_is_refused(raid: Raid) -> None:
    def trade(state: CycleState, runtime: Runtime[Desk]) -> CycleState:
        runtime.context.book._exchange.submit(buy(10))  # type: ignore[attr-defined] # further than any source may reach
        return {"signals": ()}

    with pytest.raises(TypeError, match="as the gate made it"):
        raid.by(trade)
    assert raid.orders == ()


def test_when_a_node_looks_through_all_that_its_desk_holds_then_there_is_no_hand(raid: Raid) -> None:
    found: dict[str, object] = {}

    def trade(state: CycleState, runtime: Runtime[Desk]) -> CycleState:
        found.update(within(runtime.context))
        return {"signals": ()}

    raid.by(trade)
    assert len(found) > 100, "the desk was looked through"
    assert [path for path, each in found.items() if isinstance(each, HANDS)] == []


# A mind, and a model's call of a tool


def test_when_an_agent_looks_through_all_that_it_is_asked_with_then_there_is_no_broker(
    raid: Raid,
) -> None:
    found: dict[str, object] = {}

    def trade(state: CycleState, runtime: Runtime[Desk]) -> CycleState:
        found.update(within(runtime.context.asker))
        return {"signals": ()}

    raid.by(trade)
    assert len(found) > 20, "it was looked through"
    assert [path for path, each in found.items() if isinstance(each, (*HANDS, Exchange))] == []


class Grasping(Baseline):
    """The baseline, whose every role first calls tools that would trade, if there were any."""

    CALLS = ("place_order", "submit_order", "execute", "broker.submit", "flatten", "clear", "__import__")
    SAID = json.dumps({"symbol": "AAPL", "side": "buy", "qty": 10_000, "type": "market"})

    def reply(self, question: Question) -> Reply:
        if not question.tools or any(message.speaker == "tool" for message in question.messages):
            return super().reply(question)
        wishes = [ToolCall(f"c{number}", name, self.SAID) for number, name in enumerate(self.CALLS)]
        return Reply("", Usage(calls=1), tuple(wishes))


def test_when_a_model_calls_tools_that_would_trade_then_each_is_refused_and_the_orders_are_as_without(
    raid: Raid,
) -> None:
    honest = [(order.symbol, order.side, order.qty) for order in raid.by()]
    grasping = [(order.symbol, order.side, order.qty) for order in raid.by(mind=Grasping())]
    assert {call.tool for call in raid.calls} == set(Grasping.CALLS)
    assert all(call.refused for call in raid.calls)
    assert honest == grasping != []


class Dictating(Baseline):
    """The baseline, whose trader also says how many shares, at which price, and that it is cleared."""

    MORE: ClassVar = {"qty": 10_000, "limit_price": 1, "cleared": True, "order": {"symbol": "AAPL", "qty": 10_000}}

    def reply(self, question: Question) -> Reply:
        said = super().reply(question)
        if question.role != "trader":
            return said
        answer = json.loads(said.text)
        wishes = [{**signal, **self.MORE} for signal in answer["signals"]]
        return Reply(json.dumps({**answer, "signals": wishes, **self.MORE}), said.usage)


def test_when_a_model_s_answer_says_how_many_shares_then_no_order_has_them(raid: Raid) -> None:
    honest = {order.qty for order in raid.by()}
    assert {order.qty for order in raid.by(mind=Dictating())} <= honest


# A tool


def test_when_every_tool_of_the_real_shelves_is_looked_through_then_there_is_no_hand_behind_it(raid: Raid) -> None:
    found: dict[str, object] = {}

    def trade(state: CycleState, runtime: Runtime[Desk]) -> CycleState:
        for tool in portfolio_shelf(runtime.context, state["snapshot"]):
            found.update({f"{tool.name}{path}": each for path, each in within(tool).items()})
        return {"signals": ()}

    raid.by(trade)
    assert len(found) > 20, "they were looked through"
    assert [path for path, each in found.items() if isinstance(each, HANDS)] == []


# The chat: see test_no_way_round_chat.py.
