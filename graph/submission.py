"""How an order is sent at most once: the journal before the request, and what each answer makes of the intent."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from perun.graph.ledger.intents import Intent, IntentState
from perun.graph.ledger.ledger import Ledger
from perun.graph.watch import Wait, Watch
from perun.tools.domain.clock import Clock
from perun.tools.domain.errors import (
    BrokerUnavailable,
    ClientIdConflict,
    Halted,
    KeyRefused,
    MarketUnavailable,
    NotSent,
    OrderRejected,
    RateLimited,
)
from perun.tools.domain.events import ErrorNoted, IntentWritten, VerdictGiven
from perun.tools.domain.orders import Leg, Order, OrderTerms
from perun.tools.domain.ports import BookReader, Recorder
from perun.tools.domain.standing import TradingState
from perun.tools.domain.verdicts import Verdict
from perun.tools.risk.gate import Denied

LOOKS: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Seconds before each look for an order that may or may not have arrived."""
PAUSES: Final = (1.0, 2.0)
"""Seconds before an order that is known not to have left is handed in again, with the same id: twice at most."""
DECISION_TTL: Final = timedelta(seconds=120)
"""How long a run may try to send what it was made for; the facts that decided it are older then."""
ATTEMPT: Final = 1
"""The only attempt in a slot: an order in doubt or refused is never sent again in its slot by itself."""

Place = Callable[["Submission"], Order | Denied]
"""Sends one order, with the submission as its journal."""


@dataclass(frozen=True)
class OrderDesk:
    """What a submission touches beside the broker's writer."""

    book: BookReader
    ledger: Ledger
    account: str
    watch: Watch
    recorder: Recorder
    clock: Clock
    wait: Wait

    def intent(self, id_: str) -> Intent | None:
        """The account's intent with that client order id."""
        return self.ledger.intents.get(self.account, id_)

    def move(self, id_: str, state: IntentState, detail: str) -> None:
        """Move an intent on, now."""
        self.ledger.intents.move(self.account, id_, state, detail, self.clock.now())

    def adopt(self, intent: Intent, order: Order) -> str:
        """Take the order that stands at the broker under a doubtful intent's id for what became of it.

        An order with other terms is not ours: somebody else writes our ids, and nobody trades until a person looked.

        Returns:
            What is wrong with it; empty when it is ours.
        """
        if order.carries_out(intent.terms):
            self.move(intent.client_order_id, IntentState.ACKED, f"found at the broker: {order.status}")
            return ""
        message = f"the broker holds another order under {intent.client_order_id}: find out who writes this desk's ids"
        self.move(intent.client_order_id, IntentState.REJECTED, message)
        self.recorder.record(ErrorNoted(where="execute", code="CLIENT_ID_CONFLICT", message=message))
        self.watch.tighten(TradingState.HALTED, message, "execute", self.recorder)
        return message


