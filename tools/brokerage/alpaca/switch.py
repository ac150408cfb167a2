"""The brake on Alpaca's side: while it is on, Alpaca itself takes no new order."""

from perun.tools.brokerage.alpaca.line import Line, NoAnswer
from perun.tools.domain.errors import BrokerUnavailable


class AlpacaAccountSwitch:
    """Suspends and resumes trading in one account."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def suspend(self, *, suspended: bool) -> None:
        """Turn the brake on or off. Doing it twice changes nothing.

        Raises:
            BrokerUnavailable: Alpaca did not confirm it.
            KeyRefused: Alpaca does not accept the key.
        """
        try:
            answer = self._line.ask("PATCH", "/account/configurations", {"suspend_trade": suspended})
        except NoAnswer as error:
            raise BrokerUnavailable(f"{self._line.name} did not say whether trading is suspended: {error}") from error
        said = answer.body.get("suspend_trade") if isinstance(answer.body, dict) else None
        if said is not suspended:
            raise BrokerUnavailable(f"{self._line.name} did not confirm suspend_trade={suspended}")
