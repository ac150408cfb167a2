"""`perun doctor` on a desk whose ledger stands on a server, and on one whose broker speaks Alpaca's protocol."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from perun.graph.app.doctor import examine, exit_code
from perun.tools.market.recorded import RecordedMarket
from support.daemons import DaemonDesk
from support.exchange_server import served_exchange
from support.postgres import TestServer, running_server

START = date(2009, 6, 1)
PLAIN = {"LLM_PROVIDER": "baseline"}


@pytest.fixture
def server() -> Iterator[TestServer]:
    """A server of this test's own, that may go away."""
    with running_server() as server:
        yield server


def told(document: dict[str, Any]) -> dict[str, str]:
    return {row["check"]: row["detail"] for row in document["checks"]}


@pytest.mark.slow
def test_when_the_ledger_is_on_a_server_then_it_is_told_before_any_daemon_after_one_and_when_the_server_is_gone(
    tmp_path: Path, server: TestServer
) -> None:
    desk = DaemonDesk(tmp_path, {"DATABASE_URL": server.new_database("C"), "DEFAULT_SYMBOLS": "AAPL"})
    fresh = desk.perun("doctor", "--json")
    assert (fresh.code, fresh.document["ok"]) == (0, True), fresh.err
    assert told(fresh.document)["executors"] == "no daemon has run here"
    assert desk.perun("schedule", "--embedded-speed", "max", "--cycles", "1").code == 0
    used = desk.perun("doctor", "--json").document
    assert (used["ok"], told(used)["executors"]) == (True, "no executor left work behind, 0 waiting, 0 at work")
    assert told(used)["checkpoints"] == "the steps of 1 cycles"
    server.stop()
    gone = desk.perun("doctor", "--json")
    server.start()
    assert gone.code == 4
    faults = {row["check"] for row in gone.document["checks"] if not row["ok"]}
    assert faults == {"prompts", "ledger", "executors", "checkpoints"}
    assert "see that the server runs" in told(gone.document)["ledger"]


def test_when_the_broker_speaks_alpaca_s_protocol_then_its_account_is_told_and_a_wrong_key_named(
    tmp_path: Path,
) -> None:
    with served_exchange(tmp_path, RecordedMarket.shipped(), start=START) as served:
        place = {
            "DATA_DIR": str(tmp_path / "desk"),
            "BROKER": "alpaca",
            "ALPACA_API_KEY": served.key,
            "ALPACA_SECRET_KEY": served.secret,
            "ALPACA_TRADING_URL": served.base_url,
            "ALPACA_DATA_URL": served.base_url,
            "ALPACA_STREAM_URL": served.stream_url,
        }
        well = examine(PLAIN | place)
        assert (well["ok"], exit_code(well)) == (True, 0), well
        assert told(well)["broker"].startswith("alpaca-paper account ")
        assert told(well)["stops"] == "nothing is held"
        strange = examine(PLAIN | place | {"ALPACA_SECRET_KEY": "another"})
    assert exit_code(strange) == 2
    assert "does not accept the API key: check ALPACA_API_KEY" in told(strange)["broker"]
    assert "another" not in str(strange)
