"""Capital and exposure, R25 to R37: at the limit passes, a cent beyond is denied; the book counts as it would be."""

from decimal import Decimal

import pytest

from perun.tools.domain.orders import Side
from perun.tools.risk.breaches import Code
from perun.tools.risk.facts import Book, Reservation
from perun.tools.risk.gate import Cleared, Denied, clear, clear_batch
from support.exposure_desks import (
    DOWN_AND_UP,
    EXPOSURE_DESKS,
    HEAT,
    NOTIONAL,
    SELDOM,
    UP_AND_DOWN,
    Build,
    Desk,
    cash,
    cash_above_a_floor,
    cluster,
    heat_with_a_guarded_position,
    histories,
    knowing,
    leverage,
    margin,
    net,
    risk_by_the_worst_day,
    sector,
    share,
    steady,
)
from support.gate import (
    CASH,
    breaches_of,
    entry,
    limits,
    order,
    percent,
    position,
    protective_stop,
    quote,
    said,
    situation,
    terms_of,
)

CENT = Decimal("0.01")
SIZING = [pytest.param(*each, id=each[1].__name__) for each in EXPOSURE_DESKS]


def judged(desk: Desk) -> Cleared | Denied:
    return clear(entry(), *desk)


@pytest.mark.parametrize(("code", "desk", "each"), SIZING)
def test_when_the_limit_leaves_room_for_ten_shares_then_ten_are_cleared_and_a_cent_less_clears_nine(
    code: Code, desk: Build, each: Decimal
) -> None:
    assert terms_of(judged(desk(10 * each))).qty == 10
    assert terms_of(judged(desk(10 * each - CENT))).qty == 9


@pytest.mark.parametrize(("code", "desk", "each"), SIZING)
def test_when_the_limit_leaves_room_for_one_share_then_it_is_cleared_and_a_cent_less_is_denied(
    code: Code, desk: Build, each: Decimal
) -> None:
    assert terms_of(judged(desk(each))).qty == 1
    assert breaches_of(judged(desk(each - CENT))) == {code, Code.MINIMUM_QUANTITY}


@pytest.mark.parametrize(
    ("code", "desk", "each", "measured", "allowed"),
    [
        (Code.CASH_FLOOR, cash, NOTIONAL, "-0.01", ">= 0"),
        (Code.CASH_FLOOR, cash_above_a_floor, NOTIONAL, "19999.99", ">= 20000"),
        (Code.NET_EXPOSURE, net, NOTIONAL, "0.0211", "0.0210399"),
        (Code.LEVERAGE, leverage, NOTIONAL, "0.0811", "0.0810399"),
        (Code.SECTOR_EXPOSURE, sector, NOTIONAL, "0.0511", "0.0510399"),
        (Code.CLUSTER_EXPOSURE, cluster, NOTIONAL, "0.0611", "0.0610399"),
        (Code.PORTFOLIO_HEAT, heat_with_a_guarded_position, HEAT, "0.0051", "0.0050899"),
        (Code.VALUE_AT_RISK, risk_by_the_worst_day, NOTIONAL / 20, "0.0026", "0.0025519"),
        (Code.MARGIN_CUSHION, margin, Decimal("31.2"), "0.9846", ">= 0.9846881"),
    ],
)
def test_when_not_one_share_fits_then_the_verdict_shows_one_share_against_the_limit_that_binds(
    code: Code, desk: Build, each: Decimal, measured: str, allowed: str
) -> None:
    assert said(judged(desk(each - CENT)).verdict, code) == (measured, allowed, False)
    assert said(judged(desk(each - CENT)).verdict, Code.MINIMUM_QUANTITY) == ("0", ">= 1", False)


def test_when_the_limit_is_kept_then_the_verdict_prints_a_number_within_it() -> None:
    decision = judged(margin(Decimal("31.2")))
    assert said(decision.verdict, Code.MARGIN_CUSHION) == ("0.9847", ">= 0.984688", True)
    assert said(judged(net(NOTIONAL)).verdict, Code.NET_EXPOSURE) == ("0.021", "0.02104", True)


