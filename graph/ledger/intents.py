"""Orders that the desk means to send: durable before they are sent, moved as they are answered."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import takewhile
from typing import Final

from sqlalchemy import ColumnElement, Row, Select, bindparam, case, insert, select, true, update
from sqlalchemy.exc import IntegrityError

from perun.graph.ledger.database import Database
from perun.graph.ledger.intent_file import IntentFile
from perun.graph.ledger.notation import canonical_fact, fingerprint, stamp
from perun.graph.ledger.schema import INTENTS
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.orders import Leg, OrderTerms


class IntentState(StrEnum):
    """How far an intent came. Nothing leaves a terminal state."""

    PLANNED = "PLANNED"
    DENIED = "DENIED"
    APPROVED = "APPROVED"
    SUBMITTING = "SUBMITTING"
    ACKED = "ACKED"
    PARTIAL = "PARTIAL"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"
    """It may have reached the broker: look it up, never send it again."""
    NOT_SENT = "NOT_SENT"

    @property
    def is_terminal(self) -> bool:
        """True when nothing more can become of the intent."""
        return self in _TERMINAL


_TERMINAL: Final = {
    IntentState.DENIED,
    IntentState.FILLED,
    IntentState.CANCELED,
    IntentState.EXPIRED,
    IntentState.REJECTED,
    IntentState.NOT_SENT,
}

_TAKEN: Final = {
    IntentState.ACKED,
    IntentState.PARTIAL,
    IntentState.FILLED,
    IntentState.CANCELED,
    IntentState.EXPIRED,
}
"""The broker took it, whatever became of it afterwards."""

# Built once: putting a statement together costs more than sending it, and a cycle asks some thirty times.
_OURS: Final = select(INTENTS).where(INTENTS.c.account == bindparam("of_account"))
_NAMED: Final = _OURS.where(INTENTS.c.client_order_id == bindparam("named"))
_OF_CYCLE: Final = select(INTENTS).where(INTENTS.c.cycle_id == bindparam("of_cycle"))
# Said as a list of the open states, for which there is an index.
_OPEN: Final = _OURS.where(INTENTS.c.state.in_([state.value for state in IntentState if state not in _TERMINAL]))


@dataclass(frozen=True, slots=True)
class Intent:
    """One order that the desk means to send, and how far it came."""

    account: str
    client_order_id: str
    cycle_id: str
    symbol: str
    leg: Leg
    attempt: int
    state: IntentState
    terms: OrderTerms
    body_hash: str
    """SHA-256 of the terms' canonical JSON."""
    detail: str
    """What the last move had to say."""
    updated_at: datetime
    """When it came to its state, or its terms were amended."""


