"""Desks whose one exposure limit leaves room for so many dollars: the plain desk, with what each rule has to count.

`EXPOSURE_DESKS` lists (code, build, dollars of one share): `build(room)` makes a desk and limits of which exactly
`room` dollars are left, and everything else is wide. So `clear(entry(), *net(10 * NOTIONAL))` clears ten shares.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from perun.tools.domain.conduct import Conduct
from perun.tools.domain.orders import OrderType
from perun.tools.domain.standing import Doubt, Standing, TradingState
from perun.tools.risk.breaches import Code
from perun.tools.risk.facts import Situation
from perun.tools.risk.limits import Limits
from perun.tools.risk.statistics import Returns
from support.gate import CASH, limits, order, percent, position, protective_stop, quote, situation

NOTIONAL = Decimal(104)
"""Dollars that one share of the plain desk costs at worst."""
HEAT = Decimal(9)
"""What one share loses from its worst price to its stop."""
Desk = tuple[Situation, Limits]
Build = Callable[[Decimal], Desk]


def share(dollars: Decimal) -> Any:
    """The percentage of the plain desk's equity that is so many dollars."""
    return percent(dollars / CASH * 100)


def knowing(desk: Situation, **facts: Any) -> Situation:
    """The desk with sectors or returns."""
    return desk.model_copy(update=facts)


def steady(*moves: str, sessions: int = 60) -> tuple[Decimal, ...]:
    """The moves, over and over."""
    return tuple(Decimal(moves[n % len(moves)]) for n in range(sessions))


UP_AND_DOWN = steady("0.01", "-0.01")
DOWN_AND_UP = steady("-0.01", "0.01")
SELDOM = steady(*["0.01", "0.01", "0.01", "-0.01"])
CRASH = (*steady("0.001", "0.002", sessions=59), Decimal("-0.05"))
NEWCOMER = steady("0.01", "-0.01", sessions=39)
STILL = steady("0")


def histories(**known: tuple[Decimal, ...]) -> Returns:
    return Returns(known)


def doubting(symbol: str, shares: int) -> Standing:
    doubt = Doubt(client_order_id="x", symbol=symbol, entering=Decimal(shares))
    return Standing(state=TradingState.ACTIVE, doubts=(doubt,), conduct=Conduct())


def cash(room: Decimal) -> Desk:
    return situation(cash=room), limits()


def cash_above_a_floor(room: Decimal) -> Desk:
    return situation(cash=20_000 + room), limits(min_cash=percent(20))


def cash_with_a_working_purchase(room: Decimal) -> Desk:
    return situation(cash=5000 + room, orders=[limit_order("IBM", 50)]), limits()


def cash_with_a_reservation(room: Decimal) -> Desk:
    return situation(cash=5000 + room).reserving("IBM", Decimal(5000)), limits()


def cash_with_a_doubt(room: Decimal) -> Desk:
    return situation(cash=5000 + room, quotes=both(), standing=doubting("IBM", 50)), limits()


def net(room: Decimal) -> Desk:
    held = [position("IBM", 50), position("GOOG", -30)]
    return situation(positions=held), limits(max_net_exposure=share(2000 + room))


def net_with_a_working_purchase(room: Decimal) -> Desk:
    return situation(orders=[limit_order("IBM", 50)]), limits(max_net_exposure=share(5000 + room))


def net_with_a_reservation(room: Decimal) -> Desk:
    return situation().reserving("IBM", Decimal(5000)), limits(max_net_exposure=share(5000 + room))


def leverage(room: Decimal) -> Desk:
    held = [position("IBM", 50), position("GOOG", -30)]
    return situation(positions=held, multiplier=(8000 + room) / CASH), limits()


def sector(room: Decimal) -> Desk:
    held = [position("IBM", 50), position("XOM", 90)]
    desk = knowing(situation(positions=held), sectors={"AAPL": "tech", "IBM": "tech", "XOM": "energy"})
    return desk, limits(max_sector=share(5000 + room))


