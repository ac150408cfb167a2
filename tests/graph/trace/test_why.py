"""What `perun why` tells beside the short story: what to change, which memories counted, whose errand an order was."""

import json
import re
import sqlite3
from contextlib import closing
from decimal import Decimal
from io import StringIO
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from rich.console import Console

from perun.agents.baseline import Baseline
from perun.agents.models import Question, Reply
from perun.graph.app import commanding, trace_pages, tracing
from perun.graph.app.wiring import ledger_path, open_station
from perun.graph.breakers import look
from perun.graph.ledger.recorder import EventRecorder
from perun.graph.reconciling import reconcile
from perun.graph.submission import OrderDesk
from perun.memory.aftermath import Credit, Horizon
from perun.memory.memdir import Memdir
from perun.memory.usefulness import credited
from support.floor import cycle, settings

MEMORY = re.compile(r"\[mem:[a-z]+-[0-9a-f]{12}\]")


class Mindful:
    """The baseline, whose analyst rests on the first memory that it is shown as well."""

    name = "mindful"

    def reply(self, question: Question) -> Reply:
        said = Baseline().reply(question)
        shown = MEMORY.findall(question.messages[-1].text)
        if question.role != "analyst" or not shown:
            return said
        answer = json.loads(said.text)
        return Reply(json.dumps({**answer, "evidence": [*answer["evidence"], shown[0]]}), said.usage)


