"""The record of cycles whose ledger lies on a PostgreSQL server: listed, told, compared, exported, verified, forked."""

import json
from pathlib import Path

import pytest

from perun.graph.app import commanding, tracing
from perun.graph.app.forking import Otherwise
from perun.graph.ledger.wanted import Wanted
from perun.tools.domain.errors import ConfigurationError
from support.floor import cycle
from support.forks import fork
from support.postgres import PASSWORD, TestServer

pytestmark = pytest.mark.slow


def test_when_the_ledger_lies_on_a_server_then_every_command_over_the_record_answers_as_it_does_over_a_file(
    postgres: TestServer, tmp_path: Path
) -> None:
    address = postgres.fresh()
    here = {"DATA_DIR": str(tmp_path / "data"), "LLM_PROVIDER": "baseline", "DATABASE_URL": address}
    with pytest.raises(ConfigurationError, match="there was no cycle yet"):
        tracing.why("first", here)
    for slot in ("first", "second"):
        cycle(tmp_path / "data", slot=slot, database_url=address)
    rows = tracing.cycles(here, Wanted(symbol="AAPL", outcome="traded"))["cycles"]
    assert [row["slot"] for row in rows] == ["first"]
    shown = tracing.show("first", here)
    assert {life.symbol for life in shown.orders} == {"AAPL", "IBM"}
    assert (shown.chain.fault, len(shown.aftermath) > 0) == ("", True)
    assert tracing.why("first/IBM", here)["short"][0]["line"].startswith("began: first")
    assert {row["part"] for row in tracing.differences("first", "second", here)["differences"]} >= {"signal", "order"}
    tracing.export("first", tmp_path / "first.json", "json", here)
    exported = (tmp_path / "first.json").read_text(encoding="utf-8")
    assert json.loads(exported)["cycle_id"] == shown.cycle_id
    assert PASSWORD not in exported
    made = fork(tmp_path / "data", Otherwise("analyse"), name="second", DATABASE_URL=address)
    assert (made["same"], made["forks"][0]["begun_from"]) == (True, "checkpoint")
    sold = commanding.flatten(here)["orders"][0]
    assert tracing.why(sold["client_order_id"], here)["command"]["command"] == "flatten"
    assert tracing.verify(here).whole