def sector_with_unknown_ones(room: Decimal) -> Desk:
    held = [position("IBM", 50), position("XOM", 90), position("WHAT", 20)]
    desk = knowing(situation(positions=held), sectors={"AAPL": "tech", "IBM": "tech", "XOM": "energy"})
    return desk.reserving("IBM", Decimal(300)).reserving("EVER", Decimal(400)), limits(max_sector=share(7700 + room))


def sector_of_an_unknown_one(room: Decimal) -> Desk:
    held = [position("IBM", 50), position("XOM", 90), position("WHAT", 20)]
    desk = knowing(situation(positions=held), sectors={"IBM": "tech", "XOM": "energy"})
    return desk, limits(max_sector=share(11_000 + room))


def sector_of_an_unknown_one_filled_by_the_batch(room: Decimal) -> Desk:
    desk = knowing(situation(positions=[position("XOM", 90)]), sectors={"IBM": "tech", "XOM": "energy"})
    return desk.reserving("IBM", Decimal(9500)), limits(max_sector=share(9500 + room))


def cluster(room: Decimal) -> Desk:
    held = [position("IBM", 50), position("XOM", 90), position("AAPL", 10)]
    known = histories(AAPL=UP_AND_DOWN, IBM=UP_AND_DOWN, XOM=DOWN_AND_UP)
    return knowing(situation(positions=held), returns=known), limits(max_cluster=share(6000 + room))


def cluster_with_a_short_position_and_a_reservation(room: Decimal) -> Desk:
    known = histories(AAPL=UP_AND_DOWN, IBM=UP_AND_DOWN, XOM=DOWN_AND_UP, GOOG=UP_AND_DOWN)
    desk = knowing(situation(positions=[position("IBM", -50), position("XOM", 90)]), returns=known)
    desk = desk.reserving("GOOG", Decimal(3000)).reserving("XOM", Decimal(9000))
    return desk, limits(max_cluster=share(8000 + room))


def cluster_without_history(room: Decimal) -> Desk:
    held = [position("IBM", 50), position("XOM", 90), position("NEW", 10), position("FLAT", 5)]
    known = histories(AAPL=UP_AND_DOWN, IBM=UP_AND_DOWN, XOM=DOWN_AND_UP, NEW=NEWCOMER, FLAT=STILL)
    return knowing(situation(positions=held), returns=known), limits(max_cluster=share(6500 + room))


def cluster_of_a_newcomer(room: Decimal) -> Desk:
    held = [position("IBM", 50), position("XOM", 90)]
    known = histories(IBM=UP_AND_DOWN, XOM=DOWN_AND_UP)
    return knowing(situation(positions=held), returns=known), limits(max_cluster=share(14_000 + room))


def heat(room: Decimal) -> Desk:
    return situation(), limits(max_heat=share(room))


def heat_with_a_guarded_position(room: Decimal) -> Desk:
    desk = situation(positions=[position("IBM", 50)], orders=[protective_stop("IBM", 50, stop_price=90)])
    return desk, limits(max_heat=share(500 + room))


def heat_with_a_half_guarded_position(room: Decimal) -> Desk:
    """Thirty shares lose ten dollars each down to their stop, twenty have none and may lose all."""
    desk = situation(positions=[position("IBM", 50)], orders=[protective_stop("IBM", 30, stop_price=90)])
    return desk, limits(max_heat=share(300 + 2000 + room))


def heat_with_more_stops_than_shares(room: Decimal) -> Desk:
    """The lowest stops count: 30 shares at 80, the other 20 at 90."""
    stops = [protective_stop("IBM", 30, id="a", stop_price=80), protective_stop("IBM", 40, id="b", stop_price=90)]
    return situation(positions=[position("IBM", 50)], orders=stops), limits(max_heat=share(600 + 200 + room))


def heat_with_a_stop_above_the_price(room: Decimal) -> Desk:
    desk = situation(positions=[position("IBM", 50)], orders=[protective_stop("IBM", 50, stop_price=120)])
    return desk, limits(max_heat=share(room))


