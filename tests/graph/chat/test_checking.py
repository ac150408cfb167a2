"""A sentence is said when what it cites exists and says the same; else it is withheld, and why is known."""

import pytest

from perun.graph.chat.checking import Claim, check
from perun.graph.chat.citations import resolve
from perun.graph.chat.desk import ReadingDesk
from perun.graph.chat.record import Record

NOTHING = "it cites nothing"
ABSENT = "it cites what is not in the record"
NUMBER = "a number in it stands in nothing that it cites"
NAME = "a name in it stands in nothing that it cites"
DATE = "a date in it stands in nothing that it cites"
FATE = "what it cites does not say that it ended so"
ORDER = "perun-embedded-2009-06-01-AAPL-entry-1"


@pytest.fixture
def record(desk: ReadingDesk) -> Record:
    return desk.record


def event_of(record: Record, slot: str, part: str, symbol: str) -> str:
    """The citation of a part of a decision."""
    cycle = record.cycle(slot)
    assert cycle is not None
    row = next(row for row in record.story(cycle)[part] if row["symbol"] == symbol)
    return f"[cycle:{slot}/event:{row['event']}]"


def verdict_of(record: Record, text: str, *cites: str) -> str:
    """Why the sentence is withheld; empty when it is said."""
    checked = check([Claim(text, cites)], record)
    return checked.withheld[0].reason if checked.withheld else ""


def test_when_a_sentence_is_true_then_it_is_said_with_its_citation_and_its_cycle(record: Record) -> None:
    cite = event_of(record, "2009-06-01", "signals", "AAPL")
    checked = check([Claim("The trader wished BUY of AAPL with confidence 0.65.", (cite,))], record)
    assert [said.cites for said in checked.said] == [(cite,)]
    assert [record.cycle(cycle) for cycle in checked.cycles] == [record.cycle("2009-06-01")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("The trader wished BUY of AAPL with confidence 65%.", ""),
        ("The trader wished to buy AAPL.", ""),
        ("The trader was quite sure.", ""),
        ("The trader wished BUY of AAPL with confidence 0.85.", NUMBER),
        ("The trader wished 100 shares of AAPL.", NUMBER),
        ("The trader wished 3 of AAPL.", NUMBER),
        ("The trader wished SELL of AAPL.", NAME),
        ("The trader wished BUY of TSLA.", NAME),
        ("MAX_POSITION_SIZE held the trader back.", NAME),
        ("The trader wished BUY of AAPL on 2009-06-03.", DATE),
        ("The trader wished BUY of AAPL on 2009-06-01.", ""),
        ("AAPL was denied.", FATE),
        ("AAPL was filled.", FATE),
        ("The analyst was bearish on AAPL.", FATE),
        ("", "it says nothing"),
    ],
)
def test_when_a_sentence_is_held_against_a_signal_then_what_stands_there_may_be_said(
    text: str, reason: str, record: Record
) -> None:
    assert verdict_of(record, text, event_of(record, "2009-06-01", "signals", "AAPL")) == reason


def test_when_a_sentence_cites_nothing_then_it_is_withheld(record: Record) -> None:
    assert verdict_of(record, "We bought AAPL.") == NOTHING


@pytest.mark.parametrize(
    "cite",
    [
        "[cycle:2009-06-01/event:99999]",
        "[cycle:2009-06-01/event:0]",
        "[cycle:2031-01-01]",
        "[mem:signal-000000000000]",
        "[mem:../../../etc/passwd]",
        "[rule:NO_SUCH_RULE]",
        "[order:nobody-s]",
        "[bars:AAPL:2009-06-01]",
        "[news:1]",
        "2009-06-01",
        "[]",
        "",
    ],
)
def test_when_a_citation_does_not_resolve_then_the_sentence_is_withheld_whatever_else_it_cites(
    cite: str, record: Record
) -> None:
    good = event_of(record, "2009-06-01", "signals", "AAPL")
    assert verdict_of(record, "The trader wished to buy AAPL.", good, cite) == ABSENT


def test_when_a_citation_is_written_in_any_of_its_forms_then_it_resolves_to_the_short_one(record: Record) -> None:
    cycle = record.cycle("2009-06-01")
    assert cycle is not None
    forms = ("[cycle:2009-06-01]", "cycle:2009-06-01", f"[{cycle.cycle_id}]", f"[cycle:{cycle.cycle_id}]")
    found = [resolve(form, record) for form in forms]
    assert {cited.citation for cited in found if cited} == {"[cycle:2009-06-01]"}
    assert all(found)


@pytest.mark.parametrize("cite", ["[rule:MAX_OPEN_POSITIONS]", f"[order:{ORDER}]", f"[order:{ORDER}-stop]"])
def test_when_a_rule_or_an_order_is_cited_then_it_resolves(cite: str, record: Record) -> None:
    cited = resolve(cite, record)
    assert cited is not None
    assert cited.citation == cite


def test_when_a_memory_is_cited_then_its_text_is_what_counts(record: Record) -> None:
    (entry, *_) = record.memories("GOOG", "GOOG")
    assert verdict_of(record, f"A {entry.kind} of GOOG is remembered.", entry.evidence) == ""


def test_when_citations_stand_inside_the_words_then_they_count_and_are_taken_out(record: Record) -> None:
    cite = event_of(record, "2009-06-01", "signals", "AAPL")
    (said,) = check([Claim(f"The trader wished to buy AAPL {cite}.", ())], record).said
    assert (said.text, said.cites) == ("The trader wished to buy AAPL .", (cite,))


def test_when_words_hold_brackets_or_control_letters_then_neither_reaches_the_person(record: Record) -> None:
    cite = event_of(record, "2009-06-01", "signals", "AAPL")
    (said,) = check([Claim("Bought\x1b[m [order of nobody] \u202eAAPL", (cite,))], record).said
    assert not set("[]\x1b\u202e") & set(said.text)
