"""What a person may do to the desk: halt, resume, flatten, reconcile."""

from pathlib import Path

import pytest

from perun.graph.app import commanding
from perun.graph.app.inspecting import status
from perun.tools.domain.errors import ConfigurationError, Halted
from support.floor import cycle


@pytest.fixture
def here(tmp_path: Path) -> dict[str, str]:
    """Settings for commands on the test's own desk, which holds AAPL and IBM."""
    cycle(tmp_path)
    return {"DATA_DIR": str(tmp_path)}


def test_when_the_desk_is_halted_then_no_cycle_runs_until_it_is_resumed(tmp_path: Path, here: dict[str, str]) -> None:
    commanding.halt("a bad feeling", here)
    document = cycle(tmp_path)
    assert (document["outcome"], document["signals"]) == ("halted", [])
    assert document["errors"] == ["halted: a bad feeling"]
    told = status(here)
    assert (told["trading_state"], told["reason"]) == ("HALTED", "a bad feeling")
    assert len(told["working_orders"]) == 2, "protective stops stay"

    commanding.resume("slept over it", here)
    assert cycle(tmp_path)["outcome"] == "held"
    assert status(here)["trading_state"] == "ACTIVE"


def test_when_the_halt_file_is_there_then_no_cycle_runs_and_no_command_resumes(
    tmp_path: Path, here: dict[str, str]
) -> None:
    (tmp_path / "HALT").touch()
    assert cycle(tmp_path)["outcome"] == "halted"
    with pytest.raises(Halted, match="HALT exists"):
        commanding.resume("please", here)
    (tmp_path / "HALT").unlink()
    assert cycle(tmp_path)["outcome"] == "held"


def test_when_the_desk_is_halted_twice_then_the_first_reason_stays(here: dict[str, str]) -> None:
    commanding.halt("first", here)
    commanding.halt("second", here)
    assert status(here)["reason"] == "first"


@pytest.mark.parametrize("command", [commanding.halt, commanding.resume])
def test_when_no_reason_is_given_then_it_is_refused(here: dict[str, str], command: object) -> None:
    with pytest.raises(ConfigurationError, match="--reason"):
        command(" ", here)  # type: ignore[operator] # both take reason and settings


def test_when_the_account_is_flattened_then_nothing_is_held_and_nothing_works(here: dict[str, str]) -> None:
    document = commanding.flatten(here)
    assert {(order["symbol"], order["side"], order["status"]) for order in document["orders"]} == {
        ("AAPL", "sell", "filled"),
        ("IBM", "sell", "filled"),
    }
    told = status(here)
    assert (told["positions"], told["working_orders"]) == ([], [])


def test_when_an_account_is_flattened_a_second_time_then_its_new_positions_are_closed_too(
    tmp_path: Path, here: dict[str, str]
) -> None:
    commanding.flatten(here)
    assert cycle(tmp_path)["outcome"] == "traded"
    assert len(commanding.flatten(here)["orders"]) == 2
    assert status(here)["positions"] == []


def test_when_a_halted_account_is_flattened_then_it_is_halted_again_afterwards(here: dict[str, str]) -> None:
    commanding.halt("trouble", here)
    commanding.flatten(here)
    told = status(here)
    assert (told["positions"], told["trading_state"], told["reason"]) == ([], "HALTED", "trouble")


def test_when_the_books_agree_then_reconciliation_is_clean(here: dict[str, str]) -> None:
    assert commanding.reconcile_now(here)["clean"]