def heat_with_a_stop_that_waits(room: Decimal) -> Desk:
    stop = protective_stop("IBM", 50, stop_price=90, status="held")
    return situation(positions=[position("IBM", 50)], orders=[stop]), limits(max_heat=share(5000 + room))


def heat_with_a_foreign_stop(room: Decimal) -> Desk:
    stop = protective_stop("IBM", 50, stop_price=90, parent=None)
    return situation(positions=[position("IBM", 50)], orders=[stop]), limits(max_heat=share(5000 + room))


def heat_with_a_short_position(room: Decimal) -> Desk:
    desk = situation(positions=[position("IBM", -50)], orders=[protective_stop("IBM", 50, stop_price=90)])
    return desk, limits(max_heat=share(10_000 + room))  # the sale that still works would double it


def heat_with_a_working_entry(room: Decimal) -> Desk:
    child = protective_stop("IBM", 50, stop_price=90, parent="working", status="held")
    return situation(orders=[limit_order("IBM", 50), child]), limits(max_heat=share(500 + room))


def heat_with_a_bare_working_entry(room: Decimal) -> Desk:
    return situation(orders=[limit_order("IBM", 50)]), limits(max_heat=share(5000 + room))


def heat_with_reservations(room: Decimal) -> Desk:
    desk = situation().reserving("IBM", Decimal(5000), Decimal(700)).reserving("XOM", Decimal(300))
    return desk, limits(max_heat=share(1000 + room))


def heat_with_a_doubt(room: Decimal) -> Desk:
    return situation(quotes=both(), standing=doubting("IBM", 50)), limits(max_heat=share(5000 + room))


def one_position_told_twice(room: Decimal) -> Desk:
    """Stops for seventy shares guard seventy of the hundred: one half, and twenty of the other."""
    stops = [protective_stop("IBM", qty, id=f"{qty}", stop_price=90) for qty in (40, 30)]
    desk = situation(positions=[position("IBM", 50)] * 2, orders=stops)
    return desk, limits(max_heat=share(500 + 200 + 3000 + room))


def risk_without_history(room: Decimal) -> Desk:
    return situation(), limits(max_var=share(room))


def risk_of_an_unknown_book(room: Decimal) -> Desk:
    desk = situation(positions=[position("IBM", 50)]).reserving("XOM", Decimal(3000))
    return desk, limits(max_var=share(800 + room))


def risk_of_a_known_one_in_an_unknown_book(room: Decimal) -> Desk:
    desk = situation(positions=[position("IBM", 50), position("GOOG", -30)])
    return knowing(desk, returns=histories(AAPL=CRASH)), limits(max_var=share(800 + room))


def risk_of_an_unknown_one_in_a_known_book(room: Decimal) -> Desk:
    desk = situation(positions=[position("IBM", 50)])
    return knowing(desk, returns=histories(IBM=CRASH)), limits(max_var=share(250 + room))


def risk_by_the_worst_day(room: Decimal) -> Desk:
    desk = situation(positions=[position("IBM", 50)])
    return knowing(desk, returns=histories(AAPL=CRASH, IBM=CRASH)), limits(max_var=share(250 + room))


def risk_by_deviation(room: Decimal) -> Desk:
    return knowing(situation(), returns=histories(AAPL=UP_AND_DOWN)), limits(max_var=share(room))


def risk_by_deviation_with_a_book(room: Decimal) -> Desk:
    desk = situation(positions=[position("IBM", 50)]).reserving("XOM", Decimal(5000))
    known = histories(AAPL=UP_AND_DOWN, IBM=UP_AND_DOWN, XOM=UP_AND_DOWN)
    return knowing(desk, returns=known), limits(max_var=share(10_000 * DEVIATION + room))


DEVIATION = Decimal("0.02326348")
"""What a dollar that moves a hundredth each day may lose: 2.326348 of its deviations."""


