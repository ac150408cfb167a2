"""One run of a replay: the same cycle, session after session, until the last one; a finished slot is not run again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from perun.graph.cycle import Floor, run_cycle
from perun.tools.domain.market import Session
from perun.tools.domain.ports import RecordedSessions


@dataclass(frozen=True)
class Played:
    """A session that was decided on."""

    day: date
    outcome: str


def play(floor: Floor, days: Sequence[Session], symbols: Sequence[str], every: int = 1) -> Iterator[Played]:
    """Decide at the close of every session but the last; orders fill at the next open, before the next decision.

    The floor's account says where to go on, so that a replay that was cut short repeats nothing. A halted desk decides
    nothing any more: its sessions go by, and its stops still work.

    Args:
        floor: of the recorded market, on an account of its own.
        days: every session of the replay, oldest first.
        symbols: what is watched.
        every: sessions from one decision to the next; on those between them only stops work.
    """
    for number, session in enumerate(days[:-1]):
        now = floor.book.clock().now
        if now > session.closes:
            continue  # decided on before the replay was cut short
        outcome = run_cycle(floor, symbols)["outcome"] if number % every == 0 else "between"
        floor.hand.pace.end_cycle(session.closes)
        yield Played(session.day, outcome)


def sessions_between(market: RecordedSessions, begins: date, ends: date) -> list[Session]:
    """The market's sessions from `begins` to `ends`, both included.

    Raises:
        UnknownSymbol: the recording has no session on the first of these days.
    """
    days = [market.session(begins)]
    while (following := market.next_session(days[-1].day)) is not None and following.day <= ends:
        days.append(following)
    return days
