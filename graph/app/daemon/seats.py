"""Seats of those who play evaluations: names held on the server, so that everybody knows whether anybody plays."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from typing import Final

from perun.graph.app.daemon.names import held, holding
from perun.graph.ledger.postgres import Server
from perun.tools.domain.errors import LedgerUnavailable

SEATS: Final = tuple(f"evaluator-{version('perun-trading')}-{number}" for number in range(1, 65))
"""Of this Perun: another one would play the same days otherwise."""


def seats_taken(server: Server) -> set[str]:
    """Where somebody plays.

    Raises:
        LedgerUnavailable: the server does not answer.
    """
    return held(server, SEATS)


@contextmanager
def seat(server: Server) -> Iterator[str]:
    """Take the first free one for this block.

    Raises:
        LedgerUnavailable: none is free, or the server does not answer.
    """
    free = [name for name in SEATS if name not in seats_taken(server)]
    with ExitStack() as taken:
        for name in free:
            if taken.enter_context(holding(server, name, lambda *_, **__: None)):
                yield name
                return
        raise LedgerUnavailable("every seat of those who play evaluations is taken")
