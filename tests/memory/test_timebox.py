"""A slow index is not waited for twice, and what it raised is raised where it was asked."""

import subprocess
import sys
from contextlib import suppress
from threading import Event
from threading import enumerate as threads

import pytest

from perun.memory.timebox import Timebox
from perun.tools.domain.errors import MemoryUnavailable

_HANGS = """
from threading import Event
from perun.memory.timebox import Timebox
try:
    Timebox(0.05, "it").ask(Event().wait)
except Exception as error:
    print(error)
"""


def test_when_the_answer_comes_in_time_then_it_is_given_and_errors_are_raised() -> None:
    box = Timebox(30, "the index")
    assert box.ask(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        box.ask(lambda: 1 // 0)
    with pytest.raises(TimeoutError, match="its own"):
        box.ask(_times_out)
    assert not box.is_stuck


def _times_out() -> None:
    raise TimeoutError("its own")


def test_when_it_takes_too_long_then_the_next_are_refused_at_once_until_it_is_done() -> None:
    box, done = Timebox(0.05, "the index"), Event()
    with pytest.raises(MemoryUnavailable, match=r"did not answer within 0.05 seconds \(MEMORY_TIMEOUT_SECONDS\)"):
        box.ask(done.wait)
    assert box.is_stuck
    with pytest.raises(MemoryUnavailable, match="still busy"):
        box.ask(lambda: 3)
    done.set()
    while box.is_stuck:
        pass
    assert box.ask(lambda: 3) == 3


def test_when_many_questions_are_asked_one_after_another_then_one_thread_answers_them_all() -> None:
    box, before = Timebox(30, "the index"), len(threads())
    for number in range(20):
        with suppress(ZeroDivisionError):
            box.ask(lambda number=number: 1 // (number % 2))
    assert len(threads()) <= before + 1


def test_when_an_answer_never_comes_then_the_process_ends_all_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", _HANGS], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("it did not answer within 0.05 seconds")