def test_when_shorts_outweigh_longs_then_net_exposure_does_not_bind_a_purchase() -> None:
    desk = situation(positions=[position("IBM", -500)], multiplier=4)
    decision = clear(entry(ceiling=Decimal(1)), desk, limits(max_net_exposure=percent("0.001")))
    assert said(decision.verdict, Code.NET_EXPOSURE) == ("-0.499", "0.00001", True)


def test_when_a_sale_works_then_it_does_not_lower_net_exposure() -> None:
    desk = situation(positions=[position("IBM", 50)], orders=[order(Side.SELL, "IBM", 50)])
    terms_of(clear(entry(), desk, limits(max_net_exposure=share(5000 + NOTIONAL))))
    assert Code.NET_EXPOSURE in breaches_of(clear(entry(), desk, limits(max_net_exposure=share(Decimal(5000)))))


def test_when_the_broker_tells_no_multiplier_then_equity_is_held_once() -> None:
    desk = situation(positions=[position("IBM", 990)], buying_power=4 * CASH)
    assert terms_of(clear(entry(), desk, limits())).qty == 9  # 1,000 dollars are left at 104 each
    assert said(clear(entry(), desk, limits()).verdict, Code.LEVERAGE)[1] == "1"


@pytest.mark.parametrize(
    ("history", "threshold", "counts"),
    [
        (UP_AND_DOWN, "1", True),
        (DOWN_AND_UP, "-1", True),
        (DOWN_AND_UP, "-0.9999", False),
        (SELDOM, "0.5773", True),
        (SELDOM, "0.5774", False),
        (steady("0.01", "0.01", "-0.01", "-0.01"), "0", True),
        (steady("0.01", "0.01", "-0.01", "-0.01"), "0.0001", False),
    ],
)
def test_when_symbols_correlate_at_the_threshold_or_above_then_they_are_one_cluster(
    history: tuple[Decimal, ...], threshold: str, counts: bool
) -> None:
    desk = knowing(situation(positions=[position("IBM", 50)]), returns=histories(AAPL=UP_AND_DOWN, IBM=history))
    lines = limits(max_cluster=percent(2), cluster_correlation=Decimal(threshold))
    denied = said(clear(entry(), desk, lines).verdict, Code.CLUSTER_EXPOSURE)[2] is False
    assert denied == counts


def test_when_a_batch_enters_a_sector_then_later_entries_find_it_fuller() -> None:
    symbols = ("A", "B", "C")
    desk = knowing(situation(quotes=[quote(s) for s in symbols]), sectors=dict.fromkeys(symbols, "tech"))
    lines = limits(max_order_notional=10 * NOTIONAL, max_sector=share(25 * NOTIONAL))
    decisions = clear_batch([entry(symbol) for symbol in symbols], desk, lines)
    assert [int(terms_of(decision).qty) for _, decision in decisions] == [10, 10, 5]


def test_when_a_batch_heats_the_book_then_each_entry_counts_down_to_its_stop() -> None:
    symbols = ("A", "B", "C")
    lines = limits(max_order_notional=10 * NOTIONAL, max_heat=share(25 * HEAT))
    decisions = clear_batch([entry(s) for s in symbols], situation(quotes=[quote(s) for s in symbols]), lines)
    assert [int(terms_of(decision).qty) for _, decision in decisions] == [10, 10, 5]


def test_when_a_book_is_asked_for_other_reservations_then_it_counts_those_alone() -> None:
    book = Book(situation(positions=[position("IBM", 50)]))
    one, other = Reservation(symbol="A", notional=Decimal(100)), Reservation(symbol="B", notional=Decimal(7))
    asked = [(one,), (one, other), (one, other), (other,), (), (other, one)]
    assert [book.totals(each).gross for each in asked] == [5100, 5107, 5107, 5007, 5000, 5107]
    assert [book.totals(each).exposure.get("A", 0) for each in asked] == [100, 100, 100, 0, 0, 100]


def test_when_a_single_share_is_guarded_then_it_is_hot_down_to_its_stop() -> None:
    desk = situation(positions=[position("IBM", 1)], orders=[protective_stop("IBM", 1, stop_price=90)])
    assert terms_of(clear(entry(), desk, limits(max_heat=share(10 + HEAT)))).qty == 1
