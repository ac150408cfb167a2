"""The situation as a batch goes on: what was cleared is known, and what was added up holds while it is true."""

from decimal import Decimal

import pytest

from perun.tools.domain.orders import Side
from perun.tools.domain.signals import Action
from perun.tools.risk.breaches import Code
from perun.tools.risk.facts import unguarded
from perun.tools.risk.gate import clear
from support.gate import (
    breaches_of,
    entry,
    exit_,
    limits,
    order,
    portfolio,
    position,
    protective_stop,
    situation,
    terms_of,
)


def test_when_a_fact_changes_after_the_book_was_added_up_then_it_is_added_up_anew() -> None:
    desk = situation(positions=[position("IBM", 50)])
    assert desk.book.totals(()).gross == 5000
    richer = desk.model_copy(update={"portfolio": portfolio([position("IBM", 70)])})
    assert richer.book.totals(()).gross == 7000


def test_when_a_batch_grows_then_the_book_is_not_added_up_again() -> None:
    desk = situation(positions=[position("IBM", 50)])
    book = desk.book
    assert desk.reserving("AAPL", Decimal(100)).book is book
    assert desk.selling("IBM", Decimal(1)).book is book


def test_when_several_orders_were_cleared_in_a_batch_then_each_of_their_names_is_known() -> None:
    desk = situation().reserving("AAPL", Decimal(1), client_order_id="a").reserving("AAPL", Decimal(1), None, "b")
    desk = desk.selling("IBM", Decimal(1), "c").selling("IBM", Decimal(1), "d").reserving("AAPL", Decimal(1), None, "e")
    assert [name for name in "abcdef" if desk.knows(name)] == ["a", "b", "c", "d", "e"]


def test_when_purchases_work_then_they_guard_no_share() -> None:
    working = [order(Side.BUY, "IBM", 4), protective_stop("IBM", 3, id="s")]
    assert unguarded(portfolio([position("IBM", 10)], working), "IBM") == 7


@pytest.mark.parametrize(("volume", "known"), [("0", False), ("0.5", True), ("1", True)])
def test_when_the_average_volume_is_above_zero_then_it_is_known(volume: str, known: bool) -> None:
    desk = situation(facts={"volume": {"AAPL": Decimal(volume)}})
    decision = clear(entry(), desk, limits())
    codes = {check.code for check in decision.verdict.checks}
    assert (Code.MISSING_VOLUME not in codes) == known


@pytest.mark.parametrize("worth", ["0.5", "1"])
def test_when_a_position_is_worth_less_than_a_dollar_then_it_contradicts_nothing(worth: str) -> None:
    crumb = position("IBM", 1, market_value=Decimal(worth))
    assert terms_of(clear(entry(ceiling=Decimal(1)), situation(positions=[crumb]), limits())).qty == 1


@pytest.mark.parametrize("worth", ["0", "-0.5"])
def test_when_a_position_is_worth_nothing_or_less_then_an_entry_is_denied(worth: str) -> None:
    crumb = position("IBM", 1, market_value=Decimal(worth))
    assert Code.CONTRADICTING_POSITION in breaches_of(clear(entry(), situation(positions=[crumb]), limits()))


def test_when_a_verdict_is_given_then_it_says_what_was_wished() -> None:
    desk = situation(positions=[position("AAPL")])
    assert clear(entry(), desk, limits()).verdict.action is Action.BUY
    assert clear(exit_(), desk, limits()).verdict.action is Action.SELL
