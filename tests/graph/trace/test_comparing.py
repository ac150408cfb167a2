"""Two runs side by side, and only what differs."""

from pathlib import Path

from perun.agents.baseline import Baseline
from perun.agents.models import Question, Reply
from perun.graph.app.wiring import ledger_path
from perun.graph.ledger.archive import Archive
from perun.graph.ledger.looking import open_archive
from perun.graph.trace.comparing import compare
from perun.graph.trace.reading import find
from support.floor import cycle


class Shy(Baseline):
    """The baseline, whose risk manager lets nothing pass."""

    def reply(self, question: Question) -> Reply:
        said = super().reply(question)
        if question.role != "risk_manager":
            return said
        return Reply(said.text.replace('"approve"', '"veto"').replace('"shrink"', '"veto"'), said.usage)


def test_when_a_run_is_held_against_itself_then_nothing_differs(archive: Archive) -> None:
    document = compare(find(archive, "first"), find(archive, "first"))
    assert (document["schema"], document["same"], document["differences"]) == ("perun.trace-diff/1", True, [])


def test_when_only_the_advice_differs_then_the_difference_begins_there_and_ends_with_the_order(tmp_path: Path) -> None:
    cycle(tmp_path / "a", slot="s", symbols=("AAPL",))
    cycle(tmp_path / "b", slot="s", symbols=("AAPL",), mind=Shy())
    with open_archive(ledger_path(tmp_path / "a")) as one, open_archive(ledger_path(tmp_path / "b")) as other:
        document = compare(find(one, "s"), find(other, "s"))
    rows = {(row["part"], row["name"]): (row["a"], row["b"]) for row in document["differences"]}
    assert {part for part, _ in rows} == {"cycle", "said", "advice", "verdict", "rule", "order"}
    assert rows["cycle", "outcome"] == ("traded", "denied")
    assert rows["verdict", "AAPL gate"] == ("cleared", "denied")
    assert rows["rule", "AAPL gate ADVISER_VETO"][1] == "veto (approve or shrink) BREACH"
    assert rows["order", "AAPL buy market"][1] is None
    assert document["same"] is False


def test_when_what_an_agent_saw_differs_then_only_the_lines_that_differ_are_told(archive: Archive) -> None:
    second, third = find(archive, "second"), find(archive, "third")
    rows = [row for row in compare(second, third)["differences"] if row["part"] == "saw"]
    assert rows
    assert any(row["a"] == "Now: 2009-06-02 20:00 UTC" and row["b"] == "Now: 2009-06-03 20:00 UTC" for row in rows)
    assert all(row["a"] != row["b"] for row in rows)
