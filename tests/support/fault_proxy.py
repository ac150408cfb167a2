"""The real exchange at the end of a line that loses, garbles, repeats and refuses.

Example:
    with served_exchange(folder, market) as served, FaultProxy(served, [FAULTS["accept then 504"]]) as line:
        …                                            # the first order stands at the exchange; its answer was a 504
    assert line.posts == 1 and len(served.exchange.orders()) == 2      # the entry, and its stop
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import requests

from support.exchange_server import ServedExchange
from support.fault_server import FAULTS, Fault, FaultServer, refusal

HONEST: Final = FAULTS["none"]
JSON: Final = {"Content-Type": "application/json"}
DOWN: Final = refusal(503, 50310000, "service unavailable")


@dataclass(frozen=True)
class LineFault(Fault):
    """How one POST of an order goes on this line."""

    earlier: Mapping[str, Any] | None = None
    """The same order with these changes came to the exchange before it; None for no such order."""
    played: bool = False
    """The answer is so slow that the session is over before it comes."""
    late: bool = False
    """It is lost, and comes to the exchange when the line is mended."""
    then_down: bool = False
    """Nothing can be read from here on, until somebody says otherwise."""


class FaultProxy(FaultServer):
    """Passes everything on to the exchange; each POST of an order meets the next fault of the plan, then none."""

    def __init__(self, served: ServedExchange, plan: Sequence[Fault] = ()) -> None:
        super().__init__()
        self._served = served
        self._plan = list(plan)
        self._late: list[dict[str, Any]] = []
        self.is_down = False

    def take(self, body: dict[str, Any]) -> Fault:
        """Let the order meet its fault."""
        if self.is_down:
            return DOWN
        self.bodies.append(body)
        fault = self._plan.pop(0) if self._plan else HONEST
        special = fault if isinstance(fault, LineFault) else LineFault()
        if special.earlier is not None:
            self._place({**body, **special.earlier})
        if not fault.accepts:
            self._late += [body] * special.late
            return fault
        answer = self._place(body)
        if special.played:
            self._served.advance()
        self.is_down = self.is_down or special.then_down
        if answer.ok:
            self.orders[body["client_order_id"]] = answer.json()
            return fault
        is_told = (fault.status, fault.body, fault.instead) == (HONEST.status, HONEST.body, HONEST.instead)
        return _told(answer) if is_told else fault

    def fall(self) -> None:
        """Answer everything with 503 from here on."""
        self.is_down = True

    def mend(self) -> None:
        """No more faults from here on; what was late arrives."""
        self._plan, self.is_down = [], False
        if not self.listens:
            self.listen_again()
        while self._late:
            self._place(self._late.pop())

    def page(self, path: str, query: dict[str, str]) -> Fault:
        """What the exchange answers to a GET."""
        return DOWN if self.is_down else _told(self._ask("GET", path, params=query))

    def change(self, method: str, path: str, body: bytes) -> Fault:
        """What the exchange answers to a DELETE or PATCH."""
        return DOWN if self.is_down else _told(self._ask(method, path, data=body))

    def _place(self, body: Mapping[str, Any]) -> requests.Response:
        return self._ask("POST", "/v2/orders", data=json.dumps(body).encode())

    def _ask(self, method: str, path: str, **sent: Any) -> requests.Response:
        keys = {"APCA-API-KEY-ID": self._served.key, "APCA-API-SECRET-KEY": self._served.secret, **JSON}
        return requests.request(method, f"{self._served.base_url}{path}", headers=keys, timeout=20, **sent)


def _told(answer: requests.Response) -> Fault:
    return Fault(status=answer.status_code, body=answer.text)
