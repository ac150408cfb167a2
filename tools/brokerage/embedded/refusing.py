"""How the exchange says no: Alpaca's status, code, message, and what else its answer tells."""

from typing import Final, NoReturn

from perun.tools.domain.errors import OrderRejected

FORBIDDEN: Final = (403, 40310000)
NOT_FOUND: Final = (404, 40410000)
INVALID: Final = (422, 42210000)
MALFORMED: Final = (422, 40010001)


class Refused(OrderRejected):
    """An order or request that the exchange refuses for good; `details` stand beside code and message in the answer."""

    def __init__(self, kind: tuple[int, int], message: str, **details: str) -> None:
        super().__init__(*kind, message)
        self.details = details


def reject(kind: tuple[int, int], message: str, **details: str) -> NoReturn:
    """Refuse for good.

    Raises:
        Refused: always.
    """
    raise Refused(kind, message, **details)
