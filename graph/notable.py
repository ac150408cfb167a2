"""What of a cycle deserves to be remembered as a line in the log: who held whom back, and what looked odd."""

from collections.abc import Iterator
from dataclasses import dataclass

from perun.graph.desk import Desk
from perun.graph.state import CycleState
from perun.tools.domain.signals import Ruling


@dataclass(frozen=True)
class Note:
    """One line, and whom it is about; an empty symbol for the desk as a whole."""

    source: str
    symbol: str
    text: str
    tainted: bool = False
    """It repeats words that may go back to text from outside."""


def notes(state: CycleState, desk: Desk) -> Iterator[Note]:
    """Every line, in the order of the cycle."""
    yield from (Note("watch", "", f"The desk is {latch.state}: {latch.reason}.") for latch in desk.watch.latches())
    yield from _doubted(state)
    yield from _held_back(state)
    for verdict in state.get("verdicts", ()):
        for check in verdict.warnings:
            yield Note(
                "gate",
                verdict.symbol,
                f"{verdict.symbol}: the gate warned, {check.code}: measured {check.measured}, allowed {check.allowed}.",
            )


def _doubted(state: CycleState) -> Iterator[Note]:
    for symbol, report in state.get("reports", {}).items():
        if report.unverified:
            numbers = ", ".join(report.unverified)
            yield Note(
                "analyst",
                symbol,
                f"{symbol}: the analyst gave numbers that stand in nothing it was shown: {numbers}.",
                tainted=bool(report.tainted),
            )


def _held_back(state: CycleState) -> Iterator[Note]:
    deeds = {Ruling.VETO: "vetoed", Ruling.SHRINK: "shrank"}
    for advice in state.get("advice", ()):
        if deed := deeds.get(advice.ruling):
            text = f"{advice.symbol}: the risk manager {deed} the signal, keeping {advice.keep}. {advice.reason}"
            yield Note("risk manager", advice.symbol, text, tainted=state.get("tainted", False))
