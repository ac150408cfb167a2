"""Prices by tool are the market's own, up to *as of* and no further."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from perun.tools.market.folder import Origin, write_folder
from perun.tools.market.indicators import indicators
from perun.tools.market.recorded import RecordedMarket
from perun.tools.market.snapshot import HISTORY
from perun.tools.toolbox.prices import MOST_BARS, price_tools
from perun.tools.toolbox.tool import LONGEST_RESULT
from support.shelf import SYMBOLS, analyst_tools, call, view


def test_when_bars_are_asked_for_then_they_are_the_last_ones_oldest_first_with_their_ids() -> None:
    told = call(analyst_tools(), "bars", '{"symbol": "IBM", "count": 3}')
    bars = view().bars("IBM", 3)
    assert told.evidence == tuple(bar.evidence for bar in bars)
    head, *rows = told.text.splitlines()
    assert head == "IBM: date open high low close volume; cite a bar as [bars:IBM:DATE]"
    assert [row.split()[0] for row in rows] == [str(bar.session) for bar in bars]
    assert [Decimal(row.split()[4]) for row in rows] == [bar.close for bar in bars]
    assert bars[-1].session == date(2013, 2, 28)


def test_when_the_most_bars_are_asked_for_then_the_answer_is_whole() -> None:
    told = call(analyst_tools(), "bars", f'{{"symbol": "AAPL", "count": {MOST_BARS}}}')
    assert len(told.text) < LONGEST_RESULT
    assert len(told.text.splitlines()) == MOST_BARS + 1


@pytest.mark.parametrize("count", [0, -1, MOST_BARS + 1])
def test_when_more_bars_are_asked_for_than_allowed_then_the_call_is_refused(count: int) -> None:
    assert call(analyst_tools(), "bars", f'{{"symbol": "AAPL", "count": {count}}}').refused


@pytest.mark.parametrize("name", ["bars", "indicators", "quote"])
@pytest.mark.parametrize("symbol", ["MSFT", "aapl", "", "ZZZZ"])
def test_when_a_symbol_is_not_of_the_cycle_then_no_price_is_told(name: str, symbol: str) -> None:
    told = call(analyst_tools(), name, f'{{"symbol": "{symbol}"}}')
    assert told.text == "error: no such symbol here: ask for one of AAPL, IBM"
    assert told.evidence == ()


def test_when_indicators_are_asked_for_then_they_are_those_of_the_prompt_under_the_same_id() -> None:
    told = call(analyst_tools(), "indicators", '{"symbol": "AAPL"}')
    now = indicators(view().bars("AAPL", HISTORY))
    assert told.evidence == ("[indicators:AAPL:2013-02-28]",)
    assert f"- sma_50: {now.sma_50}" in told.text


def test_when_they_are_asked_for_some_sessions_ago_then_the_sessions_since_do_not_count() -> None:
    told = call(analyst_tools(), "indicators", '{"symbol": "AAPL", "sessions_ago": 2}')
    then = call(price_tools(view(date(2013, 2, 26)), SYMBOLS), "indicators", '{"symbol": "AAPL"}')
    assert told == then
    assert told.evidence == ("[indicators:AAPL:2013-02-26]",)


def test_when_the_history_is_shorter_than_the_look_back_then_the_call_is_refused() -> None:
    young = price_tools(view(date(2012, 5, 21)), ("FB",))
    assert call(young, "indicators", '{"symbol": "FB", "sessions_ago": 5}').text == (
        "error: FB has only 2 sessions of history"
    )


def test_when_the_quote_is_asked_for_then_it_is_the_market_s() -> None:
    last = view().quote("AAPL").last
    told = call(analyst_tools(), "quote", '{"symbol": "AAPL"}').text
    assert told.startswith("AAPL: bid ")
    assert f"last {last.normalize():f} at 2013-02-28" in told


def market_until(folder: Path, last: date) -> RecordedMarket:
    """AAPL's shipped days up to and including the last, and none after it."""
    shipped = RecordedMarket.shipped()
    sessions = [session for session in shipped.sessions() if session.day <= last]
    bars = {"AAPL": [bar for each in sessions if (bar := shipped.bar("AAPL", each.day))]}
    write_folder(folder, Origin(package="test", version="1", licence="none"), sessions, bars)
    return RecordedMarket.from_folder(folder)


def test_when_the_recording_goes_on_after_as_of_then_every_price_is_told_as_if_it_ended_there(tmp_path: Path) -> None:
    day = date(2012, 9, 19)
    ended = market_until(tmp_path, day)
    now, then = price_tools(view(day), ["AAPL"]), price_tools(ended.at(ended.session(day).closes), ["AAPL"])
    for name, arguments in (("bars", ', "count": 60'), ("indicators", ', "sessions_ago": 3'), ("quote", "")):
        asked = f'{{"symbol": "AAPL"{arguments}}}'
        assert not call(now, name, asked).refused
        assert call(now, name, asked) == call(then, name, asked)
