"""Every fault of the line to the broker, through whole cycles: what the desk says, does, and does next."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from perun.graph.ledger.intents import IntentState
from perun.graph.reconciling import PATIENCE
from perun.tools.domain.orders import OrderStatus
from support.distant_desk import NOW, SYMBOL, DistantDesk, Trouble, distant_desk
from support.exchange_stream import Manner
from support.fault_proxy import LineFault
from support.fault_server import FAULTS, Fault, refusal

TABLE: Final = Path(__file__).with_name("fault_matrix.md")
"""What is expected, one row a fault."""
HASTY: Final = {"broker_timeout_seconds": "0.5"}
A_MINUTE: Final = PATIENCE.total_seconds()
IMPATIENT: Final = {"order_wait_seconds": "1"}
LOST: Final = Fault(False, 504, "")


def too_many(seconds: int | None) -> Fault:
    """Refused with 429, for so long."""
    resets = {} if seconds is None else {"X-RateLimit-Reset": str(int(NOW.timestamp()) + seconds)}
    return refusal(429, 42910000, "too many requests.", **resets)


def one(name: str) -> Trouble:
    return Trouble([FAULTS[name]])


TROUBLES: Final = {
    "none": Trouble(),
    "accept then 504": one("accept then 504"),
    "accept then 502 with HTML": one("accept then 502 with HTML"),
    "accept then 500": one("accept then 500"),
    "accept then 408": one("accept then 408"),
    "accept then 302": one("accept then 302"),
    "accept then close": one("accept then close"),
    "accept then reset": one("accept then reset"),
    "accept then stop half way": one("accept then stop half way"),
    "accept then hang": Trouble([FAULTS["accept then hang"]], settings=HASTY),
    "200 empty": one("200 empty"),
    "200 with HTML": one("200 with HTML"),
    "200 with an unknown status": one("200 with an unknown status"),
    "200 with another quantity": one("200 with another quantity"),
    "answered when the session is over": Trouble([LineFault(played=True)]),
    "lost, then 504": Trouble([LOST]),
    "lost, then hang": Trouble([Fault(False, instead="hang")], settings=HASTY),
    "lost, then close": Trouble([Fault(False, instead="close")]),
    "late, after the look-ups": Trouble([LineFault(False, 504, "", late=True)]),
    "sent twice by the line: 422, equal": Trouble([LineFault(earlier={})]),
    "id taken: 422, another quantity": Trouble([LineFault(earlier={"qty": "1"})]),
    "id taken, and the 422 lost to a 504": Trouble([LineFault(status=504, body="", earlier={"qty": "1"})]),
    "422, sub-penny": one("422"),
    "403": one("403"),
    "401": one("401"),
    "429, resets in 5 s": Trouble([too_many(5)]),
    "429 twice, resets in 5 s": Trouble([too_many(5), too_many(8)]),
    "429 three times, resets in 5 s": Trouble([too_many(5), too_many(8), too_many(11)]),
    "429, resets in 10 minutes": Trouble([too_many(600)]),
    "429, no reset": Trouble([too_many(None)]),
    "refused, back after a wait": Trouble(
        during=lambda desk: desk.line.stop_listening(), on_wait=lambda desk: desk.line.mend()
    ),
    "refused throughout": Trouble(during=lambda desk: desk.line.stop_listening()),
    "refused from the start": Trouble(before=lambda desk: desk.line.stop_listening()),
    "down while the agents think": Trouble(during=lambda desk: desk.line.fall()),
    "accepted, then down": Trouble([LineFault(then_down=True)], settings=IMPATIENT),
    "accepted, 504, then down": Trouble([LineFault(status=504, body="", then_down=True)], settings=IMPATIENT),
    "stream silent": Trouble(stream=Manner.SILENT, settings=IMPATIENT),
    "stream doubled and out of order": Trouble(stream=Manner.CONFUSED),
    "stream drops while the agents think": Trouble(during=lambda desk: desk.stream.drop(), settings=IMPATIENT),
}


def expected() -> dict[str, dict[str, str]]:
    """The rows of the table, by the name of the fault."""
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("|")]
    names, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return {row[0]: dict(zip(names[1:], row[1:], strict=True)) for row in rows}


def played(desk: DistantDesk) -> dict[str, str]:
    """One slot with the fault; then, the line mended: it again, the next at once, and one a minute later."""
    row = {
        "ended": _ended(desk.run("a")),
        "POSTs": str(desk.posts("a")),
        "orders": str(len(desk.orders("a"))),
        "intent": _intent(desk),
        "desk": desk.state().value,
        "noted": " ".join(desk.noted("a")) or "-",
        "waited": f"{sum(desk.clock.waited):g} s",
    }
    desk.mend()
    row |= {"same slot again": _ended(desk.run("a")), "next slot": _ended(desk.run("b"))}
    desk.clock.sleep(A_MINUTE)
    return row | {"a minute later": _ended(desk.run("c")), "intent then": _intent(desk)}


def _ended(end: tuple[str, int]) -> str:
    outcome, exit_code = end
    return f"{outcome} {exit_code}"


def _intent(desk: DistantDesk) -> str:
    found = desk.intent("a")
    return found.state.value if found else "none"


@pytest.fixture(scope="module")
def seen() -> Iterator[dict[str, dict[str, str]]]:
    """What was seen, by the name of the fault; printed as the table by `pytest -n 0 -s tests/graph/wire`."""
    rows: dict[str, dict[str, str]] = {}
    yield rows
    print()
    for name, row in rows.items():
        print("|", " | ".join([name, *row.values()]), "|")


@pytest.mark.parametrize("name", TROUBLES)
def test_when_the_line_to_the_broker_fails_then_the_desk_does_as_the_table_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seen: dict[str, dict[str, str]]
) -> None:
    with distant_desk(tmp_path, monkeypatch, TROUBLES[name]) as desk:
        seen[name] = played(desk)
        assert seen[name] == expected()[name]
        assert desk.disagreements() == []


def test_when_a_fault_is_in_the_table_then_it_is_played() -> None:
    assert list(expected()) == list(TROUBLES)


def test_when_a_request_arrives_after_the_desk_gave_it_up_then_its_shares_are_booked_and_guarded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with distant_desk(tmp_path, monkeypatch, TROUBLES["late, after the look-ups"]) as desk:
        desk.run("a")
        desk.clock.sleep(A_MINUTE)
        assert desk.run("b") == ("traded", 0)
        assert _intent(desk) == IntentState.NOT_SENT
        desk.mend()
        assert desk.run("c") == ("held", 0)
        assert (len(desk.orders("a")), len(desk.orders("b"))) == (1, 1)
        assert desk.disagreements() == []


def test_when_one_order_is_in_doubt_then_its_symbol_is_locked_and_the_others_trade_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An order in doubt counts as if all of it could be lost: room for that, and for another.
    trouble = Trouble([LOST], settings={"max_heat_percent": "100"})
    with distant_desk(tmp_path, monkeypatch, trouble) as desk:
        assert desk.run("a", [SYMBOL, "IBM"]) == ("degraded", 5)
        assert [(order.symbol, order.status) for order in desk.orders("a")] == [("IBM", OrderStatus.FILLED)]
        assert desk.run("b", [SYMBOL, "IBM"]) == ("denied", 3)
        assert desk.orders("b") == []
