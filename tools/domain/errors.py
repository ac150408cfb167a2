"""What may go wrong, sorted by who should catch it.

PerunError                     caught at the process edge: one clear line, its exit code
├── ConfigurationError         bad input, setting, file or damaged state                    exit 2
│   └── UnknownSymbol          a symbol or session that the market does not hold            exit 2
├── Halted                     the desk may not trade                                       exit 3
│   ├── ClientIdConflict       our client id names an order with other terms at the broker
│   └── KeyRefused             the broker does not accept the key: nobody asks again
└── Unavailable                something outside does not answer                            exit 4
    ├── MarketUnavailable      no bars or quotes: the node denies, the edge reports
    ├── BrokerUnavailable      no answer, or no clear one: execute parks the order
    │   ├── SubmitUnclear      the order may stand at the broker: look it up, never send it again
    │   ├── NotSent            the order did not leave: it may be sent again with the same id
    │   └── RateLimited        the order was not accepted: likewise, from the given instant on
    ├── LedgerUnavailable      the database is locked or gone: nothing is traded
    ├── ModelUnavailable       caught by the agent that asked: it abstains
    │   ├── ModelRefusedKey    the provider does not accept the key: nobody asks again
    │   └── BudgetSpent        calls, tokens, money or time for models are used up: the desk holds
    ├── NewsUnavailable        caught by research: what other sources said is read all the same
    └── MemoryUnavailable      caught by recall and remember: the cycle goes on without memory
OrderRejected                  the broker refused an order for good; caught by execute
AnswerUnusable                 a model's answer does not fit its schema; caught by `asking`
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from perun.tools.domain.research import Document


class PerunError(Exception):
    """An error whose message is fit for a person: what is wrong, and what to do."""

    exit_code: ClassVar[int] = 1


class ConfigurationError(PerunError):
    """Bad input, a bad setting, a bad file, or state on disk that cannot be used."""

    exit_code = 2


class UnknownSymbol(ConfigurationError):
    """The market holds no such symbol or session."""


class Halted(PerunError):
    """The desk may not trade now."""

    exit_code = 3


class ClientIdConflict(Halted):
    """The broker holds an order under our client id with other terms than ours: somebody else writes our ids."""


class KeyRefused(Halted):
    """The broker does not accept the key. The message names the environment, never the key."""


class Unavailable(PerunError):
    """A provider, broker, market or database does not answer."""

    exit_code = 4


class MarketUnavailable(Unavailable):
    """The market has no bar or quote to give."""


class BrokerUnavailable(Unavailable):
    """The broker did not answer, or not clearly."""


class SubmitUnclear(BrokerUnavailable):
    """An order was sent and nothing clear came back: it may stand at the broker."""


class NotSent(BrokerUnavailable):
    """No connection came about: the order did not leave."""


class RateLimited(BrokerUnavailable):
    """The broker took no order because of too many requests; `resets` is when it takes them again, if it said so."""

    def __init__(self, message: str, resets: datetime | None) -> None:
        super().__init__(message)
        self.resets = resets


class LedgerUnavailable(Unavailable):
    """The ledger's database is locked or cannot be reached."""


class ModelUnavailable(Unavailable):
    """A model provider did not answer; `calls` counts the requests that were made all the same."""

    def __init__(self, message: str, calls: int = 0) -> None:
        super().__init__(message)
        self.calls = calls


class ModelRefusedKey(ModelUnavailable):
    """A model provider does not accept the key."""


class BudgetSpent(ModelUnavailable):
    """What may be spent on models is used up; nobody was asked."""


class NewsUnavailable(Unavailable):
    """A source of news did not answer; `documents` is what was read from others."""

    def __init__(self, message: str, documents: "Sequence[Document]" = ()) -> None:
        super().__init__(message)
        self.documents = tuple(documents)


class MemoryUnavailable(Unavailable):
    """The memory's index or files cannot be used."""


class OrderRejected(Exception):
    """The broker refused an order for good. `status` and `code` are Alpaca's HTTP status and numeric code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class AnswerUnusable(Exception):
    """A model's answer that does not fit its schema; `answer` is what it said."""

    def __init__(self, problem: str, answer: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.answer = answer
