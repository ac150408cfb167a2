"""The hash chain that ties a stream's events together, and where it is first broken."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from perun.graph.ledger.notation import fingerprint


class Link(NamedTuple):
    """One event as it stands in the database."""

    seq: int
    """1 for a stream's first event, then one more for each."""
    at: str
    kind: str
    body: str
    prev_hash: str
    hash: str


def genesis(stream: str) -> str:
    """The `prev_hash` of a stream's first event: SHA-256 of the stream's name, so that no chain passes for another."""
    return fingerprint(stream)


def forge(seq: int, at: str, kind: str, body: str, prev_hash: str) -> Link:
    """The next link of a chain.

    Its hash is the SHA-256, in lower-case hexadecimal, of the UTF-8 bytes of five texts joined by single line feeds:
    `prev_hash`, `seq` in decimal, `at`, `kind`, `body`. None of them can hold a line feed of its own.
    """
    return Link(seq, at, kind, body, prev_hash, fingerprint(f"{prev_hash}\n{seq}\n{at}\n{kind}\n{body}"))


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain is broken."""

    stream: str
    seq: int
    """The event at which it shows; 0 when there is no chain at all."""
    why: str
    """In one line, which names the stream."""


def first_break(stream: str, links: Iterable[Link], length: int, head: str) -> Break | None:
    """The first place where the links do not make one chain of `length` events that ends in `head`; None when they do.

    A chain that was forged anew from the changed event to the end, its head included, is whole again: against a writer
    who owns the file, keep the head somewhere else.
    """
    expected, previous = 1, genesis(stream)
    for link in links:
        if fault := _fault(stream, link, expected, previous):
            return Break(stream, expected, fault)
        expected, previous = expected + 1, link.hash
    if expected <= length:
        return Break(stream, expected, f"event {expected} of {stream} is missing: the chain was {length} long")
    if expected > length + 1 or previous != head:
        return Break(stream, expected - 1, f"the end of {stream} is not the one that was written last")
    return None


def _fault(stream: str, link: Link, expected: int, previous: str) -> str:
    if link.seq != expected:
        return f"event {expected} of {stream} is missing"
    if link.prev_hash != previous:
        return f"event {expected} of {stream} does not follow the event before it"
    if forge(link.seq, link.at, link.kind, link.body, link.prev_hash).hash != link.hash:
        return f"event {expected} of {stream} was changed after it was written"
    return ""
