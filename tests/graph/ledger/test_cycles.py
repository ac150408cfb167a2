from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from perun.graph.ledger.cycles import Claim, CycleState, Standing
from perun.graph.ledger.ledger import Ledger

NOW = datetime(2026, 11, 22, tzinfo=UTC)
AS_OF = datetime(2013, 2, 28, 21, tzinfo=UTC)
RESULT = '{"orders": [], "pnl": "0.00"}'


def claim(ledger: Ledger, cycle_id: str = "c1", account: str = "acc", slot: str = "2013-02-28", **later: int) -> Claim:
    return ledger.cycles.claim(cycle_id, account, slot, "paper", AS_OF, ["AAPL", "MSFT"], NOW + timedelta(**later))


def test_when_a_slot_is_free_then_the_claim_is_new_and_its_cycle_runs(ledger: Ledger) -> None:
    taken = claim(ledger)

    assert taken.standing is Standing.NEW
    assert taken.cycle == ledger.cycles.by_id("c1")
    assert (taken.cycle.state, taken.cycle.as_of, taken.cycle.started_at) == (CycleState.RUNNING, AS_OF, NOW)
    assert taken.cycle.symbols == ("AAPL", "MSFT")


def test_when_a_slot_was_taken_and_its_cycle_never_ended_then_the_claim_shows_the_interrupted_cycle(
    ledger: Ledger,
) -> None:
    first = claim(ledger)
    second = claim(ledger, "c2", hours=1)

    assert second == Claim(Standing.INTERRUPTED, first.cycle)
    assert ledger.cycles.by_id("c2") is None


def test_when_the_cycle_of_a_slot_is_finished_then_the_claim_brings_its_result_byte_for_byte(ledger: Ledger) -> None:
    claim(ledger)
    ledger.cycles.finish("c1", "traded", RESULT, NOW)
    again = claim(ledger, "c2", hours=1)

    assert again.standing is Standing.FINISHED
    assert (again.cycle.cycle_id, again.cycle.outcome, again.cycle.result) == ("c1", "traded", RESULT)
    assert again.cycle.finished_at == NOW


def test_when_another_account_takes_the_same_slot_then_its_claim_is_new(ledger: Ledger) -> None:
    claim(ledger)

    assert claim(ledger, "c2", account="other").standing is Standing.NEW


def test_when_a_cycle_id_names_another_slot_then_the_claim_is_an_error(ledger: Ledger) -> None:
    claim(ledger)

    with pytest.raises(ValueError, match="already belongs to another slot"):
        claim(ledger, slot="2013-03-01")


def test_when_many_threads_claim_one_slot_then_exactly_one_is_new(ledger: Ledger) -> None:
    with ThreadPoolExecutor(12) as pool:
        claims = list(pool.map(lambda number: claim(ledger, f"c{number}"), range(12)))

    assert [taken.standing for taken in claims].count(Standing.NEW) == 1
    assert len({taken.cycle.cycle_id for taken in claims}) == 1


@pytest.mark.parametrize("result", ['{"pnl": NaN}', "{", ""])
def test_when_a_result_is_no_sound_json_then_finishing_is_an_error_and_the_cycle_still_runs(
    ledger: Ledger, result: str
) -> None:
    claim(ledger)

    with pytest.raises(ValueError):  # noqa: PT011 - the json module words it
        ledger.cycles.finish("c1", "traded", result, NOW)
    assert ledger.cycles.by_id("c1").state is CycleState.RUNNING


def test_when_a_cycle_is_finished_twice_then_the_second_is_an_error_and_the_first_stands(ledger: Ledger) -> None:
    claim(ledger)
    ledger.cycles.finish("c1", "traded", RESULT, NOW)

    with pytest.raises(ValueError, match="no cycle c1 is running"):
        ledger.cycles.finish("c1", "held", "{}", NOW)
    assert ledger.cycles.by_id("c1").outcome == "traded"


def test_when_a_cycle_is_looked_for_then_its_id_and_its_slot_find_it_for_its_own_account_only(ledger: Ledger) -> None:
    cycle = claim(ledger).cycle

    assert ledger.cycles.find("c1", "acc") == ledger.cycles.find("2013-02-28", "acc") == cycle
    assert ledger.cycles.find("c1", "other") is None
    assert ledger.cycles.find("2013-03-01", "acc") is None


def test_when_a_day_alone_is_named_then_its_newest_cycle_is_meant_and_no_part_of_a_day_is(ledger: Ledger) -> None:
    for hours, slot in enumerate(("2013-02-28-open-10m", "2013-02-28-close-15m", "2013-03-01-open-10m")):
        claim(ledger, slot, slot=slot, hours=hours)
    assert ledger.cycles.last_of_day("2013-02-28", "acc").slot == "2013-02-28-close-15m"
    assert [ledger.cycles.last_of_day(day, "acc") for day in ("2013-02", "2013-02-2%", "2013-03-02")] == [None] * 3
    assert ledger.cycles.last_of_day("2013-02-28", "other") is None


def test_when_several_cycles_ran_then_the_last_is_the_one_that_started_last(ledger: Ledger) -> None:
    assert ledger.cycles.last("acc") is None
    claim(ledger, "c9", slot="b", hours=1)
    claim(ledger, "c1", slot="c", hours=2)
    claim(ledger, "c5", slot="a")
    claim(ledger, "c7", account="other", hours=9)

    assert ledger.cycles.last("acc").cycle_id == "c1"
