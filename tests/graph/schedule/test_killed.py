"""A running daemon is killed at random instants: no slot, order or question twice, and every slot comes to its end."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from support.daemons import DaemonDesk, ended
from support.daily_model import NOTHING_SLOWS, DailyModel
from support.model_server import ModelServer

SESSIONS = 4
KILLS = 3
UNTIL = "2009-06-04"


def live(folder: Path, seed: int) -> tuple[list[str], Counter[str]]:
    """Faults of one desk whose daemon is killed again and again, and what was counted."""
    model, tally = DailyModel(seed), Counter[str]()
    with ModelServer(model) as server:
        desk = DaemonDesk(folder, {**NOTHING_SLOWS, "OPENAI_BASE_URL": server.base_url})
        faults, last = list[str](), None
        for number in range(KILLS + 1):
            known, heard = Counter(desk.asked()), len(model.asked)
            process = desk.start("schedule", "--embedded-speed", "max", "--until", UNTIL, "--json")
            model.arm(process.kill) if number < KILLS else model.arm(lambda: None)
            last = ended(process)
            tally["kills"] += last.code == -9
            faults += [f"asked again: {asked[-1][1][:80]}" for asked in model.asked[heard:] if asked in known]
            if last.code not in (0, -9):
                faults.append(f"ended with {last.code}: {last.err}")
    tally["questions"], tally["answers on record"] = len(model.asked), len(desk.asked())
    tally["slots"], tally["orders"] = len(desk.cycles()), len(desk.books.asked_for())
    faults += [f"not at its end: {cycle}" for cycle in desk.cycles() if cycle[1] != "FINISHED"]
    slots = Counter(slot for slot, _, _ in desk.cycles())
    faults += [f"twice: {slot}" for slot, times in slots.items() if times > 1]
    faults += [] if len(slots) == SESSIONS else [f"slots: {sorted(slots)}"]
    assert last is not None
    assert set(desk.asked()) <= set(model.asked), "questions and records are written alike"
    return [*faults, *desk.books.faults()], tally


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_when_daemons_are_killed_by_many_seeds_then_nothing_is_done_twice_and_all_is_done(
    tmp_path: Path, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    total, faults = Counter[str](), list[str]()
    for seed in range(100, 100 + request.config.getoption("--daemon-seeds")):
        found, tally = live(tmp_path / str(seed), seed)
        faults += [f"seed {seed}: {fault}" for fault in found]
        total += tally
    record_property("daemons", json.dumps(total))
    assert faults == [], total
    assert total["orders"] > 0
