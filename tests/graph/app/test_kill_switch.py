"""The kill switch: halt and resume on both venues, when the broker is gone, and while another run holds the desk."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderSide, TimeInForce
from alpaca.trading.requests import LimitOrderRequest
from filelock import FileLock

from perun.graph.app import commanding
from perun.graph.app.inspecting import status
from perun.graph.app.wiring import open_floor
from perun.graph.cycle import run_cycle
from perun.tools.brokerage.embedded.holdings import Holding
from perun.tools.domain.errors import BrokerUnavailable, Halted
from perun.tools.market.recorded import RecordedMarket
from support.exchange import FREE
from support.exchange_server import ServedExchange, served_exchange
from support.floor import cycle, parts, settings

NOBODY = "http://127.0.0.1:9"
"""An address at which nothing listens."""


@dataclass(frozen=True)
class Served:
    """A desk that trades over HTTP, its exchange, and another client of the same account."""

    folder: Path
    exchange: ServedExchange
    client: TradingClient

    @property
    def settings(self) -> dict[str, str]:
        return {
            "DATA_DIR": str(self.folder),
            "BROKER": "alpaca",
            "ALPACA_API_KEY": self.exchange.key,
            "ALPACA_SECRET_KEY": self.exchange.secret,
            "ALPACA_TRADING_URL": self.exchange.base_url,
            "ALPACA_DATA_URL": self.exchange.base_url,
            "ALPACA_STREAM_URL": self.exchange.stream_url,
            "ORDER_WAIT_SECONDS": "1",
        }

    @property
    def is_suspended(self) -> bool:
        return self.exchange.exchange.books().standing.suspended

    def rest(self, limit: float = 5) -> str:
        """Somebody's buy far below the market: it works until it is cancelled."""
        order = LimitOrderRequest(
            symbol="IBM", qty=1, side=OrderSide.BUY, time_in_force=TimeInForce.GTC, limit_price=limit
        )
        return str(self.client.submit_order(order).client_order_id)

    def working(self) -> list[str]:
        return [order.client_order_id for order in self.exchange.exchange.books().orders.values()]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with served_exchange(tmp_path, RecordedMarket.shipped(), start="2009-06-01", **FREE) as exchange:
        client = TradingClient(exchange.key, exchange.secret, url_override=exchange.base_url)
        yield Served(tmp_path / "data", exchange, client)


def test_when_the_desk_is_halted_then_alpaca_takes_no_order_of_anybody_until_it_is_resumed(served: Served) -> None:
    resting = served.rest()
    document = commanding.halt("stop", served.settings)
    assert (document["cancelled"], document["errors"]) == ([resting], [])
    assert served.is_suspended
    with pytest.raises(APIError, match="suspended"):
        served.rest()
    assert status(served.settings)["trading_state"] == "HALTED"

    commanding.resume("go on", served.settings)
    assert not served.is_suspended
    assert served.rest() in served.working()
    assert status(served.settings)["trading_state"] == "ACTIVE"


def test_when_resume_is_refused_then_the_broker_s_brake_stays_on(served: Served) -> None:
    commanding.halt("stop", served.settings)
    (served.folder / "HALT").touch()
    with pytest.raises(Halted, match="HALT exists; remove it first"):
        commanding.resume("go on", served.settings)
    assert served.is_suspended
    (served.folder / "HALT").unlink()
    assert status(served.settings)["trading_state"] == "HALTED", "nothing was lifted"


