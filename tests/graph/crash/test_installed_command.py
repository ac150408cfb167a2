"""The installed command, nothing in it touched, killed from outside by the exchange that it trades at."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.brokerage.embedded.ticket import Ticket
from perun.tools.domain.orders import Order
from support.killing import KILLED, MortalDesk

PERUN = Path(sys.executable).with_name("perun")
DONE = 0
IN_PART = 5
"""A session was played meanwhile: the decision of which nothing was sent is too old to be sent now."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "number", "code"),
    [("before the exchange takes it", 1, IN_PART), ("after the exchange took it", 2, DONE)],
)
def test_when_perun_run_is_killed_while_an_order_is_with_the_exchange_then_the_same_slot_sends_no_second_one(
    open_desk: Callable[..., MortalDesk], monkeypatch: pytest.MonkeyPatch, moment: str, number: int, code: int
) -> None:
    desk = open_desk("alpaca")
    honest, taken = Exchange.take_ticket, list[str]()
    running = perun_run(desk)

    def deadly(exchange: Exchange, ticket: Ticket) -> Order:
        taken.append(ticket.client_order_id)
        if len(taken) == number and moment.startswith("before"):
            running.kill()
            running.wait()
        order = honest(exchange, ticket)
        if len(taken) == number:
            running.kill()
        return order

    monkeypatch.setattr(Exchange, "take_ticket", deadly)
    assert running.wait(120) == KILLED
    assert perun_run(desk).wait(120) == code
    desk.tally.update({"processes": 2, "kills": 1, f"killed from outside, {moment}": 1})
    assert desk.settle() == []
    assert [order.symbol for order in desk.books.asked_for()] == ["AAPL", "IBM"][:number]
    assert len(taken) == len(set(taken)), "no request comes twice"


def perun_run(desk: MortalDesk) -> subprocess.Popen[bytes]:
    """`perun run --slot s`, as a person starts it."""
    settings = {name.upper(): str(value) for name, value in {"data_dir": desk.folder, **desk.settings}.items()}
    command = [str(PERUN), "run", "--slot", "s", "--symbols", "AAPL,IBM", "--json"]
    return subprocess.Popen(command, env={**os.environ, **settings}, cwd=desk.folder.parent, stdout=subprocess.DEVNULL)
