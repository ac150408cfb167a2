"""People are told of what happened, until somebody heard it, and whoever does not listen holds up nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from perun.graph.app.daemon.duty import Duty, on_duty
from perun.graph.app.settings import Settings
from perun.graph.app.wiring import ledger_place
from perun.graph.ledger.ledger import Ledger, open_ledger
from perun.graph.notices import OLDEST, News, Notices
from perun.tools.domain.clock import SystemClock, stopwatch
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.events import CycleEnded, ErrorNoted, Event, StateChanged
from perun.tools.domain.standing import TradingState
from support.daemons import DaemonDesk
from support.embedding import BagOfWords
from support.floor import settings
from support.people import TOKEN, people

CLOCK = SystemClock()
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")
"""Apprise reads it where it is still there."""


@pytest.fixture(autouse=True)
def small_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perun.graph.app.daemon.shift.MiniLM", BagOfWords)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "perun.db", CLOCK) as opened:
        yield opened


@contextmanager
def daemon(folder: Path, urls: str) -> Iterator[tuple[Duty, list[str]]]:
    said = list[str]()
    chosen = settings(folder, default_symbols="AAPL,IBM", notify_urls=urls)
    with on_duty(chosen, "schedule", lambda event, line, **_: said.append(f"{event}: {line}")) as (duty, _):
        yield duty, said


def halt(chosen: Settings, account: str) -> None:
    """What `perun halt` writes."""
    with open_ledger(ledger_place(chosen), CLOCK) as ledger:
        state = StateChanged(state=TradingState.HALTED, reason="a look", who="me")
        ledger.events.append(f"desk:{account}", state, CLOCK.now())


def test_when_the_desk_trades_and_is_halted_then_people_are_told_once_whatever_restarts(tmp_path: Path) -> None:
    with people() as they:
        with daemon(tmp_path, they.url) as (duty, _):
            assert duty.take("2009-06-01-close-15m")["outcome"] == "traded"
            first = they.next()
            duty.herald.cry()
        assert first["title"] == "Perun embedded: fill and 1 more"
        assert [line.partition("UTC  ")[2].split(" at ")[0] for line in first["message"].splitlines()] == [
            "fill: buy 652 AAPL",
            "fill: buy 217 IBM",
        ]
        halt(settings(tmp_path), duty.tally.account)
        for expected in (["halt: a look (me)"], []):
            with daemon(tmp_path, they.url):
                pass
            assert they.lines() == expected


def test_when_nobody_takes_messages_then_the_cycle_is_as_fast_and_it_is_said_once_without_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("perun.graph.app.notifying._PAUSES", (0.0,))
    monkeypatch.setattr("perun.graph.app.daemon.herald._LAST_SECONDS", 0.2)
    with people(500) as deaf, people() as slow:
        slow.are_slow.set()
        with daemon(tmp_path, f"{deaf.url},json://127.0.0.1:9/{TOKEN}, {slow.url}") as (duty, said):
            slow.messages.queue.clear()
            for day in ("01", "02"):
                halt(duty.settings, duty.tally.account)
                began = stopwatch()
                duty.herald.cry()
                assert stopwatch() - began < 2, day
                deaf.next()
            slow.next()
    told = [line for line in said if line.startswith("notify")]
    assert sorted(told)[:2] == [
        "notify: address 1 of NOTIFY_URLS (json) takes no messages: perun notify tries it",
        "notify: address 2 of NOTIFY_URLS (json) takes no messages: perun notify tries it",
    ]
    out, err = capfd.readouterr()
    assert TOKEN not in "".join([out, err, *said])


def test_when_nobody_took_the_news_of_a_halt_then_the_next_daemon_tells_it_with_what_came_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perun.graph.app.notifying._PAUSES", (0.0,))
    with people(500) as deaf, people() as they:
        with daemon(tmp_path, deaf.url) as (duty, _):
            halt(duty.settings, duty.tally.account)
            duty.herald.cry()
            assert "halt: a look (me)" in deaf.next()["message"]
        halt(duty.settings, duty.tally.account)
        for expected in (["halt: a look (me)"] * 2, []):
            with daemon(tmp_path, f"{deaf.url},{they.url}"):
                pass
            assert they.lines() == expected


def test_when_an_address_is_of_no_known_kind_then_the_daemon_refuses_it_without_showing_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused, daemon(tmp_path, f"json://127.0.0.1:9,bogus://{TOKEN}"):
        pass
    assert "address 2" in str(refused.value)
    assert TOKEN not in str(refused.value)


A_FALL = StateChanged(state=TradingState.REDUCING, reason="lost 3.1% today", who="breaker", latch="daily loss")
LEFT = ErrorNoted(where="schedule", code="SLOT_MISSED", message="2026-11-25-close-15m: nobody was there")
DOUBT = ErrorNoted(where="execute", code="AMBIGUOUS_SUBMIT", message="perun-x: timed out")
NO_NEWS = ErrorNoted(where="recall", code="MEMORY_DEGRADED", message="slow")


def ended(outcome: str) -> CycleEnded:
    return CycleEnded(outcome=outcome, cash=Decimal(1), equity=Decimal(1))


@pytest.mark.parametrize(
    ("stream", "event", "line"),
    [
        ("desk:me", A_FALL, "latch, the desk only reduces: lost 3.1% today (breaker)"),
        ("schedule:me", LEFT, "slot missed: 2026-11-25-close-15m: nobody was there"),
        ("cycle:me:s", DOUBT, "order in doubt: perun-x: timed out"),
        ("cycle:me:s", ended("degraded"), "cycle failed in part: s"),
        ("cycle:me:s", ended("expired"), "slot expired: s"),
        ("cycle:me:s", ended("held"), None),
        ("cycle:me:s", NO_NEWS, None),
        ("cycle:you:s", DOUBT, None),
        ("chat:me", DOUBT, None),
    ],
)
def test_when_something_happens_then_it_has_its_line_or_none(
    ledger: Ledger, stream: str, event: Event, line: str | None
) -> None:
    notices = Notices("me")
    assert notices.fresh(ledger, CLOCK.now()) == News()
    ledger.events.append(stream, event, CLOCK.now())
    assert [notice.line for notice in notices.fresh(ledger, CLOCK.now()).notices] == ([line] if line else [])


def test_when_people_were_told_then_they_are_not_told_again_and_until_then_they_are(ledger: Ledger) -> None:
    notices = Notices("me")
    notices.fresh(ledger, CLOCK.now())
    ledger.events.append("desk:me", A_FALL, CLOCK.now())
    first = notices.fresh(ledger, CLOCK.now())
    ledger.events.append("schedule:me", LEFT, CLOCK.now())
    both = Notices("me").fresh(ledger, CLOCK.now())
    assert both.notices[:1] == first.notices
    assert len(both.notices) == 2
    notices.told(ledger, first, CLOCK.now())
    assert notices.fresh(ledger, CLOCK.now()).notices == both.notices[1:]
    notices.told(ledger, both, CLOCK.now())
    assert notices.fresh(ledger, CLOCK.now()) == News()


def test_when_it_happened_days_ago_or_before_there_was_anybody_to_tell_then_nobody_is_told(ledger: Ledger) -> None:
    now, notices = CLOCK.now(), Notices("me")
    ledger.events.append("desk:me", DOUBT, now)
    assert notices.fresh(ledger, now) == News()
    ledger.events.append("desk:me", DOUBT, now - OLDEST - timedelta(seconds=1))
    assert notices.fresh(ledger, now).notices == ()
    ledger.events.append("desk:me", DOUBT, now)
    assert len(notices.fresh(ledger, now).notices) == 1
    assert ledger.events.verify("notices:me") is None


def test_when_addresses_are_tried_then_it_is_said_which_took_the_message(tmp_path: Path) -> None:
    with people() as they, people(500) as deaf:
        tried = DaemonDesk(tmp_path, {"NOTIFY_URLS": f"{they.url},{deaf.url}"}).perun("notify", "--json")
        assert (tried.code, [row["taken"] for row in tried.document["addresses"]]) == (4, [True, False])
        assert they.next()["title"] == "Perun"
    assert TOKEN not in tried.out + tried.err
    nobody = DaemonDesk(tmp_path).perun("notify")
    assert (nobody.code, nobody.err) == (2, "perun: NOTIFY_URLS is empty: nobody is told anything\n")