def test_when_reconciling_fails_in_a_resume_then_the_brake_is_put_back(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    commanding.halt("stop", served.settings)

    def unavailable(*_: object) -> None:
        raise BrokerUnavailable("gone")

    monkeypatch.setattr(commanding, "reconcile", unavailable)
    with pytest.raises(BrokerUnavailable):
        commanding.resume("go on", served.settings)
    assert served.is_suspended
    assert status(served.settings)["trading_state"] == "HALTED"


def test_when_a_halted_account_is_flattened_then_the_brake_lets_the_exits_out_and_is_on_again(served: Served) -> None:
    served.client.submit_order(
        LimitOrderRequest(symbol="IBM", qty=3, side=OrderSide.BUY, time_in_force=TimeInForce.DAY, limit_price=500)
    )
    served.exchange.advance()
    commanding.halt("stop", served.settings)
    document = commanding.flatten(served.settings)
    assert [(order["symbol"], order["side"], order["qty"]) for order in document["orders"]] == [("IBM", "sell", "3")]
    assert document["errors"] == []
    assert served.is_suspended
    assert status(served.settings)["trading_state"] == "HALTED"


def test_when_the_broker_does_not_answer_then_the_halt_file_halts_the_desk_and_the_errors_say_so(
    served: Served,
) -> None:
    gone = {**served.settings, "ALPACA_TRADING_URL": NOBODY}
    document = commanding.halt("stop", gone)
    assert "the file" in document["errors"][0]
    assert any("not suspended at the broker" in line for line in document["errors"])
    assert (served.folder / "HALT").read_text() == "stop\n"
    assert status(served.settings)["trading_state"] == "HALTED"


def test_when_another_run_holds_the_desk_then_the_halt_stands_at_once_and_only_the_cancelling_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cycle(tmp_path)
    monkeypatch.setattr(commanding, "_HALT_SECONDS", 0.1)
    here = {"DATA_DIR": str(tmp_path)}
    with FileLock(tmp_path / "var" / f"desk-{status(here)['account_id']}.lock"):
        document = commanding.halt("it hangs", here)
        assert status(here)["trading_state"] == "HALTED"
    assert "another perun has held the desk" in document["errors"][0]
    assert cycle(tmp_path)["outcome"] == "halted"


def test_when_the_halt_file_is_seen_by_a_run_then_our_working_entries_are_cancelled_and_the_stops_stay(
    tmp_path: Path,
) -> None:
    class Impatient:
        """A pace that leaves in the middle: the entries go on working."""

        def is_current(self, as_of: object) -> bool:
            return True

        def follow(self, *_: object) -> None:
            raise KeyboardInterrupt

        end_cycle = follow

    with open_floor(settings(tmp_path), parts()) as floor, suppress(KeyboardInterrupt):
        run_cycle(replace(floor, hand=replace(floor.hand, pace=Impatient())), ("AAPL", "IBM"), "s")
    here = {"DATA_DIR": str(tmp_path)}
    assert {order["side"] for order in status(here)["working_orders"]} == {"buy", "sell"}
    (tmp_path / "HALT").touch()
    assert cycle(tmp_path, slot="s")["outcome"] == "halted"
    assert status(here)["working_orders"] == []


def test_when_a_person_resumes_then_every_latch_and_every_difference_is_named(tmp_path: Path) -> None:
    cycle(tmp_path, daily_loss_limit_percent="0.001", max_drawdown_percent="0.001")
    here = {"DATA_DIR": str(tmp_path)}
    commanding.halt("and I too", here)
    shares_appear(tmp_path, "MSFT", 5)
    commanding.reconcile_now(here)
    assert unexplained(tmp_path) == ("MSFT",)
    document = commanding.resume("all understood", here)
    assert [line.partition(" ")[0] for line in document["lifted"]] == ["drawdown", "person", "daily_loss"]
    assert document["acknowledged"] == ["MSFT"]
    assert unexplained(tmp_path) == ()
    known = status(here)
    assert (known["trading_state"], known["latches"]) == ("ACTIVE", [])


def test_when_a_stop_is_missing_as_the_desk_is_halted_then_it_is_put_back_before_alpaca_takes_no_more(
    tmp_path: Path,
) -> None:
    pace = {"pace": "auto", "quiet_seconds": 0.2}
    with served_exchange(tmp_path, RecordedMarket.shipped(), app=pace, start="2009-06-01", **FREE) as exchange:
        client = TradingClient(exchange.key, exchange.secret, url_override=exchange.base_url)
        desk = Served(tmp_path / "data", exchange, client)
        changes = {name.lower(): value for name, value in desk.settings.items() if name != "DATA_DIR"}
        cycle(desk.folder, symbols=("AAPL",), **{**changes, "order_wait_seconds": "10"})
        (stop,) = desk.working()
        exchange.exchange.cancel(stop)
        assert commanding.halt("stop", desk.settings)["errors"] == []
        (restored,) = desk.working()
        assert restored.startswith("perun-protect-AAPL-1")
        assert desk.is_suspended


def shares_appear(folder: Path, symbol: str, qty: int) -> None:
    """As after a transfer: the broker has shares that no fill explains."""
    with open_floor(settings(folder), parts()) as floor:
        exchange = floor.book._exchange  # type: ignore[attr-defined] # the embedded one
        books = exchange.books()
        holding = Holding(qty=Decimal(qty), avg_entry_price=Decimal(1))
        with exchange._store.writing():
            exchange._store.save(books, replace(books, holdings={**books.holdings, symbol: holding}))


def unexplained(folder: Path) -> tuple[str, ...]:
    with open_floor(settings(folder), parts()) as floor:
        conduct = floor.hand.watch.standing().conduct
    assert conduct is not None
    return conduct.unexplained
