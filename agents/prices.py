"""What models cost: US dollars for a million tokens, in a small table with its date."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

AS_KNOWN: Final = "2026-11"
"""When the table was written, from published lists. Providers change prices: check yours, and set LLM_PRICES."""

_MILLION: Final = Decimal("0.000001")
_DATED: Final = re.compile(r"-(\d{4}-\d{2}-\d{2}|latest|preview(-\d{2}-\d{4}|-\d{2}-\d{2})?|\d{3})$")
"""What marks one edition of a model: its price is the model's."""


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens."""

    read: Decimal
    written: Decimal
    """Thoughts are written too, whether or not they are shown."""
    cached: Decimal | None = None
    """Read from the provider's prompt cache; None is the full price."""

    def of(self, read: int, written: int, cached: int = 0) -> Decimal:
        """What so many tokens cost; `cached` of those read came from the provider's cache."""
        kept = self.read if self.cached is None else self.cached
        return ((read - cached) * self.read + cached * kept + written * self.written) * _MILLION


FREE: Final = Price(Decimal(0), Decimal(0))


def _price(read: str, cached: str, written: str) -> Price:
    return Price(Decimal(read), Decimal(written), Decimal(cached))


TABLE: Final[Mapping[str, Mapping[str, Price]]] = {
    "openai": {
        "gpt-5.5": _price("5", "0.50", "30"),
        "gpt-5.4": _price("2.50", "0.25", "15"),
        "gpt-5.2": _price("1.75", "0.175", "14"),
        "gpt-5.1": _price("1.25", "0.125", "10"),
        "gpt-5": _price("1.25", "0.125", "10"),
        "gpt-5-mini": _price("0.25", "0.025", "2"),
        "gpt-5-nano": _price("0.05", "0.005", "0.40"),
        "gpt-4.1": _price("2", "0.50", "8"),
        "gpt-4.1-mini": _price("0.40", "0.10", "1.60"),
        "gpt-4.1-nano": _price("0.10", "0.025", "0.40"),
        "gpt-4o": _price("2.50", "1.25", "10"),
        "gpt-4o-mini": _price("0.15", "0.075", "0.60"),
        "o3": _price("2", "0.50", "8"),
        "o4-mini": _price("1.10", "0.275", "4.40"),
    },
    "google": {
        "gemini-3-pro": _price("2", "0.20", "12"),
        "gemini-2.5-pro": _price("1.25", "0.125", "10"),
        "gemini-2.5-flash": _price("0.30", "0.03", "2.50"),
        "gemini-2.5-flash-lite": _price("0.10", "0.01", "0.40"),
        "gemini-2.0-flash": _price("0.10", "0.025", "0.40"),
    },
    # Each search costs a few tenths of a cent besides; Perplexity tells the whole with its answer, and that is booked.
    "perplexity": {
        "sonar": _price("1", "1", "1"),
        "sonar-pro": _price("3", "3", "15"),
        "sonar-reasoning-pro": _price("2", "2", "8"),
    },
}
"""Provider to model to price, for prompts of usual length: a desk's question never comes near the longer ones."""

_NO_CHARGE: Final = ("local:", "baseline")


class Prices:
    """The table, with a person's own prices before it. What is not known is dear, never free."""

    def __init__(self, own: Mapping[str, Price] | None = None) -> None:
        self._own = own or {}

    def of(self, mind: str) -> Price:
        """The price of a mind by its name, such as `openai:gpt-5-mini`.

        A model without a known price is counted at the dearest of its provider, and that of an unknown provider at the
        dearest of all. What runs in this process costs nothing.
        """
        return self._known(mind) or _dearest(TABLE.get(mind.partition(":")[0], {}) or _all())

    def dearest(self, minds: Iterable[str]) -> Price:
        """The highest of their prices."""
        return max(map(self.of, minds), key=_weight, default=FREE)

    def guessed(self, minds: Iterable[str]) -> list[str]:
        """Those minds whose price is not known."""
        return sorted(mind for mind in set(minds) if self._known(mind) is None)

    def _known(self, mind: str) -> Price | None:
        provider, _, model = mind.partition(":")
        if mind.startswith(_NO_CHARGE):
            return FREE
        table = TABLE.get(provider, {})
        return self._own.get(model) or table.get(model) or table.get(_DATED.sub("", model))


def parse_prices(text: str) -> dict[str, Price]:
    """Prices from `model=read/written` or `model=read/written/cached`, separated by commas.

    Raises:
        ValueError: a part cannot be read; the message tells how to write it.
    """
    return dict(_parsed(part.strip()) for part in text.split(",") if part.strip())


def _parsed(part: str) -> tuple[str, Price]:
    model, _, numbers = part.rpartition("=")
    try:
        amounts = [Decimal(number.strip()) for number in numbers.split("/")]
    except InvalidOperation:
        amounts = []
    fits = len(amounts) in {2, 3} and all(amount.is_finite() and 0 <= amount <= 10_000 for amount in amounts)
    if not model.strip() or not fits:
        raise ValueError("should be prices such as my-model=0.5/2 (read/written), separated by commas")
    return model.strip(), Price(*amounts)


def _weight(price: Price) -> Decimal:
    return price.read + price.written


def _dearest(known: Mapping[str, Price]) -> Price:
    return max(known.values(), key=_weight)


def _all() -> dict[str, Price]:
    return {model: price for models in TABLE.values() for model, price in models.items()}
