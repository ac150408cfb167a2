"""The rules of the one door: who may clear an order, who may hold the hand that trades, who may choose the way."""

import ast
from collections.abc import Iterator

from architecture.source import Fault, Rule, Source, never_in, only_in

WRITERS = ("OrderWriter", "EmbeddedWriter", "AlpacaWriter")
HANDS = (*WRITERS, "GatedBroker", "Hand", "Exchange")
"""All that could place an order, if a node held it."""


def _clears(source: Source) -> Iterator[Fault]:
    yield from source.says(["_SEAL"])
    for node in source.nodes:
        match node:
            case ast.Call(func=ast.Name(id="ClearedOrder") | ast.Attribute(attr="ClearedOrder")):
                yield node.lineno, "makes a ClearedOrder"
            case ast.alias(name="ClearedOrder", asname=str(name)):
                yield node.lineno, f"imports ClearedOrder under another name, {name}"
            case ast.Constant(value="ClearedOrder"):
                yield node.lineno, "asks for ClearedOrder by text"


def _sends(source: Source) -> Iterator[Fault]:
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr in {"submit", "place"}:
            yield node.lineno, f"reaches for .{node.attr} (if it is no broker's, call it otherwise or name it here)"


def _pries(source: Source) -> Iterator[Fault]:
    """Where it touches what is private to another: behind a book there is a line, or an exchange."""
    for node in source.nodes:
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls") | ast.Call(func=ast.Name(id="super"))):
                continue
            case ast.Attribute(attr=name) if name.startswith("_") and not name.startswith("__"):
                yield node.lineno, f"touches .{name}, which is private to another"


