"""What came after a decision, as far as the market has the days."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from perun.graph.ledger.archive import Archive
from perun.graph.trace.aftermath import aftermath
from perun.graph.trace.reading import Trace, find
from perun.tools.market.recorded import RecordedMarket
from support.market import made_market

MARKET = RecordedMarket.shipped()


def closes(symbol: str, trace: Trace, sessions: int) -> tuple[Decimal, Decimal]:
    """The close when it was decided, and so many sessions later, read from the market by hand."""
    days = [session.day for session in MARKET.sessions()]
    here = days.index(trace.cycle.as_of.date())
    found = [MARKET.bar(symbol, day) for day in (days[here], days[here + sessions])]
    assert found[0] is not None
    assert found[1] is not None
    return found[0].close, found[1].close


def test_when_sessions_went_by_then_each_wish_has_its_result_beside_the_cycle_s_symbols(archive: Archive) -> None:
    trace = find(archive, "first")
    told = {each.symbol: each for each in aftermath(trace, MARKET.at(trace.cycle.as_of + timedelta(days=60)))}
    assert set(told) == {"AAPL", "IBM"}
    for place, sessions in enumerate((1, 5, 20)):
        gains = {}
        for symbol in told:
            then, later = closes(symbol, trace, sessions)
            gains[symbol] = (later / then - 1) * 100
            assert told[symbol].close == then
        for symbol, each in told.items():
            after = each.after[place]
            assert (after.sessions, after.gain) == (sessions, gains[symbol].quantize(Decimal("0.01")))
            assert after.benchmark == (sum(gains.values()) / 2).quantize(Decimal("0.01"))


def test_when_the_account_s_present_is_early_then_only_what_had_happened_by_then_is_told(archive: Archive) -> None:
    trace = find(archive, "first")
    same_day = aftermath(trace, MARKET.at(trace.cycle.as_of))
    week = aftermath(trace, MARKET.at(trace.cycle.as_of + timedelta(days=7)))
    assert [each.after for each in same_day] == [(), ()]
    assert [[after.sessions for after in each.after] for each in week] == [[1, 5], [1, 5]]


def test_when_the_market_does_not_hold_a_symbol_then_nothing_is_told_of_it(archive: Archive, tmp_path: Path) -> None:
    trace = find(archive, "first")
    other = made_market(tmp_path, {"ZZZ": [100, 101]})
    assert aftermath(trace, other.at(trace.cycle.as_of + timedelta(days=60))) == ()