class Intents:
    """The ledger's book of intents."""

    def __init__(self, database: Database, file: IntentFile | None = None) -> None:
        self._database = database
        self._file = file

    def write(
        self,
        account: str,
        cycle_id: str,
        terms: OrderTerms,
        leg: Leg,
        attempt: int,
        state: IntentState,
        now: datetime,
    ) -> Intent:
        """Write a new intent; durable on return.

        Raises:
            ValueError: its client order id or its attempt already stands in the ledger.
            LedgerUnavailable: the database cannot be written; nothing may be sent.
        """
        body = canonical_fact(terms)
        row = {
            "account": account,
            "client_order_id": terms.client_order_id,
            "cycle_id": cycle_id,
            "symbol": terms.symbol,
            "leg": leg.value,
            "attempt": attempt,
            "state": state.value,
            "body": body,
            "body_hash": fingerprint(body),
            "detail": "",
            "updated_at": stamp(now),
        }
        try:
            self._insert(row)
        except IntegrityError as error:
            raise ValueError(
                f"the intent {terms.client_order_id} of {cycle_id} cannot be written: it (or this attempt) "
                "already stands in the ledger"
            ) from error
        id_, symbol = terms.client_order_id, terms.symbol
        return Intent(account, id_, cycle_id, symbol, leg, attempt, state, terms, fingerprint(body), "", now)

    def _insert(self, row: dict[str, str | int]) -> None:
        if self._file:
            self._file.note(str(row["client_order_id"]), str(row["updated_at"]))
        with self._database.writing() as connection:
            connection.execute(insert(INTENTS).values(row))

    def amend(self, account: str, terms: OrderTerms, now: datetime) -> None:
        """Write what will be sent instead, before anything was sent.

        Raises:
            ValueError: the intent is not about to be submitted.
            LedgerUnavailable: the database cannot be written; nothing may be sent.
        """
        body = canonical_fact(terms)
        unsent = _named(account, terms.client_order_id) & (INTENTS.c.state == IntentState.SUBMITTING.value)
        change = {"body": body, "body_hash": fingerprint(body), "updated_at": stamp(now)}
        with self._database.writing() as connection:
            if connection.execute(update(INTENTS).where(unsent).values(change)).rowcount != 1:
                raise ValueError(f"the intent {terms.client_order_id} of {account} is not about to be submitted")

    def move(self, account: str, client_order_id: str, state: IntentState, detail: str, now: datetime) -> None:
        """Move an intent on; a terminal intent may only be told again what it already is.

        One that stays in its state keeps its instant: an order is in doubt from the first doubt on, however often it
        is looked for.

        Raises:
            ValueError: there is no such intent, or it has come to another end.
        """
        still_open = _named(account, client_order_id) & INTENTS.c.state.not_in([end.value for end in _TERMINAL])
        instant = case((INTENTS.c.state == state.value, INTENTS.c.updated_at), else_=stamp(now))
        step = {"state": state.value, "detail": detail, "updated_at": instant}
        with self._database.writing() as connection:
            if connection.execute(update(INTENTS).where(still_open).values(step)).rowcount == 1:
                return
            here = connection.execute(
                select(INTENTS.c.state).where(_named(account, client_order_id))
            ).scalar_one_or_none()
        if here != state.value:
            raise ValueError(
                f"the intent {client_order_id} of {account} cannot become {state}: it is {here or 'unknown'}"
            )

    def get(self, account: str, client_order_id: str) -> Intent | None:
        """The account's intent with that client order id."""
        return next(iter(self._select(_NAMED, of_account=account, named=client_order_id)), None)

    def open_intents(self, account: str) -> list[Intent]:
        """The account's intents that may still become something, in the order of their client order ids."""
        return self._select(_OPEN, of_account=account)

    def rejected_in_a_row(self, account: str, most: int, since: datetime | None) -> int:
        """How many orders the broker refused since it last took one, up to `most`; protective stops do not count."""
        tried = INTENTS.c.state.in_([state.value for state in (IntentState.REJECTED, *_TAKEN)])
        asked = (INTENTS.c.account == account) & (INTENTS.c.leg != Leg.PROTECTION.value) & tried
        query = select(INTENTS.c.state).where(asked, true() if since is None else INTENTS.c.updated_at > stamp(since))
        newest = query.order_by(INTENTS.c.updated_at.desc(), INTENTS.c.client_order_id.desc()).limit(most)
        with self._database.reading() as connection:
            states = connection.execute(newest).scalars().all()
        return sum(1 for _ in takewhile(lambda state: state == IntentState.REJECTED, states))

    def with_prefix(self, account: str, prefix: str) -> list[Intent]:
        """The account's intents whose client order id begins so."""
        begins_so = INTENTS.c.client_order_id.startswith(prefix, autoescape=True)
        return self._select(_OURS.where(begins_so), of_account=account)

    def of_cycle(self, cycle_id: str) -> list[Intent]:
        """Every intent of the cycle, in the order of their client order ids."""
        return self._select(_OF_CYCLE, of_cycle=cycle_id)

    def _select(self, query: Select[tuple[str, ...]], **named: str) -> list[Intent]:
        # Sorted here: told to sort, SQLite prefers the index of the order to the one of the condition, and reads all.
        with self._database.reading() as connection:
            rows = connection.execute(query, named).all()
        return sorted((_intent(row) for row in rows), key=lambda intent: intent.client_order_id)


def _named(account: str, client_order_id: str) -> ColumnElement[bool]:
    return (INTENTS.c.account == account) & (INTENTS.c.client_order_id == client_order_id)


def _intent(row: Row[tuple[str, ...]]) -> Intent:
    known = row._mapping
    if fingerprint(known["body"]) != known["body_hash"]:
        raise ConfigurationError(
            f"the intent {known['client_order_id']} was changed after it was written: restore the ledger from a backup"
        )
    return Intent(
        account=known["account"],
        client_order_id=known["client_order_id"],
        cycle_id=known["cycle_id"],
        symbol=known["symbol"],
        leg=Leg(known["leg"]),
        attempt=known["attempt"],
        state=IntentState(known["state"]),
        terms=OrderTerms.model_validate_json(known["body"]),
        body_hash=known["body_hash"],
        detail=known["detail"],
        updated_at=datetime.fromisoformat(known["updated_at"]),
    )
