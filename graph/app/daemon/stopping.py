"""Signals: SIGTERM and SIGINT end the daemon when the work in hand is done or its grace is over; SIGHUP is heard."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Timer
from time import sleep
from types import FrameType
from typing import Any, Final

from perun.graph.app.daemon.telling import Tell

PARKED: Final = 5
"""How the process ends when its grace was over: the slot is gone on with at the next start."""
_NAMES: Final = {signal.SIGTERM: "SIGTERM", signal.SIGINT: "SIGINT"}


@dataclass
class Stopping:
    """Whether the daemon is to end, and how to wait until it is."""

    asked: Event = field(default_factory=Event)

    @property
    def is_asked(self) -> bool:
        """True once somebody asked the daemon to end."""
        return self.asked.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until the daemon is to end: True then."""
        return self.asked.wait(seconds)

    def pause(self, seconds: float) -> None:
        """Wait so long, whoever asks for an end: for work that is to be finished."""
        sleep(seconds)


@contextmanager
def heeding(grace_seconds: float, tell: Tell) -> Iterator[Stopping]:
    """Heed signals in this block.

    When the grace is over the process ends where it stands: a slot is written down at every step, so that is no worse
    than a power cut, and the next start goes on with it. What a signal calls for is done in a thread of its own: the
    main thread may hold the lock of the event, or of standard error, at the moment when the signal interrupts it.
    """
    stopping, timers = Stopping(), list[Timer]()

    def stop(number: int, _: FrameType | None) -> None:
        if timers:
            return
        timers.append(_after(grace_seconds, lambda: _park(tell)))
        _after(0, lambda: end(_NAMES.get(signal.Signals(number), str(number))))

    def end(name: str) -> None:
        stopping.asked.set()
        tell("stopping", f"{name}: ending within {grace_seconds:g} seconds")

    def hang_up(_number: int, _: FrameType | None) -> None:
        told = "SIGHUP: the next cycle reads its prompts anew; one under way keeps those it began with"
        _after(0, lambda: tell("prompts", told))

    former = _exchanged({signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: hang_up})
    try:
        yield stopping
    finally:
        for timer in timers:
            timer.cancel()
        _exchanged(former)


def _after(seconds: float, do: Callable[[], None]) -> Timer:
    timer = Timer(seconds, do)
    timer.daemon = True
    timer.start()
    return timer


def _park(tell: Tell) -> None:
    tell("parked", "the grace is over: the work in hand is parked, and the next start goes on with it")
    sys.stderr.flush()
    os._exit(PARKED)


def _exchanged(handlers: dict[signal.Signals, Any]) -> dict[signal.Signals, Any]:
    return {number: signal.signal(number, handler) for number, handler in handlers.items()}