def margin(room: Decimal) -> Desk:
    return situation(positions=[position("IBM", 50)]), limits(min_margin_cushion=share(CASH - 1500 - room))


def margin_as_the_broker_tells_it(room: Decimal) -> Desk:
    desk = situation(positions=[position("IBM", 50)], maintenance_margin=Decimal(2000))
    return desk, limits(min_margin_cushion=share(CASH - 2000 - room))


def margin_of_a_short_position(room: Decimal) -> Desk:
    held = [position("IBM", -50), position("PENNY", -100, 2)]
    return situation(positions=held), limits(min_margin_cushion=share(CASH - 1500 - 500 - room))


def margin_of_what_is_on_its_way(room: Decimal) -> Desk:
    desk = situation(orders=[limit_order("IBM", 50)], quotes=[*both(), quote("XOM")], standing=doubting("XOM", 10))
    return desk.reserving("GOOG", Decimal(1000)), limits(min_margin_cushion=share(CASH - 2100 - room))


def limit_order(symbol: str, shares: int) -> Any:
    return order(symbol=symbol, qty=shares, type=OrderType.LIMIT, limit_price=100)


def both() -> list[Any]:
    return [quote(), quote("IBM")]


_BY_CODE: list[tuple[Code, Decimal, tuple[Build, ...]]] = [
    (Code.CASH_FLOOR, NOTIONAL, (cash, cash_above_a_floor, cash_with_a_working_purchase, cash_with_a_reservation)),
    (Code.CASH_FLOOR, NOTIONAL, (cash_with_a_doubt,)),
    (Code.NET_EXPOSURE, NOTIONAL, (net, net_with_a_working_purchase, net_with_a_reservation)),
    (Code.LEVERAGE, NOTIONAL, (leverage,)),
    (Code.SECTOR_EXPOSURE, NOTIONAL, (sector, sector_with_unknown_ones, sector_of_an_unknown_one)),
    (Code.SECTOR_EXPOSURE, NOTIONAL, (sector_of_an_unknown_one_filled_by_the_batch,)),
    (Code.CLUSTER_EXPOSURE, NOTIONAL, (cluster, cluster_with_a_short_position_and_a_reservation)),
    (Code.CLUSTER_EXPOSURE, NOTIONAL, (cluster_without_history, cluster_of_a_newcomer)),
    (Code.PORTFOLIO_HEAT, HEAT, (heat, heat_with_a_guarded_position, heat_with_a_half_guarded_position)),
    (Code.PORTFOLIO_HEAT, HEAT, (heat_with_more_stops_than_shares, heat_with_a_stop_above_the_price)),
    (Code.PORTFOLIO_HEAT, HEAT, (heat_with_a_stop_that_waits, heat_with_a_foreign_stop, heat_with_a_short_position)),
    (Code.PORTFOLIO_HEAT, HEAT, (heat_with_a_working_entry, heat_with_a_bare_working_entry, heat_with_reservations)),
    (Code.PORTFOLIO_HEAT, HEAT, (heat_with_a_doubt, one_position_told_twice)),
    (Code.VALUE_AT_RISK, NOTIONAL / 10, (risk_without_history, risk_of_an_unknown_book)),
    (Code.VALUE_AT_RISK, NOTIONAL / 10, (risk_of_an_unknown_one_in_a_known_book,)),
    (Code.VALUE_AT_RISK, NOTIONAL / 20, (risk_by_the_worst_day, risk_of_a_known_one_in_an_unknown_book)),
    (Code.VALUE_AT_RISK, NOTIONAL * DEVIATION, (risk_by_deviation, risk_by_deviation_with_a_book)),
    (Code.MARGIN_CUSHION, NOTIONAL * 3 / 10, (margin, margin_as_the_broker_tells_it, margin_of_a_short_position)),
    (Code.MARGIN_CUSHION, NOTIONAL * 3 / 10, (margin_of_what_is_on_its_way,)),
]
EXPOSURE_DESKS = [(code, build, each) for code, each, builds in _BY_CODE for build in builds]