class Submission:
    """Sends orders of one run under one name (the cycle's id), and keeps what went wrong."""

    def __init__(self, name: str, desk: OrderDesk) -> None:
        self._name, self._desk = name, desk
        self._leg, self._attempt = Leg.ENTRY, ATTEMPT
        self._deadline = desk.clock.now() + DECISION_TTL
        self.denials: dict[str, Verdict] = {}
        self.troubles: list[str] = []

    def send(self, id_: str, leg: Leg, place: Place, attempt: int = ATTEMPT) -> None:
        """Have `place` send the order, with this submission as its journal, and settle what came of it.

        An id that stands in the ledger already is looked up and never sent. Only what belongs to no slot, as a stop
        that is put back, has more than one attempt; each comes with an id of its own.
        """
        if self._desk.intent(id_) is not None:
            self.look_up(id_, pauses=(0.0,))
            return
        self._leg, self._attempt = leg, attempt
        try:
            answer = self._hand_in(place)
        except OrderRejected as refusal:
            self._end(id_, IntentState.REJECTED, "ORDER_REJECTED", f"the broker rejected {id_}: {refusal.message}")
        except KeyRefused as error:
            self._end(id_, IntentState.REJECTED, "KEY_REFUSED", str(error))
            self._desk.watch.tighten(TradingState.HALTED, str(error), "execute", self._desk.recorder)
        except ClientIdConflict as error:
            self._end(id_, IntentState.REJECTED, "CLIENT_ID_CONFLICT", str(error))
            self._desk.watch.tighten(TradingState.HALTED, str(error), "execute", self._desk.recorder)
        except Halted as error:
            self._end(id_, IntentState.NOT_SENT, "HALTED", str(error))
        except RateLimited as error:
            self._end(id_, IntentState.NOT_SENT, "RATE_LIMITED", f"{id_} was not sent: {error}{_until(error)}")
        except (NotSent, MarketUnavailable) as error:
            self._end(id_, IntentState.NOT_SENT, "NOT_SENT", f"{id_} was not sent: {error}")
        except BrokerUnavailable as error:
            self._doubt(id_, error)
        else:
            self._settle(id_, answer)

    def intend(self, terms: OrderTerms, cleared: Verdict) -> None:
        """Make the intent durable, or amend the one that was not sent yet; before it, what cleared it for the wire."""
        desk, now = self._desk, self._desk.clock.now()
        desk.recorder.record(VerdictGiven(stage="wire", verdict=cleared))
        if desk.intent(terms.client_order_id) is not None:
            desk.ledger.intents.amend(desk.account, terms, now)
        else:
            sending = (self._leg, self._attempt, IntentState.SUBMITTING)
            desk.ledger.intents.write(desk.account, self._name, terms, *sending, now)
        intent = desk.intent(terms.client_order_id)
        desk.recorder.record(IntentWritten(terms=terms, body_hash=intent.body_hash if intent else ""))

    def look_up(self, id_: str, pauses: tuple[float, ...] = LOOKS) -> bool:
        """Look for an order in doubt; True when it is in doubt no longer.

        What is found is adopted. What is not found stays in doubt: only a later reconciliation may say it never came.
        """
        intent = self._desk.intent(id_)
        if intent is None or intent.state.is_terminal:
            return True
        for pause in pauses:
            if pause:
                self._desk.wait(pause)
            try:
                order = self._desk.book.order(id_)
            except BrokerUnavailable:
                continue
            if order is not None:
                if conflict := self._desk.adopt(intent, order):
                    self.troubles.append(conflict)
                return True
        self._desk.move(id_, IntentState.UNKNOWN, "not found at the broker yet")
        return False

    def _hand_in(self, place: Place) -> Order | Denied:
        """Place it; what is known not to have left is placed again, cleared anew, while the decision is young."""
        for pause in PAUSES:
            try:
                return place(self)
            except (NotSent, RateLimited) as error:
                seconds = self._seconds_to(error, pause)
                if seconds is None:
                    raise
            self._desk.wait(seconds)
        return place(self)

    def _seconds_to(self, error: NotSent | RateLimited, pause: float) -> float | None:
        """How long to wait before the next try; None when it would come too late, or nobody says when."""
        now = self._desk.clock.now()
        if isinstance(error, RateLimited):
            if error.resets is None:
                return None
            pause = max(0.0, (error.resets - now).total_seconds())
        return pause if now + timedelta(seconds=pause) <= self._deadline else None

    def _doubt(self, id_: str, error: BrokerUnavailable) -> None:
        """No clear answer: before the intent nothing can have been sent; after it the order is looked for."""
        if self._desk.intent(id_) is None:
            self._trouble("BROKER_UNAVAILABLE", f"{id_} was not sent: {error}")
            return
        self._desk.move(id_, IntentState.UNKNOWN, str(error))
        self._desk.recorder.record(ErrorNoted(where="execute", code="AMBIGUOUS_SUBMIT", message=f"{id_}: {error}"))
        if not self.look_up(id_):
            self.troubles.append(f"no clear answer to {id_}, and it was not found: {error}")

    def _settle(self, id_: str, answer: Order | Denied) -> None:
        if isinstance(answer, Order):
            self._desk.move(id_, IntentState.ACKED, answer.status)
            return
        self.denials[answer.verdict.symbol] = answer.verdict
        self._desk.recorder.record(VerdictGiven(stage="wire", verdict=answer.verdict))
        if self._desk.intent(id_) is not None:
            self._desk.move(id_, IntentState.DENIED, "denied on the last look")

    def _end(self, id_: str, state: IntentState, code: str, message: str) -> None:
        if self._desk.intent(id_) is not None:
            self._desk.move(id_, state, message)
        self._trouble(code, message)

    def _trouble(self, code: str, message: str) -> None:
        self._desk.recorder.record(ErrorNoted(where="execute", code=code, message=message))
        self.troubles.append(message)


def _until(error: RateLimited) -> str:
    return f" until {error.resets:%H:%M:%S} UTC" if error.resets else ""
