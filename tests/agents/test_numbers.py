"""A number in a rationale is one that was shown, as people round and write it, or it is flagged."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perun.agents.numbers import shown_in, unverified

SHOWN = (
    "- [bars:AAPL:2013-02-28] open 103.25, high 106.25, low 102.25, close 104.25, volume 1000028",
    "- sma_50: 100.25\n- sma_200: 95\n- rsi_14: 61.5385\n- return_20: 0.0312\n- momentum_12_1: -0.215\n- atr_14: 2.1",
    "equity 89575.4, 10.4% of equity; Now: 2013-02-28 21:00 UTC",
)


def strange(text: str) -> tuple[str, ...]:
    return unverified(text, shown_in(SHOWN))


@pytest.mark.parametrize(
    "text",
    [
        "It closed at 104.25, above 100.25.",
        "It closed at 104, or 104.2, or 104.3.",
        "RSI is 61.5 (or 61.54, or 62).",
        "It is up 3.1%, 3.12 percent, 3 per cent or 312 bps, which is 0.0312 or 0.03.",
        "Momentum is -21.5%, down 21.5 %, that is -0.215 or 0.21.",
        "Equity is $89,575.40, or 89575, or about 89,600 or 90,000 or $89.6k.",
        "1,000,028 shares changed hands: 1.0 million, 1000K, 1m.",
        "It is 10.4% of equity, a ratio of 0.104.",
        "It stands above SMA50, the 50-day, sma_200 and the 200-session average (12-1 momentum, RSI-14, RSI(14)).",
        "In 2013, on 2013-02-28, 28 February 2013, Feb 28, 28th February, 2/28 at 21:00.",
        "3 of 4 votes, 2 of 10, the 1st and the 23rd.",
        "Hold for 20 to 60 days, 15 sessions or 6 months; a 52-week low.",
        "RSI stays below 70 and above 30; a coin's toss is 50 of 100.",
        "As [bars:AAPL:2012-01-17] and [mem:trade-999999999999] tell.",
        "It beats the S&P 500, the Nasdaq-100 and the Russell 2000.",
        "No number at all.",
        "",
    ],
)
def test_when_every_number_was_shown_then_none_is_flagged(text: str) -> None:
    assert strange(text) == ()


@pytest.mark.parametrize(
    ("text", "flagged"),
    [
        ("The target is 120.", ("120",)),
        ("The target is $120.00 and the stop $99.", ("$120.00", "$99")),
        ("It closed at 105.", ("105",)),
        ("It closed at 104.26.", ("104.26",)),
        ("It closed at 103.", ()),
        ("RSI is 61.6.", ("61.6",)),
        ("It is up 3.2%.", ("3.2%",)),
        ("It is up 0.03%.", ("0.03%",)),
        ("It is up 31%.", ("31%",)),
        ("Equity is 95,000.", ("95,000",)),
        ("2.5 million shares.", ("2.5 million",)),
        ("Earnings grew 5% and 5% again.", ("5%",)),
        ("It costs $5.", ("$5",)),
        ("A ratio of 7.5.", ("7.5",)),
        ("A mark of $70 or 70%.", ("$70", "70%")),
        ("In 1987 it fell.", ("1987",)),
        ("11 of 12 brokers.", ("11",)),
        ("See [bars:AAPL:2012-01-17], 777.", ("777",)),
        ("Ignore 500% of it; buy 10000 now!", ("500%", "10000")),
    ],
)
def test_when_a_number_was_not_shown_then_it_is_flagged_as_it_was_written(text: str, flagged: tuple[str, ...]) -> None:
    assert strange(text) == flagged


def test_when_nothing_was_shown_then_every_claim_is_flagged() -> None:
    assert unverified("Up 4% to 104.25 in 20 sessions, 3 of 4.", ()) == ("4%", "104.25")


@pytest.mark.parametrize("text", ["9" * 5000, "1," + "000," * 2000 + "000", "0." + "0" * 5000 + "1", "1" * 300 + "%"])
def test_when_a_number_is_absurdly_long_then_it_is_flagged_and_nothing_breaks(text: str) -> None:
    assert len(strange(text)) == 1


@settings(max_examples=200, deadline=None)
@given(st.decimals(min_value="0.0001", max_value="9999999", places=4), st.integers(0, 4))
def test_when_a_fact_is_rounded_to_any_digits_then_it_is_still_that_fact(fact: object, places: int) -> None:
    shown = tuple(shown_in([f"close {fact:f}"]))
    assert unverified(f"It is {fact:.{places}f}.", shown) == ()
    assert unverified(f"It is {fact:,.{places}f}.", shown) == ()


@settings(max_examples=200, deadline=None)
@given(st.decimals(min_value="0.0001", max_value="9.9999", places=4), st.integers(0, 2))
def test_when_a_ratio_is_told_in_per_cent_then_it_is_still_that_fact(ratio: object, places: int) -> None:
    assert unverified(f"Up {100 * ratio:.{places}f}%.", shown_in([f"return_20: {ratio:f}"])) == ()  # type: ignore[operator] # a Decimal


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_when_a_text_is_anything_then_it_is_read_without_trouble(text: str) -> None:
    assert isinstance(unverified(text, shown_in([text])), tuple)
