"""The doors to the account: its money, what its owner has set, and what happened on it."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from perun.graph.app.exchange_server.activities import Asked, activities
from perun.graph.app.exchange_server.bodies import ConfigurationBody
from perun.graph.app.exchange_server.papers import Paper, account_paper
from perun.graph.app.exchange_server.venue import Venue, venue_of
from perun.tools.domain.money import ZERO

At = Annotated[Venue, Depends(venue_of)]

router: Final = APIRouter(prefix="/v2/account", tags=["account"])


@router.get("")
def account(at: At) -> Paper:
    """The account at the last closes."""
    portfolio = at.book.portfolio()
    return account_paper(portfolio.account, sum((each.market_value for each in portfolio.positions), ZERO))


@router.get("/configurations")
def configurations(at: At) -> Paper:
    """What the account's owner has set."""
    return {
        "suspend_trade": at.exchange.books().standing.suspended,
        "no_shorting": True,
        "fractional_trading": False,
        "max_margin_multiplier": "1",
        "trade_confirm_email": "none",
        "ptp_no_exception_entry": False,
    }


@router.patch("/configurations")
def configure(body: ConfigurationBody, at: At) -> Paper:
    """Let the exchange refuse every new order, or take them again. Nothing else can be set on this exchange."""
    if body.suspend_trade is not None:
        at.exchange.suspend(body.suspend_trade)
    return configurations(at)


@router.get("/activities")
def every_activity(asked: Annotated[Asked, Query()], at: At) -> list[Paper]:
    """What happened on the account."""
    return activities(at, asked)


@router.get("/activities/{activity_type}")
def activities_of(activity_type: str, asked: Annotated[Asked, Query()], at: At) -> list[Paper]:
    """What happened on the account, of one kind."""
    return activities(at, asked.model_copy(update={"activity_types": activity_type}))
