"""From an account's fills to round trips: from the purchase that opened a position to the sale that closed it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from perun.tools.domain.money import ZERO
from perun.tools.domain.orders import Fill, Side


@dataclass(frozen=True)
class RoundTrip:
    """A position that was opened and closed again; its fills, oldest first."""

    bought: tuple[Fill, ...]
    sold: tuple[Fill, ...]

    @property
    def symbol(self) -> str:
        """What was held."""
        return self.bought[0].symbol

    @property
    def ended(self) -> datetime:
        """When the last share was sold, in the market's time."""
        return self.sold[-1].at

    @property
    def sold_at(self) -> Decimal:
        """US dollars a share, commissions taken off."""
        return price_after_costs(self.sold)

    def purchases(self) -> dict[str, tuple[Fill, ...]]:
        """The fills of each order that bought, by client order id, in the order of their first fill."""
        ids = dict.fromkeys(fill.client_order_id for fill in self.bought)
        return {id_: tuple(fill for fill in self.bought if fill.client_order_id == id_) for id_ in ids}

    def sales(self) -> dict[str, datetime]:
        """When each order that sold did so last, by client order id."""
        return {fill.client_order_id: fill.at for fill in self.sold}


def round_trips(fills: Iterable[Fill]) -> Iterator[RoundTrip]:
    """Every whole round trip among the fills of one symbol, oldest first. A sale of shares never bought opens none."""
    bought: list[Fill] = []
    sold: list[Fill] = []
    held = ZERO
    for fill in fills:
        if fill.side is Side.BUY:
            held += fill.qty
            bought.append(fill)
        elif bought:
            held = max(held - fill.qty, ZERO)
            sold.append(fill)
        if bought and not held:
            yield RoundTrip(tuple(bought), tuple(sold))
            bought, sold = [], []


def price_after_costs(fills: Sequence[Fill]) -> Decimal:
    """US dollars a share, of fills on one side: what was paid with commissions, or what came in without them."""
    return abs(sum((fill.cash_flow for fill in fills), ZERO)) / sum((fill.qty for fill in fills), ZERO)
