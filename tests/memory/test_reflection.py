"""What a lesson says, what it comes from, and from when it is known."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from perun.memory.aftermath import Horizon, Outcome
from perun.memory.entries import LONGEST_TEXT, Kind, MemoryEntry, Quarantine
from perun.memory.reflection import LONGEST_SETUP, LONGEST_WORDS, Slots, Words, lesson, plainly

Make = Callable[..., MemoryEntry]
WRITTEN = datetime(2026, 11, 2, tzinfo=UTC)


def slots(change: str = "-0.0200", excess: str | None = "-0.0310", **others: Any) -> Slots:
    """AAPL bought on the fourth of March 2013 and stopped out on the sixth, unless told otherwise."""
    outcome = Outcome(
        horizon=Horizon.CLOSED,
        known_at=datetime(2013, 3, 6, 21, tzinfo=UTC),
        sessions=3,
        change=Decimal(change),
        excess=None if excess is None else Decimal(excess),
        worst=Decimal("-0.0250"),
    )
    known = {"symbol": "AAPL", "wished": "BUY", "confidence": 0.65, "on": date(2013, 3, 4), "outcome": outcome}
    trade = {"bought": Decimal("100.004"), "sold": Decimal(98), "stopped": True, "setup": "AAPL: uptrend."}
    return Slots.model_validate({**known, **trade, **others})


def test_when_a_trade_was_stopped_out_then_the_lesson_says_when_how_and_what_it_cost(entry: Make) -> None:
    learned = lesson(slots(), "order-1", [entry()], WRITTEN)
    assert learned
    assert learned.text == (
        "AAPL: uptrend. Then bought with confidence 0.65 on 2013-03-04 at 100, sold by its stop at 98: "
        "-2.00% until it was sold, 3.10 points worse than the benchmark, at worst -2.50%. "
        "It lost, and the benchmark did better."
    )
    assert learned.kind is Kind.LESSON
    assert learned.symbols == ("AAPL",)
    assert "stop-out" in learned.tags


def test_when_a_wish_was_denied_then_the_lesson_says_what_it_would_have_brought(entry: Make) -> None:
    wish = slots("0.0400", "0.0100", bought=None, sold=None, stopped=False, denied=("COOLDOWN",), setup="")
    learned = lesson(wish, "AAPL", [entry()], WRITTEN)
    assert learned
    assert learned.text.startswith(
        "AAPL: Then a BUY with confidence 0.65 was wished on 2013-03-04 and denied by the gate, COOLDOWN: +4.00%"
    )
    assert learned.text.endswith("It would have paid, and the benchmark did worse.")


@pytest.mark.parametrize(
    ("change", "excess", "wished", "words"),
    [
        ("0.02", "0.01", "BUY", "It paid, and the benchmark did worse."),
        ("0.02", "-0.01", "BUY", "It paid, but the benchmark did better."),
        ("-0.02", "0.01", "BUY", "It lost, but the benchmark did worse."),
        ("-0.02", None, "BUY", "It lost."),
        ("-0.02", "-0.01", "SELL", "It paid, and the benchmark did worse."),
    ],
)
def test_when_no_model_is_set_then_the_words_follow_from_the_numbers(
    change: str, excess: str | None, wished: str, words: str
) -> None:
    assert plainly(slots(change, excess, wished=wished)) == words


def test_when_a_model_finds_the_words_then_they_stand_behind_the_numbers(entry: Make) -> None:
    learned = lesson(slots(), "order-1", [entry()], WRITTEN, words=lambda known: f"{known.symbol} was bought late.")
    assert learned
    assert learned.text.endswith("at worst -2.50%. AAPL was bought late.")


@pytest.mark.parametrize(
    "words",
    [lambda known: "It lost 5 per cent.", lambda known: "x" * (LONGEST_WORDS + 1), lambda known: "\u200b"],
    ids=["numbers of its own", "too many", "none that can be seen"],
)
def test_when_the_words_are_no_good_then_those_of_the_template_stand_instead(entry: Make, words: Words) -> None:
    assert lesson(slots(), "order-1", [entry()], WRITTEN, words) == lesson(slots(), "order-1", [entry()], WRITTEN)


def test_when_nothing_is_remembered_of_a_trade_then_there_is_no_lesson() -> None:
    assert lesson(slots(), "order-1", [], WRITTEN) is None


def test_when_all_it_comes_from_is_in_quarantine_then_there_is_no_lesson(entry: Make) -> None:
    bad = entry().model_copy(update={"quarantine": Quarantine(reason="planted", who="anna", at=WRITTEN)})
    assert lesson(slots(), "order-1", [bad], WRITTEN) is None
    learned = lesson(slots(), "order-1", [bad, entry(name="other")], WRITTEN)
    assert learned
    assert learned.data["sources"] == [entry(name="other").id]


def test_when_a_lesson_is_written_then_it_names_its_sources_and_keeps_the_numbers_as_facts(entry: Make) -> None:
    sources = [entry(kind=Kind.TRADE), entry(), entry(kind=Kind.MARKET)]
    learned = lesson(slots(), "order-1", sources, WRITTEN)
    assert learned
    assert learned.data["sources"] == [source.id for source in sources]
    assert Slots.model_validate(learned.data["slots"]) == slots()


def test_when_one_source_is_tainted_then_the_lesson_is_tainted(entry: Make) -> None:
    outside = entry(name="outside").model_copy(update={"tainted": True})
    taints = [lesson(slots(), "order-1", sources, WRITTEN) for sources in ([entry()], [entry(), outside])]
    assert [learned.tainted for learned in taints if learned] == [False, True]


def test_when_a_lesson_is_written_then_it_is_known_from_when_its_outcome_is(entry: Make) -> None:
    learned = lesson(slots(), "order-1", [entry()], WRITTEN)
    assert learned
    assert learned.as_of == datetime(2013, 3, 6, 21, tzinfo=UTC)


def test_when_the_same_trade_is_reflected_on_again_then_the_lesson_s_id_is_the_same(entry: Make) -> None:
    names = ["order-1", "order-1", "order-2"]
    ids = [learned.id for name in names if (learned := lesson(slots(), name, [entry()], WRITTEN))]
    assert ids[0] == ids[1] != ids[2]


def test_when_the_sources_tell_the_situation_then_the_lesson_bears_its_tags(entry: Make) -> None:
    seen = entry(kind=Kind.MARKET).model_copy(update={"tags": ("uptrend", "breakout", "information-technology")})
    learned = lesson(slots(stopped=False), "order-1", [entry(), seen], WRITTEN)
    assert learned
    assert learned.tags == ("breakout", "uptrend")


def test_when_the_setup_is_endless_then_the_lesson_is_bounded(entry: Make) -> None:
    learned = lesson(slots(setup="word " * 1000), "order-1", [entry()], WRITTEN)
    assert learned
    assert len(learned.text) < LONGEST_SETUP + 400 < LONGEST_TEXT
