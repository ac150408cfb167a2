"""What is known not to have left is sent again with the same id, for a while; everything else never."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from perun.graph.ledger.intents import IntentState
from perun.graph.submission import DECISION_TTL, PAUSES
from perun.tools.domain.errors import NotSent, RateLimited
from perun.tools.domain.events import IntentWritten
from perun.tools.domain.standing import TradingState
from support.counter import QUIET, Counter

REFUSED = NotSent("connection refused")


def limited(until: datetime | None) -> RateLimited:
    return RateLimited("too many requests", until)


def state_of(counter: Counter) -> IntentState | None:
    intent = counter.desk.intent("perun-in")
    return intent and intent.state


@pytest.mark.parametrize("refusals", [1, 2])
def test_when_no_connection_comes_about_then_the_same_id_is_sent_again_twice_at_most(
    tmp_path: Path, refusals: int
) -> None:
    with Counter(tmp_path, [QUIET] * 2) as counter:
        counter.hand.failing = [REFUSED] * refusals
        assert counter.buy().troubles == []
        assert (state_of(counter), counter.hand.sent) == (IntentState.ACKED, ["perun-in"] * (refusals + 1))
        assert counter.waits == list(PAUSES[:refusals])
        assert len(counter.book.working_orders()) == 2
        written = [event for event in counter.events() if isinstance(event, IntentWritten)]
        assert len(written) == refusals + 1, "each request is on the record before it is made"


def test_when_no_connection_comes_about_three_times_then_it_was_not_sent(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 2) as counter:
        counter.hand.failing = [REFUSED] * 4
        assert counter.buy().troubles == ["perun-in was not sent: connection refused"]
        assert (state_of(counter), len(counter.hand.sent)) == (IntentState.NOT_SENT, 3)
        counter.buy()
        assert len(counter.hand.sent) == 3, "an id that stands in the ledger is looked up and never sent"


def test_when_the_limit_of_requests_is_lifted_in_time_then_it_is_waited_for(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 2) as counter:
        counter.hand.failing = [limited(counter.now() + timedelta(seconds=37))]
        assert counter.buy().troubles == []
        assert (state_of(counter), counter.waits, len(counter.hand.sent)) == (IntentState.ACKED, [37.0], 2)


@pytest.mark.parametrize(
    ("resets", "said"),
    [
        (lambda now: now + DECISION_TTL + timedelta(seconds=1), "perun-in was not sent: too many requests until "),
        (lambda now: None, "perun-in was not sent: too many requests"),
    ],
    ids=["too late", "nobody says when"],
)
def test_when_the_limit_is_lifted_too_late_or_nobody_says_when_then_it_was_not_sent(
    tmp_path: Path, resets: Callable[[datetime], datetime | None], said: str
) -> None:
    with Counter(tmp_path, [QUIET] * 2) as counter:
        counter.hand.failing = [limited(resets(counter.now()))]
        (trouble,) = counter.buy().troubles
        assert trouble.startswith(said)
        assert (state_of(counter), counter.waits, counter.hand.sent) == (IntentState.NOT_SENT, [], ["perun-in"])


def test_when_the_window_has_passed_already_then_nobody_waits(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 2) as counter:
        counter.hand.failing = [limited(counter.now() - timedelta(hours=1))]
        counter.buy()
        assert (state_of(counter), counter.waits) == (IntentState.ACKED, [0.0])


def test_when_halt_comes_while_it_waits_then_nothing_more_is_sent(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 2) as counter:
        counter.hand.failing = [limited(counter.now() + timedelta(seconds=37))]
        waiting = counter.sleep

        def halted_meanwhile(seconds: float) -> None:
            waiting(seconds)
            counter.watch.tighten(TradingState.HALTED, "a person said so", "a test", counter.recorder)

        object.__setattr__(counter.desk, "wait", halted_meanwhile)
        errand = counter.buy()
        assert [check.code for check in errand.denials["AAPL"].breaches] == ["TRADING_STATE"]
        assert (state_of(counter), counter.hand.sent) == (IntentState.DENIED, ["perun-in"])
