"""The pace of a served recording: it stands until somebody moves it, or moves on by itself when orders wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

from starlette.concurrency import run_in_threadpool

from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.domain.errors import MarketUnavailable

Pace = Literal["manual", "auto"]
"""`manual`: sessions pass at POST /perun/advance alone. `auto`: also when a market order waits."""


class Pacemaker:
    """Plays the next session once a market order was placed and no other followed for `quiet_seconds`.

    Not at once: a desk places the orders of one cycle one after another, and all of them belong to one session.
    """

    def __init__(self, exchange: Exchange, quiet_seconds: float) -> None:
        self._exchange = exchange
        self._quiet_seconds = quiet_seconds
        self._nudged = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def nudge(self) -> None:
        """A market order was placed; called from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._nudged.set)

    @asynccontextmanager
    async def beating(self, _: object) -> AsyncIterator[None]:
        """Beat for as long as the app runs."""
        beat = asyncio.create_task(self._run())
        yield
        beat.cancel()
        with suppress(asyncio.CancelledError):
            await beat

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        while True:
            await self._nudged.wait()
            await self._quiet()
            with suppress(MarketUnavailable):  # the recording has ended: orders wait for ever
                await run_in_threadpool(self._play)

    async def _quiet(self) -> None:
        while self._nudged.is_set():
            self._nudged.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._nudged.wait(), self._quiet_seconds)

    def _play(self) -> None:
        self._exchange.advance(self._exchange.now())
