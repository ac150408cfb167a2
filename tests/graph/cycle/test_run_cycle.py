"""A whole cycle on recorded days, through the graph's own entry point."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perun.agents.baseline import Baseline
from perun.agents.models import Question, Reply
from perun.graph.app.wiring import open_floor
from perun.graph.cycle import run_cycle
from perun.tools.domain.errors import ConfigurationError, Halted, MarketUnavailable, UnknownSymbol
from perun.tools.domain.events import ErrorNoted, Event, SnapshotTaken, Usage
from perun.tools.domain.orders import Side
from perun.tools.domain.ports import Pace
from support.floor import cycle, parts, settings

ALL = ("AAPL", "GOOG", "IBM", "MSFT")


def events(folder: Path, document: dict[str, Any]) -> list[Event]:
    """The record of a cycle."""
    with open_floor(settings(folder), parts()) as floor:
        return [stored.event for stored in floor.hand.ledger.events.read(document["cycle_id"])]


def test_when_the_trend_is_up_then_the_desk_buys_and_the_orders_are_filled_at_the_next_open(tmp_path: Path) -> None:
    document = cycle(tmp_path, symbols=ALL)
    assert document["outcome"] == "traded"
    assert [order["symbol"] for order in document["orders"]] == ["AAPL", "GOOG", "IBM"]
    assert {order["status"] for order in document["orders"]} == {"filled"}
    assert document["as_of"] == "2009-06-01T20:00:00Z"


def test_when_a_cycle_is_done_then_its_document_has_the_contract_s_shape(tmp_path: Path) -> None:
    document = cycle(tmp_path, symbols=ALL)
    assert list(document) == [
        "schema", "cycle_id", "slot", "mode", "as_of", "outcome", "signals", "verdicts", "orders", "usage", "errors",
    ]  # fmt: skip
    assert set(document["signals"][0]) == {"symbol", "action", "confidence", "rationale", "evidence"}
    assert set(document["verdicts"][0]) == {"symbol", "cleared", "breaches"}
    assert set(document["orders"][0]) == {
        "client_order_id", "symbol", "side", "qty", "type", "status", "filled_qty", "filled_avg_price",
    }  # fmt: skip
    assert document["usage"] == {
        "calls": 0, "input_tokens": 0, "output_tokens": 0, "cost_usd": "0.0000", "longest_chain": 0,
    }  # fmt: skip
    assert json.loads(json.dumps(document)) == document


def test_when_a_slot_is_named_twice_then_the_first_result_is_reported_and_the_clock_stays(tmp_path: Path) -> None:
    first = cycle(tmp_path, slot="morning")
    second = cycle(tmp_path, slot="morning", symbols=("MSFT",))
    assert second == {**first, "outcome": "duplicate"}
    third = cycle(tmp_path)
    assert third["as_of"] == "2009-06-02T20:00:00Z"


def test_when_ten_cycles_run_then_cash_and_positions_follow_from_the_fills_alone(tmp_path: Path) -> None:
    for _ in range(10):
        cycle(tmp_path, symbols=ALL, stop_atr_multiple="0.5")
    with open_floor(settings(tmp_path), parts()) as floor:
        fills = floor.hand.ledger.books.fills(floor.account)
        portfolio = floor.book.portfolio()
        faults = [floor.hand.ledger.events.verify(name) for name in floor.hand.ledger.events.streams()]
    held: dict[str, Decimal] = {}
    for fill in fills:
        held[fill.symbol] = held.get(fill.symbol, Decimal(0)) + (fill.qty if fill.side is Side.BUY else -fill.qty)
    assert any(fill.side is Side.SELL for fill in fills), "the tight stops should have been hit"
    assert portfolio.account.cash == Decimal(100000) + sum(fill.cash_flow for fill in fills)
    assert {position.symbol: position.qty for position in portfolio.positions} == {s: q for s, q in held.items() if q}
    assert faults == [None] * 10


def test_when_an_entry_is_filled_then_a_stop_for_all_its_shares_works_at_the_exchange(tmp_path: Path) -> None:
    document = cycle(tmp_path)
    with open_floor(settings(tmp_path), parts()) as floor:
        stops = {order.symbol: order for order in floor.book.working_orders()}
    for order in document["orders"]:
        assert stops[order["symbol"]].qty == Decimal(order["filled_qty"])
        assert stops[order["symbol"]].type == "stop"


def test_when_the_second_cycle_runs_then_the_first_one_is_in_the_analyst_s_prompt(tmp_path: Path) -> None:
    seen: list[Question] = []

    class Listening(Baseline):
        def reply(self, question: Question) -> Reply:
            seen.append(question)
            return super().reply(question)

    cycle(tmp_path, symbols=("AAPL",), mind=Listening())
    first = next(question for question in seen if question.role == "analyst").messages[1].text
    seen.clear()
    cycle(tmp_path, symbols=("AAPL",), mind=Listening())
    second = next(question for question in seen if question.role == "analyst").messages[1].text
    assert "Memories:\nnone" in first
    assert "[mem:trade-" in second
    assert "2009-06-01 signal: AAPL: BUY with confidence 0.65" in second


def test_when_a_symbol_is_unknown_then_nothing_is_claimed_and_the_message_names_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(UnknownSymbol, match="no ZZZZ; it holds AAPL, FB, GOOG, IBM, MSFT"):
        cycle(tmp_path, slot="s", symbols=("ZZZZ",))
    assert cycle(tmp_path, slot="s")["outcome"] == "traded"


def test_when_a_slot_s_name_is_no_good_then_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="characters A-Z a-z 0-9"):
        cycle(tmp_path, slot="a b")


def test_when_the_recording_has_ended_then_no_cycle_runs_and_the_message_says_what_to_do(tmp_path: Path) -> None:
    assert cycle(tmp_path, embedded_start="2013-02-28")["as_of"] == "2013-02-28T21:00:00Z"
    with pytest.raises(MarketUnavailable, match="the recording ends on 2013-03-01: start a fresh account"):
        cycle(tmp_path)


def test_when_the_ledger_was_replaced_but_the_exchange_knows_our_orders_then_nothing_is_traded(tmp_path: Path) -> None:
    cycle(tmp_path)
    for file in (tmp_path / "var").glob("perun.db*"):
        file.unlink()
    with pytest.raises(Halted, match=r"the ledger knows nothing: .* start a fresh account in another DATA_DIR"):
        cycle(tmp_path)
    for _ in range(3):
        document = cycle(tmp_path)
        assert document["outcome"] == "halted"
        assert "of which the ledger knows nothing" in document["errors"][0]


def test_when_every_buy_breaks_a_limit_then_the_cycle_is_denied_with_the_measured_and_the_allowed(
    tmp_path: Path,
) -> None:
    document = cycle(tmp_path, max_open_positions="0")
    assert document["outcome"] == "denied"
    assert document["orders"] == []
    assert {"code": "MAX_OPEN_POSITIONS", "measured": "1", "allowed": "0"} in document["verdicts"][0]["breaches"]


def test_when_the_mind_fails_in_the_middle_then_the_same_slot_goes_on_and_repeats_no_answered_question(
    tmp_path: Path,
) -> None:
    asked: list[str] = []

    class Power(Baseline):
        """Goes out once, when the trader is asked."""

        out = False

        def reply(self, question: Question) -> Reply:
            if question.role == "trader" and not self.out:
                Power.out = True
                raise KeyboardInterrupt
            asked.append(f"{question.role}:{question.symbol}")
            return super().reply(question)

    with pytest.raises(KeyboardInterrupt):
        cycle(tmp_path, slot="s", mind=Power())
    document = cycle(tmp_path, slot="s", mind=Power())
    assert document["outcome"] == "traded"
    assert sorted(asked) == ["analyst:AAPL", "analyst:IBM", "risk_manager:None", "trader:None"]
    assert len([event for event in events(tmp_path, document) if isinstance(event, SnapshotTaken)]) == 1


def test_when_the_power_goes_between_an_unusable_answer_and_its_repair_then_the_first_is_not_asked_for_again(
    tmp_path: Path,
) -> None:
    asked: list[int] = []

    class Stumbling(Baseline):
        """Answers the trader's first question with nonsense, and goes out once before the repair."""

        out = False

        def reply(self, question: Question) -> Reply:
            if question.role != "trader":
                return super().reply(question)
            if len(question.messages) > 2 and not self.out:
                Stumbling.out = True
                raise KeyboardInterrupt
            asked.append(len(question.messages))
            return super().reply(question) if len(question.messages) > 2 else Reply("nonsense", Usage(calls=1))

    with pytest.raises(KeyboardInterrupt):
        cycle(tmp_path, slot="s", mind=Stumbling())
    document = cycle(tmp_path, slot="s", mind=Stumbling())
    assert document["outcome"] == "traded"
    assert asked == [2, 4]
    assert document["usage"]["calls"] == 1


