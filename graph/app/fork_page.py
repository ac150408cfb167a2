"""What `perun trace fork` prints: what would be decided now, how stable that is, and how it differs."""

from typing import Any, Final

from perun.graph.app.tables import Document, new_console, table

_DECISION: Final = {
    "symbol": "symbol",
    "action": "wish",
    "confidence": "confidence",
    "gate": "gate",
    "sent": "would be sent",
    "rationale": "rationale",
}
_AGREEMENT: Final = {
    "symbol": "symbol",
    "action": "wish",
    "agreement": "share of runs",
    "confidence": "mean confidence",
    "lowest": "lowest",
    "highest": "highest",
}
_DIFFERENCE: Final = {"part": "", "name": "what", "a": "original", "b": "fork"}
_SOURCE: Final = {
    "checkpoint": "from a copy of its checkpoints",
    "record": "from its record, for its checkpoints are no longer kept",
}


def fork_page(document: Document) -> None:
    """The first fork's decisions, the agreement of all, and the differences from the original."""
    console, forks = new_console(), document["forks"]
    first = forks[0]
    origin = f"{document['cycle_id']} again at {document['at']}, {_SOURCE[first['begun_from']]}; nothing was sent"
    names = "\n".join(each["stream"] for each in forks)
    console.print(f"{origin}\n{names}", highlight=False, markup=False, emoji=False)
    table(console, "What would be decided", _DECISION, [_decision(row, first) for row in first["decisions"]])
    if len(forks) > 1:
        rows = [{name: str(value) for name, value in row.items()} for row in document["agreement"]]
        table(console, f"{len(forks)} runs", _AGREEMENT, rows)
    table(console, "What differs from the original", _DIFFERENCE, document["differences"])
    if document["same"]:
        console.print("nothing differs")


def _decision(row: dict[str, Any], made: dict[str, Any]) -> dict[str, str]:
    sent = [f"{each['side']} {each['qty']}" for each in made["would_send"] if each["symbol"] == row["symbol"]]
    said = {True: "cleared", False: f"denied: {', '.join(row['breaches'])}", None: ""}[row["cleared"]]
    confidence = f"{row['confidence']:.2f}"
    return {**row, "confidence": confidence, "gate": said, "sent": ", ".join(sent)}
