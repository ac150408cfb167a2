from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perun.graph.ledger.notation import canonical, canonical_fact, parse, stamp
from perun.tools.domain.events import EVENT, ReportWritten

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_when_one_instant_is_before_another_then_so_is_its_text(one: datetime, other: datetime) -> None:
    assert (stamp(one) < stamp(other)) == (one < other)


def test_when_an_instant_is_in_another_zone_then_its_text_is_in_utc() -> None:
    new_york = timezone(timedelta(hours=-5))

    assert stamp(datetime(2026, 11, 22, 16, tzinfo=new_york)) == "2026-11-22T21:00:00.000000+00:00"


def test_when_an_instant_is_naive_then_it_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        stamp(datetime(2026, 11, 22))  # noqa: DTZ001 - the naive instant is the point


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(), JSON))
def test_when_a_fact_is_written_and_read_then_it_is_the_same_fact(report: dict[str, object]) -> None:
    event = ReportWritten(symbol="AAPL", report=report)

    assert EVENT.validate_python(parse(canonical_fact(event))) == event


def test_when_keys_stand_in_another_order_then_the_text_is_the_same() -> None:
    assert canonical({"b": 1, "a": [2, "—"]}) == canonical({"a": [2, "—"], "b": 1}) == '{"a":[2,"\\u2014"],"b":1}'


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), Decimal("NaN"), Decimal("Infinity")])
@pytest.mark.parametrize("wrap", [lambda n: n, lambda n: [n], lambda n: {"deep": ({"er": n},)}])
def test_when_a_number_in_a_fact_is_not_finite_then_it_is_refused(number: object, wrap) -> None:
    with pytest.raises(ValueError, match="may stand in the ledger"):
        canonical_fact(ReportWritten(symbol="AAPL", report={"value": wrap(number)}))


@pytest.mark.parametrize("text", ['{"qty": NaN}', "[Infinity]", "[-Infinity]", "[1e999]", '{"qty":', ""])
def test_when_a_text_is_no_json_of_finite_numbers_then_it_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the json module words it
        parse(text)
