import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from perun.graph.ledger.intents import Intent, IntentState
from perun.graph.ledger.ledger import Ledger
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.orders import Leg, OrderTerms, Side

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
ENDS = [state for state in IntentState if state.is_terminal]


def terms(client_order_id: str = "perun-s-AAPL-entry-1", qty: str = "10") -> OrderTerms:
    return OrderTerms(client_order_id=client_order_id, symbol="AAPL", side=Side.BUY, qty=Decimal(qty))


@pytest.fixture
def ledger(ledger: Ledger) -> Ledger:
    ledger.cycles.claim("c1", "acc", "slot", "paper", NOW, ["AAPL"], NOW)
    return ledger


def write(ledger: Ledger, wanted: OrderTerms | None = None, attempt: int = 1, account: str = "acc") -> Intent:
    return ledger.intents.write(account, "c1", wanted or terms(), Leg.ENTRY, attempt, IntentState.SUBMITTING, NOW)


def test_when_an_intent_is_written_then_it_is_read_back_as_it_was(ledger: Ledger) -> None:
    written = write(ledger)

    assert ledger.intents.get("acc", written.client_order_id) == written
    assert ledger.intents.of_cycle("c1") == ledger.intents.open_intents("acc") == [written]
    assert (written.state, written.terms) == (IntentState.SUBMITTING, terms())


def test_when_write_returns_then_the_client_order_id_stands_in_the_database_s_files(ledger: Ledger, path: Path) -> None:
    write(ledger)

    files = path.read_bytes() + path.with_name("ledger.db-wal").read_bytes()
    assert b"perun-s-AAPL-entry-1" in files


@pytest.mark.parametrize(
    ("again", "attempt"),
    [(terms(), 1), (terms(), 2), (terms(qty="99"), 1), (terms("another-id"), 1)],
    ids=["the same", "id taken", "other quantity", "attempt taken"],
)
def test_when_an_intent_or_its_attempt_already_stands_then_writing_it_is_an_error_and_the_first_stays(
    ledger: Ledger, again: OrderTerms, attempt: int
) -> None:
    first = write(ledger)

    with pytest.raises(ValueError, match="already stands in the ledger"):
        write(ledger, again, attempt)
    assert ledger.intents.of_cycle("c1") == [first]


def test_when_an_intent_is_amended_before_it_is_sent_then_its_terms_and_hash_are_new(ledger: Ledger) -> None:
    written = ledger.intents.write("acc", "c1", terms(), Leg.ENTRY, 1, IntentState.SUBMITTING, NOW)
    ledger.intents.amend("acc", terms(qty="7"), LATER)

    amended = ledger.intents.get("acc", written.client_order_id)
    assert amended.terms == terms(qty="7")
    assert amended.body_hash != written.body_hash


def test_when_an_intent_was_answered_then_it_cannot_be_amended(ledger: Ledger) -> None:
    written = ledger.intents.write("acc", "c1", terms(), Leg.ENTRY, 1, IntentState.SUBMITTING, NOW)
    ledger.intents.move("acc", written.client_order_id, IntentState.ACKED, "", LATER)

    with pytest.raises(ValueError, match="not about to be submitted"):
        ledger.intents.amend("acc", terms(qty="7"), LATER)


def test_when_an_intent_moves_then_its_state_detail_and_instant_are_new_and_its_terms_are_not(ledger: Ledger) -> None:
    written = write(ledger)
    ledger.intents.move("acc", written.client_order_id, IntentState.UNKNOWN, "timeout after 5 s", LATER)

    moved = ledger.intents.get("acc", written.client_order_id)
    assert (moved.state, moved.detail, moved.updated_at) == (IntentState.UNKNOWN, "timeout after 5 s", LATER)
    assert (moved.terms, moved.body_hash) == (written.terms, written.body_hash)


@pytest.mark.parametrize("end", ENDS)
def test_when_an_intent_came_to_an_end_then_it_cannot_leave_it_and_is_no_longer_open(
    ledger: Ledger, end: IntentState
) -> None:
    name = write(ledger).client_order_id
    ledger.intents.move("acc", name, end, "the end", LATER)
    ledger.intents.move("acc", name, end, "told again", LATER)

    for other in set(IntentState) - {end}:
        with pytest.raises(ValueError, match=f"cannot become {other}: it is {end}"):
            ledger.intents.move("acc", name, other, "", LATER)
    assert (ledger.intents.get("acc", name).state, ledger.intents.get("acc", name).detail) == (end, "the end")
    assert ledger.intents.open_intents("acc") == []
    assert len(ledger.intents.of_cycle("c1")) == 1


def test_when_the_states_are_sorted_then_exactly_six_are_ends() -> None:
    assert {end.value for end in ENDS} == {"DENIED", "FILLED", "CANCELED", "EXPIRED", "REJECTED", "NOT_SENT"}


def test_when_an_intent_is_unknown_to_the_ledger_then_moving_it_is_an_error(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="it is unknown"):
        ledger.intents.move("acc", "nobody", IntentState.ACKED, "", NOW)


def test_when_two_accounts_use_one_client_order_id_then_each_has_its_own_intent(ledger: Ledger) -> None:
    write(ledger)
    write(ledger, account="other")
    ledger.intents.move("other", terms().client_order_id, IntentState.REJECTED, "", LATER)

    assert ledger.intents.get("acc", terms().client_order_id).state is IntentState.SUBMITTING


def test_when_the_terms_in_the_file_were_changed_then_reading_the_intent_says_so(ledger: Ledger, path: Path) -> None:
    write(ledger)
    with closing(sqlite3.connect(path)) as hand:
        hand.execute("""UPDATE intents SET body = replace(body, '"10"', '"1000"')""")
        hand.commit()

    with pytest.raises(ConfigurationError, match="was changed after it was written"):
        ledger.intents.get("acc", terms().client_order_id)
