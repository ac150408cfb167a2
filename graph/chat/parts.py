"""The parts of one decision, each told by template with its citation: report, signal, advice, verdict, order."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

from perun.graph.chat.checking import Claim
from perun.graph.chat.citations import of_event
from perun.graph.chat.record import Record, Row, judged, row_of
from perun.graph.ledger.cycles import Cycle
from perun.graph.trace.denials import in_words
from perun.tools.domain.money import plain
from perun.tools.domain.orders import Order

QUOTED: Final = 300
"""Characters of somebody's words that are repeated."""
MOST_FILLS: Final = 10


def report(cycle: Cycle, story: Row, symbol: str) -> Iterator[Claim]:
    """How the analyst judged the symbol, and his words."""
    if row := row_of(story["reports"], symbol):
        cites = (of_event(cycle, row["event"]),)
        yield Claim(f"The analyst was {row['stance']} on {symbol} with conviction {row['conviction']}.", cites)
        yield Claim(f"The analyst's words: {quoted(row['summary'])}", cites)


def findings(cycle: Cycle, story: Row, symbol: str) -> Iterator[Claim]:
    """What the researcher found out about it."""
    if row := row_of(story["research"], symbol):
        cites = (of_event(cycle, row["event"]),)
        if not row["findings"]:
            yield Claim(f"The researcher found nothing on {symbol}: {quoted(row['abstained'] or 'nothing')}", cites)
        for found in row["findings"]:
            yield Claim(f"The researcher on {symbol}, {found['direction']}: {quoted(found['summary'])}", cites)


def signal(cycle: Cycle, story: Row, symbol: str) -> Iterator[Claim]:
    """What the trader wished, and his words."""
    if row := row_of(story["signals"], symbol):
        cites = (of_event(cycle, row["event"]),)
        wished = f"The trader wished {row['action']} of {symbol} with confidence {row['confidence']:.2f}"
        yield Claim(f"{wished}: {quoted(row['rationale'])}", cites)


def advice(cycle: Cycle, story: Row, symbol: str) -> Iterator[Claim]:
    """The risk manager's ruling, and his words."""
    if row := row_of(story["advice"], symbol):
        cites = (of_event(cycle, row["event"]),)
        ruled = f"The risk manager's ruling on {symbol} was {row['ruling']}, keep {row['keep']}%"
        yield Claim(f"{ruled}: {quoted(row['reason'])}", cites)


def verdict(cycle: Cycle, story: Row, symbol: str) -> Iterator[Claim]:
    """What the gate said, and each rule that stood against it."""
    row = judged(story, symbol)
    if row is None:
        if signal := row_of(story["signals"], symbol):
            said = f"It was a {signal['action']} of {symbol}, so the gate was asked for no order."
            yield Claim(said, (of_event(cycle, signal["event"]),))
        return
    cites = (of_event(cycle, row["event"]),)
    passed = [check for check in row["checks"] if check["passed"]]
    fate = "cleared" if row["cleared"] else "denied"
    size = f" for {row['terms']['qty']} shares" if row["terms"] else ""
    yield Claim(
        f"At the {row['stage']} {symbol} was {fate}{size}: {len(passed)} of {len(row['checks'])} rules passed.", cites
    )
    for check in row["checks"]:
        if not check["passed"]:
            said = f"{symbol} was denied by {check['code']}: {''.join(in_words(check))}"
            yield Claim(said, (*cites, f"[rule:{check['code']}]"))


def order(cycle: Cycle, story: Row, symbol: str) -> Iterator[Claim]:
    """Where each order of the decision stood last."""
    latest = {row["client_order_id"]: row for row in story["orders"] if row["symbol"] == symbol}
    for id_, row in latest.items():
        price = f" at {row['filled_avg_price']}" if row["filled_avg_price"] else ""
        asked = f"The order to {row['side']} {row['qty']} {symbol} ({row['type']})"
        done = f"stood at {row['status']}, {row['filled_qty']} filled{price}."
        yield Claim(f"{asked} {done}", (of_event(cycle, row["event"]), f"[order:{id_}]"))


def order_life(record: Record, known: Order) -> Iterator[Claim]:
    """What an order asked for, where it stands, and its fills."""
    cites = (f"[order:{known.client_order_id}]",)
    stop = f", stop {plain(known.stop_price)}" if known.stop_price else ""
    asked = f"It asked to {known.side} {plain(known.qty)} {known.symbol} ({known.type}{stop})"
    yield Claim(f"{asked}; it stands at {known.status}, {plain(known.filled_qty)} filled.", cites)
    for fill in record.fills(known.client_order_id)[:MOST_FILLS]:
        qty, price, cost = (plain(Decimal(fill[name])) for name in ("qty", "price", "commission"))
        yield Claim(f"{qty} {known.symbol} filled at {price}, commission {cost}.", cites)


def quoted(words: str) -> str:
    """Somebody's words, marked as such and in one piece."""
    one = " ".join(words.replace('"', "'").split())
    return f'"{one if len(one) <= QUOTED else one[: QUOTED - 1] + "…"}"'


Part = Callable[[Cycle, Row, str], Iterator[Claim]]
WHOLE: Final[tuple[Part, ...]] = (report, signal, advice, verdict, order)
BY_VOICE: Final[dict[str, tuple[Part, ...]]] = {
    "analyst": (report,),
    "researcher": (findings,),
    "trader": (signal,),
    "risk_manager": (advice, verdict),
}
