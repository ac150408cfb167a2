"""How a process is made to die by SIGKILL at each named point: its real parts are counted, and none is replaced."""

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any, Final

import requests
from langgraph.checkpoint.sqlite import SqliteSaver

from perun.graph import cycle
from perun.graph.ledger.adjustments import Adjustments
from perun.graph.ledger.books import Books
from perun.graph.ledger.cycles import Cycles
from perun.graph.ledger.intents import Intents
from perun.graph.ledger.recorder import EventRecorder
from perun.graph.nodes import execute
from perun.tools.brokerage.alpaca.pace import AlpacaPace
from perun.tools.brokerage.alpaca.writer import AlpacaWriter
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.brokerage.embedded.pace import RecordedPace
from perun.tools.brokerage.embedded.store import Store
from perun.tools.brokerage.embedded.writer import EmbeddedWriter
from perun.tools.brokerage.gated import GatedBroker
from perun.tools.domain.events import ModelAsked
from support.killing import CLOCK

Picks = Callable[..., bool]


def die() -> None:
    """The plug is pulled: no handler runs, no buffer is flushed, no file is closed."""
    os.kill(os.getpid(), signal.SIGKILL)


def cut(point: str, time: int) -> None:
    """Make this process die when it comes to the point for the n-th time; for the clock, after so many milliseconds."""
    if point == CLOCK:
        timer = threading.Timer(time / 1000, die)
        timer.daemon = True
        timer.start()
        return
    left = [time]
    for blow in BLOWS[point]:
        blow.arm(left)


def _always(*_: Any, **__: Any) -> bool:
    return True


@dataclass(frozen=True)
class Blow:
    """A method of the desk's own, or of a library's, before or after which a process may die."""

    owner: Any
    method: str
    when: Picks
    """Which of its calls count."""
    after: bool

    def arm(self, left: list[int]) -> None:
        """Count its calls down, and die at the last."""
        honest = getattr(self.owner, self.method)

        def counted(*arguments: Any, **named: Any) -> Any:
            if not self.when(*arguments, **named):
                return honest(*arguments, **named)
            left[0] -= 1
            last = left[0] == 0
            if last and not self.after:
                die()
            answer = honest(*arguments, **named)
            if last:
                die()
            return answer

        setattr(self.owner, self.method, counted)


def _before(method: str, *owners: Any, when: Picks = _always) -> tuple[Blow, ...]:
    return tuple(Blow(owner, method, when, after=False) for owner in owners)


def _after(method: str, *owners: Any, when: Picks = _always) -> tuple[Blow, ...]:
    return tuple(Blow(owner, method, when, after=True) for owner in owners)


def _of_execute(_: Any, config: Any, written: Any, *__: Any) -> bool:
    """True for what a checkpointer is given when *execute* is done: its writes, or the state that holds them."""
    names = written["channel_values"] if isinstance(written, dict) else [channel for channel, _ in written]
    return "orders" in names


def _takes_order(_: Any, before: Any, after: Any, *__: Any) -> bool:
    return bool(after.orders.keys() - before.orders.keys())


def _posts_order(_: Any, request: Any, **__: Any) -> bool:
    return str(request.method) == "POST" and str(request.path_url).endswith("/orders")


def _awaits_post(connection: Any, *_: Any) -> bool:
    return str(connection._method) == "POST"


def _is_answer(_: Any, event: Any) -> bool:
    return isinstance(event, ModelAsked)


_WRITERS, _PACES, _RECONCILERS = (EmbeddedWriter, AlpacaWriter), (RecordedPace, AlpacaPace), (cycle, execute)

BLOWS: Final[dict[str, tuple[Blow, ...]]] = {
    "before an answer is recorded": _before("record", EventRecorder, when=_is_answer),
    "after an answer is recorded": _after("record", EventRecorder, when=_is_answer),
    "before the reconciliation": _before("reconcile", *_RECONCILERS),
    "after the opening balance": _after("book", Adjustments),
    "before a stop is put back": _before("protect", GatedBroker),
    "after a stop is put back": _after("protect", GatedBroker),
    "after the reconciliation": _after("reconcile", *_RECONCILERS),
    "before the intent": _before("write", Intents),
    "after the intent": _after("write", Intents),
    "before the stop is cancelled": _before("cancel", *_WRITERS),
    "after the stop is cancelled": _after("cancel", *_WRITERS),
    "before the request": _before("submit", *_WRITERS),
    # The request has left, and nobody waits for its answer; in process, in the midst of the exchange's transaction.
    "on the wire": (
        *_after("save", Store, when=_takes_order),
        *_before("getresponse", HTTPConnection, when=_awaits_post),
    ),
    # The order stands on the exchange's disk, and nothing of ours has read so.
    "accepted, not answered": (
        *_after("submit", Exchange),
        *_after("send", requests.Session, when=_posts_order),
    ),
    "after the answer": _after("submit", *_WRITERS),
    "after the answer is noted": _after("move", Intents),
    "before the market moves": _before("follow", *_PACES),
    "after the market moved": _after("follow", *_PACES),
    "before an order is booked": _before("note_order", Books),
    "before a fill is booked": _before("book_fill", Books),
    "after a fill is booked": _after("book_fill", Books),
    "before the writes of execute": _before("put_writes", SqliteSaver, when=_of_execute),
    "after the writes of execute": _after("put_writes", SqliteSaver, when=_of_execute),
    "before the checkpoint of execute": _before("put", SqliteSaver, when=_of_execute),
    "after the checkpoint of execute": _after("put", SqliteSaver, when=_of_execute),
    "before the cycle is closed": _before("finish", Cycles),
}
"""Where a process dies for each point; where there are several, their calls are counted together."""
