"""Every plan is counted among those that share its days, once, and keeps its number."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from perun.graph.ledger.ledger import Ledger, open_ledger
from perun.graph.replay.plan import Plan
from perun.graph.replay.tried import STREAM, count


class Noon:
    """A clock that stands still."""

    def now(self) -> datetime:
        return datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "perun.db", Noon()) as opened:
        yield opened


def plan(first: int, last: int, symbol: str = "AAPL", control: str = "none") -> Plan:
    days = {"begins": date(2009, 6, first), "ends": date(2009, 6, last)}
    return Plan(**days, symbols=(symbol,), provider="baseline", control=control, cash=Decimal(1))  # type: ignore[arg-type] # as a test says


def test_when_plans_share_a_day_then_each_has_its_number_and_the_same_one_again_is_no_other_trial(
    ledger: Ledger,
) -> None:
    def tried(one: Plan) -> int:
        return count(one, ledger.events, Noon())

    assert tried(plan(1, 10)) == 1
    assert tried(plan(1, 10, "IBM")) == 2
    assert tried(plan(10, 20)) == 3, "they share the tenth"
    assert tried(plan(21, 25)) == 1, "days of its own"
    assert tried(plan(1, 10, control="shuffled")) == 1, "a control is no trial of the days as they were"
    assert tried(plan(1, 10)) == 1
    assert tried(plan(10, 20)) == 3
    assert len(ledger.events.read(STREAM)) == 5
    assert ledger.events.verify(STREAM) is None