RULES = (
    Rule(
        "only the gate clears an order",
        only_in(["tools/domain/orders.py", "tools/risk/gate.py"], _clears),
        bad=(
            ("graph/nodes/execute.py", "order = ClearedOrder(terms, seal)"),
            ("graph/nodes/execute.py", "order = orders.ClearedOrder(terms, seal)"),
            ("tools/brokerage/gated.py", "from perun.tools.domain.orders import _SEAL"),
            ("tools/brokerage/gated.py", "seal = getattr(orders, '_SEAL')"),
            ("tools/brokerage/gated.py", "make = getattr(orders, 'ClearedOrder')"),
            ("tools/risk/sizing.py", "from perun.tools.domain.orders import ClearedOrder as Terms"),
        ),
        good=(
            ("tools/risk/gate.py", "order = ClearedOrder(terms, _SEAL)"),
            ("tools/brokerage/gated.py", "def send(order: ClearedOrder) -> None: ..."),
        ),
    ),
    Rule(
        "only the brokerage and the wiring know an order writer",
        only_in(
            ["tools/domain/ports.py", "tools/brokerage", "graph/app/venues.py"], lambda source: source.says(WRITERS)
        ),
        bad=(
            ("graph/nodes/execute.py", "from perun.tools.domain.ports import OrderWriter"),
            ("graph/nodes/execute.py", "def f(writer: ports.OrderWriter): ..."),
            ("graph/cycle.py", "writer: 'EmbeddedWriter'"),
        ),
        good=(
            ("tools/brokerage/gated.py", "from perun.tools.domain.ports import OrderWriter"),
            ("graph/app/venues.py", "hand = EmbeddedWriter(exchange)"),
        ),
    ),
    Rule(
        "only the gated wire, the node execute and a person's flatten send",
        only_in(
            [
                "tools/brokerage/gated.py",
                "tools/brokerage/embedded",
                "graph/nodes/execute.py",
                "graph/protecting.py",  # shares that no stop can guard leave, through the gated broker like all else
                "graph/app/commanding.py",  # flatten: a person closes positions, through the gated broker like all else
            ],
            _sends,
        ),
        bad=(
            ("graph/nodes/gate.py", "desk.broker.place(proposal, journal)"),
            ("tools/brokerage/observing.py", "writer.submit(order)"),
            ("agents/trader.py", "send = broker.submit"),
        ),
        good=(("graph/nodes/execute.py", "self._hand.broker.place(proposal, self)"), ("graph/cycle.py", "submit = 1")),
    ),
    Rule(
        # The server is the broker's side of the wire: what comes in there was cleared, if at all, by somebody else's
        # gate, and is held against the exchange's own rules. Our own desk has no way to write a ticket.
        "only the exchange's own server takes tickets of other programs",
        only_in(
            ["tools/brokerage/embedded", "graph/app/exchange_server"],
            lambda source: source.says(["Ticket", "take_ticket", "replace_order"]),
        ),
        bad=(
            ("tools/brokerage/gated.py", "from perun.tools.brokerage.embedded.ticket import Ticket"),
            ("graph/nodes/execute.py", "exchange.take_ticket(ticket)"),
            ("graph/app/wiring.py", "replace = exchange.replace_order"),
            ("agents/trader.py", "take = getattr(exchange, 'take_ticket')"),
        ),
        good=(
            ("graph/app/exchange_server/orders.py", "at.exchange.take_ticket(body.ticket())"),
            ("tools/brokerage/embedded/exchange.py", "def take_ticket(self, ticket: Ticket) -> Order: ..."),
        ),
    ),
    Rule(
        "the desk holds no hand",
        never_in(["graph/desk.py"], lambda source: source.says(HANDS)),
        bad=(("graph/desk.py", "class Desk:\n    broker: GatedBroker"), ("graph/desk.py", "writer: 'OrderWriter'")),
        good=(("graph/desk.py", "class Desk:\n    book: BookReader"), ("graph/app/wiring.py", "Hand(GatedBroker())")),
    ),
    Rule(
        "minds and memory do not know the brokerage",
        never_in(["agents", "memory"], lambda source: source.reaches(["perun.tools.brokerage"])),
        bad=(
            ("agents/trader.py", "import perun.tools.brokerage.gated"),
            ("agents/trader.py", "from perun.tools import brokerage"),
            ("memory/recall.py", "from perun.tools.brokerage.observing import observe"),
            ("memory/recall.py", "import_module('perun.tools.brokerage.gated')"),
        ),
        good=(("agents/trader.py", "from perun.tools.domain.ports import BookReader"),),
    ),
    Rule(
        "nodes, minds and their tools touch nothing that is private to another",
        never_in(["agents", "graph/nodes", "tools/toolbox", "graph/shelves.py"], _pries),
        bad=(
            ("graph/nodes/trade.py", "runtime.context.book._line.ask('POST', '/orders', {})"),
            ("agents/trader.py", "send = broker._writer"),
        ),
        good=(
            ("graph/nodes/trade.py", "runtime.context.book.portfolio()"),
            ("agents/trader.py", "class Bench:\n    def f(self): return self._tape"),
        ),
    ),
    Rule(
        "only the node gate chooses its successor",
        only_in(
            # The chat gives a person's answer to a turn that waits for it: its graph has no node that trades.
            ["graph/nodes/gate.py", "graph/chat/confirming.py"],
            lambda source: source.says(["Command", "goto"]),
        ),
        bad=(
            ("graph/nodes/trade.py", "from langgraph.types import Command"),
            ("graph/nodes/trade.py", "from langgraph.types import Command as Go"),
            ("graph/nodes/trade.py", "return types.Command(goto='execute')"),
        ),
        good=(("graph/nodes/gate.py", "Command(goto='execute')"), ("graph/ledger/migrating.py", "command.upgrade()")),
    ),
    Rule(
        "no node is retried: a retry could send twice",
        lambda source: source.says(["RetryPolicy", "retry_policy"]),
        bad=(
            ("graph/builder.py", "from langgraph.types import RetryPolicy"),
            ("graph/builder.py", "cycle.add_node('execute', execute, retry_policy=policy)"),
        ),
        good=(("graph/builder.py", "cycle.add_node('execute', execute)"),),
    ),
)