@pytest.fixture(scope="module")
def data(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recorded cycles, and one more in which GOOG is denied and a memory of AAPL is cited.

    Then stops are lost: a command to reconcile puts that of IBM back, the desk's own care that of AAPL, and, lost once
    more, a halt does; a flatten sells all.
    """
    folder = copytree(recorded, tmp_path_factory.mktemp("why") / "data")
    cycle(
        folder,
        slot="denied",
        symbols=("GOOG", "AAPL"),
        mind=Mindful(),
        max_gross_exposure_percent="0.5",
        restricted_symbols="GOOG",
    )
    lose_stop(folder, "IBM")
    commanding.reconcile_now(here(folder))
    lose_stop(folder, "AAPL")
    care(folder)
    lose_stop(folder, "AAPL")
    commanding.halt("a test of mine", here(folder), "Vesna")
    commanding.flatten(here(folder))
    return folder


def here(data: Path) -> dict[str, str]:
    return {"DATA_DIR": str(data), "LLM_PROVIDER": "baseline"}


def lose_stop(data: Path, symbol: str) -> None:
    with open_station(settings(data)) as station:
        (stop,) = [each for each in station.book.working_orders() if each.symbol == symbol and each.is_protective]
        station.hand.broker.cancel(stop.client_order_id)


def care(data: Path) -> None:
    """What the daemon does between cycles, without a command."""
    with open_station(settings(data)) as station:
        stream, hand = f"desk:{station.account}", station.hand
        recorder = EventRecorder(hand.ledger, stream, station.clock)
        desk = OrderDesk(station.book, hand.ledger, station.account, hand.watch, recorder, station.clock, hand.wait)
        reconcile(stream, desk, hand.broker)
        look(desk, hand.broker, station.limits)


def sent(data: Path, like: str) -> str:
    """The client order id of that form."""
    with closing(sqlite3.connect(ledger_path(data))) as hand:
        ((id_,),) = hand.execute("SELECT client_order_id FROM intents WHERE client_order_id LIKE ?", (like,))
    return str(id_)


def printed(document: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> str:
    """The page as a person sees it."""
    console = Console(width=160, record=True, file=StringIO())
    monkeypatch.setattr(trace_pages, "new_console", lambda: console)
    trace_pages.short_page(document)
    return console.export_text()


def test_when_an_order_was_denied_then_each_rule_says_how_far_off_it_was_and_what_a_person_would_change(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tracing.why("denied/GOOG", here(data))
    (denied,) = document["denied"]
    assert (denied["stage"], denied["symbol"], denied["action"]) == ("gate", "GOOG", "BUY")
    rules = {rule["code"]: rule for rule in denied["rules"]}
    assert set(rules) == {"MINIMUM_QUANTITY", "GROSS_EXPOSURE", "RESTRICTED_SYMBOL"}
    assert (rules["RESTRICTED_SYMBOL"]["settings"], rules["RESTRICTED_SYMBOL"]["headroom"]) == (
        ["RESTRICTED_SYMBOLS"],
        None,
    )
    gross = rules["GROSS_EXPOSURE"]
    assert Decimal(gross["headroom"]) == Decimal(gross["limit"]) - Decimal(gross["measured"])
    page = printed(document, monkeypatch)
    assert "BUY GOOG DENIED by the gate" in page
    assert re.search(r"GROSS_EXPOSURE .* 0.005 .* -0.30\d* .* MAX_GROSS_EXPOSURE_PERCENT", page)
    shown = {rule.code: rule.governed for rule in tracing.show("denied", here(data)).verdicts[0].rules}
    assert shown["GROSS_EXPOSURE"] == "MAX_GROSS_EXPOSURE_PERCENT"


def test_when_a_decision_is_asked_for_then_its_memories_are_told_with_score_and_whether_they_were_cited(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tracing.why("denied/AAPL", here(data))
    cited = [row for row in document["recalled"] if row["cited"]]
    assert len(document["recalled"]) > len(cited) == 1
    (line,) = [row["line"] for row in document["short"] if row["line"].startswith("remembered")]
    assert f"[mem:{cited[0]['id']}] {cited[0]['score']:.2f} cited" in line
    assert {row["earned"] for row in document["recalled"]} == {None}, "nothing has followed yet"
    page = printed(document, monkeypatch)
    assert all(row["id"] in page for row in document["recalled"])


def test_when_a_cited_memory_has_earned_something_then_it_is_told_and_one_that_is_gone_says_nothing(
    data: Path, tmp_path: Path
) -> None:
    folder = copytree(data, tmp_path / "data")
    first, second, *_ = tracing.why("denied/AAPL", here(folder))["recalled"]
    files = Memdir(folder / "memdir")
    entry = files.read(first["id"])
    assert entry is not None
    gain = Credit(decision="signal-0123456789ab", horizon=Horizon.FIVE, known_at=entry.as_of, value=Decimal("0.06"))
    files.write(credited(entry, [gain]))
    next((folder / "memdir").rglob(f"{second['id']}.json")).unlink()
    told = {row["id"]: row["earned"] for row in tracing.why("denied/AAPL", here(folder))["recalled"]}
    assert (told[first["id"]], told[second["id"]]) == (0.01, None)
    shown = {row.id: row.earned for row in tracing.show("denied", here(folder)).memories}
    assert shown[first["id"]] == 0.01


@pytest.mark.parametrize(
    ("order", "command", "who", "line"),
    [
        ("perun-flatten-%-AAPL", "flatten", None, "sent: sell 652 AAPL market"),
        ("perun-protect-AAPL-2-%", "halt", "Vesna", "sent: sell 652 AAPL stop"),
        ("perun-protect-IBM-1-%", "reconcile", None, "reconciled: 217 IBM at"),
    ],
)
def test_when_an_order_came_from_a_command_then_why_tells_whose_it_was_and_what_became_of_it(
    data: Path, order: str, command: str, who: str | None, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = sent(data, order)
    document = tracing.why(id_, here(data))
    assert document["command"]["command"] == command
    assert who in {None, document["command"]["who"]}
    lines = [row["line"] for row in document["short"]]
    said = "\n".join(lines)
    assert f"commanded: {command} by" in said
    assert any(each.startswith(line) for each in lines), said
    assert {row["client_order_id"] for row in document["intents"]} == {id_}
    assert ("state: HALTED by Vesna: a test of mine" in said) == (command == "halt")
    assert "No cycle sent it" in printed(document, monkeypatch)


def test_when_the_desk_put_a_stop_back_by_itself_then_no_command_is_named_for_it(data: Path) -> None:
    document = tracing.why(sent(data, "perun-protect-AAPL-1-%"), here(data))
    assert document["command"] is None
    said = "\n".join(row["line"] for row in document["short"])
    assert "commanded" not in said
    assert "reconciled: 652 AAPL at" in said
