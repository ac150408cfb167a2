"""Whatever is sent to the exchange's doors, it answers in its own words and never breaks."""

from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from perun.tools.market.recorded import RecordedMarket
from support.exchange import FREE
from support.exchange_server import served_exchange

EXAMPLES = 20
"""Requests to each door."""
DOORS = 28
"""At least so many: the check would hold for none at all."""


@pytest.mark.slow
def test_when_anything_is_sent_to_any_door_then_the_server_does_not_break(
    tmp_path: Path, market: RecordedMarket
) -> None:
    with served_exchange(tmp_path, market, **FREE) as served:
        headers = {"APCA-API-KEY-ID": served.key, "APCA-API-SECRET-KEY": served.secret}
        schema = schemathesis.openapi.from_url(f"{served.base_url}/openapi.json")
        doors = [door.ok() for door in schema.get_all_operations()]
        assert len(doors) >= DOORS
        for door in doors:
            knock(door, headers)


def knock(door: schemathesis.APIOperation, headers: dict[str, str]) -> None:
    """Send whatever the door's description allows, and some of what it does not."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=door.as_strategy() | door.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE))
    def send(case: schemathesis.Case) -> None:
        answer = case.call(headers=headers)
        assert answer.status_code < 500, answer.text
        assert answer.status_code != 401
        if answer.status_code >= 400:
            assert {"code", "message"} <= set(answer.json())

    send()