def test_when_the_power_goes_after_the_orders_were_sent_then_the_slot_goes_on_and_sends_none_of_them_again(
    tmp_path: Path,
) -> None:
    class Breaking:
        """A pace that breaks when the orders should be followed."""

        def __init__(self, pace: Pace) -> None:
            self.is_current = pace.is_current

        def follow(self, client_order_ids: Sequence[str], as_of: datetime) -> None:
            raise KeyboardInterrupt

        def end_cycle(self, as_of: datetime) -> None:
            raise AssertionError("never reached")

    with open_floor(settings(tmp_path), parts()) as floor, pytest.raises(KeyboardInterrupt):
        run_cycle(replace(floor, hand=replace(floor.hand, pace=Breaking(floor.hand.pace))), ("AAPL", "IBM"), "s")
    document = cycle(tmp_path, slot="s")
    assert document["outcome"] == "traded"
    with open_floor(settings(tmp_path), parts()) as floor:
        entries = [order for order in floor.book.orders() if order.parent is None]
    assert len(entries) == len(document["orders"]) == 2


def test_when_the_index_of_memory_is_damaged_then_the_cycle_goes_on_without_it_and_says_so(tmp_path: Path) -> None:
    cycle(tmp_path)
    (tmp_path / "chroma" / "chroma.sqlite3").write_bytes(b"not a database" * 100)
    document = cycle(tmp_path)
    assert document["outcome"] == "degraded"
    assert any("memory index" in line for line in document["errors"])
    noted = {event.where for event in events(tmp_path, document) if isinstance(event, ErrorNoted)}
    assert noted == {"recall", "remember"}
    assert len(document["signals"]) == 2


def test_when_checkpoints_are_read_then_no_type_but_ours_comes_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cycle(tmp_path, slot="s")
    with open_floor(settings(tmp_path), parts()) as floor:
        run_cycle(floor, ("AAPL", "IBM"), "t")
    assert "msgpack" not in caplog.text.lower()
