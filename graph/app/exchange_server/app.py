"""The app: every door of the server put together around one exchange."""

from typing import Final

from fastapi import FastAPI

from perun.graph.app.exchange_server import account, floor, orders, positions, prices, stream
from perun.graph.app.exchange_server.answers import add_answers
from perun.graph.app.exchange_server.pacing import Pace, Pacemaker
from perun.graph.app.exchange_server.turnstile import REQUESTS_A_MINUTE, Keys, Turnstile
from perun.graph.app.exchange_server.venue import Venue
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.domain.clock import Clock, SystemClock
from perun.tools.market.recorded import RecordedMarket

QUIET_SECONDS: Final = 0.5


def create_app(
    exchange: Exchange,
    market: RecordedMarket,
    keys: Keys,
    *,
    clock: Clock | None = None,
    requests_a_minute: int = REQUESTS_A_MINUTE,
    pace: Pace = "manual",
    quiet_seconds: float = QUIET_SECONDS,
) -> FastAPI:
    """The exchange behind Alpaca's protocol.

    Args:
        exchange: whose orders and books are served.
        market: the recorded market on which the exchange plays.
        keys: what a client must show.
        clock: the wall clock for the count of requests; the system's own when None.
        requests_a_minute: how many a client may make.
        pace: whether the next session comes by itself when a market order waits.
        quiet_seconds: with pace `auto`, how long after the last market order it comes.
    """
    pacemaker = Pacemaker(exchange, quiet_seconds) if pace == "auto" else None
    lifespan = pacemaker.beating if pacemaker else None
    # No page that explains itself: it would fetch its scripts from outside.
    app = FastAPI(title="Perun's embedded exchange", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.venue = Venue(exchange, market, nudge=pacemaker.nudge if pacemaker else lambda: None)
    app.state.keys = keys
    app.state.listeners = stream.Listeners()
    exchange.listen(app.state.listeners.tell)
    add_answers(app)
    app.add_middleware(Turnstile, keys=keys, clock=clock or SystemClock(), requests_a_minute=requests_a_minute)
    for room in (account, positions, orders, floor, prices, stream):
        app.include_router(room.router)
    return app
