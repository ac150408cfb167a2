"""What may befall a request on its way from the desk to the exchange, and what the desk notices of it."""

from enum import StrEnum
from typing import Final

from perun.tools.domain.errors import KeyRefused, NotSent, OrderRejected, SubmitUnclear


class Died(Exception):
    """The process is gone: nothing of ours catches this."""


class Mishap(StrEnum):
    """What may befall a request on its way."""

    NONE = "none"
    ANSWER_LOST = "the answer is lost"
    REQUEST_LOST = "the request is lost"
    LATE = "no answer comes, and the request arrives later"
    NOT_SENT = "no connection"
    NOT_SENT_AT_FIRST = "no connection the first time"
    BUSY_AT_FIRST = "too many requests the first time"
    REJECTED = "the broker rejects it"
    REJECTED_AT_FIRST = "the broker rejects the first"
    KEY_REFUSED = "the broker does not know the key"
    DIES_BEFORE = "the process dies before the request"
    DIES_LATE = "the process dies while the request is on its way"
    DIES_AFTER = "the process dies after the order was accepted"


INSTEAD: Final[dict[Mishap, Exception]] = {
    Mishap.REQUEST_LOST: SubmitUnclear("the connection broke"),
    Mishap.LATE: SubmitUnclear("silence"),
    Mishap.NOT_SENT: NotSent("connection refused"),
    Mishap.NOT_SENT_AT_FIRST: NotSent("connection refused"),
    Mishap.REJECTED: OrderRejected(403, 40310000, "the broker does not want it"),
    Mishap.REJECTED_AT_FIRST: OrderRejected(403, 40310000, "the broker does not want the first"),
    Mishap.KEY_REFUSED: KeyRefused("the paper account does not accept the key"),
    Mishap.DIES_BEFORE: Died(),
    Mishap.DIES_LATE: Died(),
}
STAYED: Final = {Mishap.NOT_SENT, Mishap.NOT_SENT_AT_FIRST, Mishap.BUSY_AT_FIRST}
"""The request is known not to have come to the exchange: it may be sent again."""
AT_FIRST: Final = {Mishap.NOT_SENT_AT_FIRST, Mishap.BUSY_AT_FIRST, Mishap.REJECTED_AT_FIRST}
"""It befalls one request, and none after it."""
ON_ITS_WAY: Final = {Mishap.LATE, Mishap.DIES_LATE}
AFTERWARDS: Final[dict[Mishap, Exception]] = {
    Mishap.ANSWER_LOST: SubmitUnclear("the connection broke"),
    Mishap.DIES_AFTER: Died(),
}
