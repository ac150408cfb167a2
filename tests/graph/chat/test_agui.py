"""The AG-UI endpoint over real HTTP: questions, the halt's approval, and what a client may not do."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from ag_ui.core import RunAgentInput, UserMessage
from langgraph.checkpoint.memory import InMemorySaver

from perun.graph.app.agui import Talker, create_app
from perun.graph.app.chatting import open_desk
from perun.graph.app.inspecting import status
from perun.graph.app.serving import is_loopback, serve
from perun.tools.domain.errors import ConfigurationError
from support.agui_client import Client, interrupt_of, served, text_of
from support.chat_liar import Liar
from support.model_server import ModelServer

TOKEN = "a-token-of-thirty-two-characters"
WHY = "Why did we buy AAPL on 2009-06-01?"


@pytest.fixture
def client(fresh: dict[str, str]) -> Iterator[Client]:
    with open_desk(fresh) as desk, served(create_app(desk)) as url:
        yield Client(url, "thread-1")


def test_when_a_client_asks_then_the_answer_comes_as_a_message_and_as_sentences(client: Client) -> None:
    events = client.ask(WHY, voice="trader")
    kinds = [event.type.value for event in events]
    assert (kinds[0], kinds[-1]) == ("RUN_STARTED", "RUN_FINISHED")
    assert text_of(events).startswith("The trader wished BUY of AAPL")
    answer = [event for event in events if event.type == "STATE_SNAPSHOT"][-1].snapshot["answer"]
    assert answer["voice"] == "trader"
    assert all(sentence["cites"] for sentence in answer["sentences"])
    shown = [event for event in events if event.type == "MESSAGES_SNAPSHOT"][-1].messages
    assert [message.role for message in shown] == ["user", "assistant"]


def test_when_a_client_goes_on_then_the_conversation_does(client: Client) -> None:
    client.ask(WHY)
    assert "AAPL was cleared" in text_of(client.ask("And what did the gate say?"))


def test_when_a_turn_came_to_its_end_then_no_checkpoint_is_left_and_while_it_waits_there_is_one(
    fresh: dict[str, str],
) -> None:
    async def left(text: str) -> int:
        saver, message = InMemorySaver(), UserMessage(id="m", role="user", content=text)
        given: dict[str, Any] = {"state": {}, "tools": [], "context": [], "forwarded_props": {}}
        with open_desk(fresh) as desk:
            run = Talker(desk, saver).run(RunAgentInput(thread_id="t", run_id="r", messages=[message], **given))
            assert [event async for event in run]
        return len(list(saver.list(None)))

    assert asyncio.run(left("Why AAPL?")) == 0
    assert asyncio.run(left("halt")) > 0


def test_when_a_client_confirms_the_halt_then_the_desk_is_halted_once(client: Client, fresh: dict[str, str]) -> None:
    asked = interrupt_of(client.ask("Halt the desk"))
    assert asked.message is not None
    assert asked.message.startswith("Halt the desk?")
    assert status(fresh)["trading_state"] == "ACTIVE"
    assert "The desk is HALTED" in text_of(client.resume(asked.id, True))
    told = status(fresh)
    assert (told["trading_state"], told["latches"][0]["who"]) == ("HALTED", "chat (chat:thread-1)")
    again = client.resume(asked.id, True)
    assert again[-1].type == "RUN_ERROR"
    assert "nothing waits for that answer" in again[-1].message


@pytest.mark.parametrize(
    ("payload", "answered"),
    [(False, "resolved"), ("no", "resolved"), ({"approved": False}, "resolved"), (None, "cancelled"), (7, "resolved")],
)
def test_when_a_client_does_not_confirm_then_nothing_is_halted(
    payload: object, answered: str, client: Client, fresh: dict[str, str]
) -> None:
    asked = interrupt_of(client.ask("Halt the desk"))
    assert "not halted" in text_of(client.resume(asked.id, payload, answered))
    assert status(fresh)["trading_state"] == "ACTIVE"


@pytest.mark.parametrize("payload", [True, "yes", {"approved": True}])
def test_when_a_client_confirms_in_any_usual_form_then_the_desk_is_halted(
    payload: object, client: Client, fresh: dict[str, str]
) -> None:
    client.resume(interrupt_of(client.ask("halt")).id, payload)
    assert status(fresh)["trading_state"] == "HALTED"


def test_when_a_halt_waits_and_something_else_is_asked_then_the_chat_asks_back_again(client: Client) -> None:
    first = interrupt_of(client.ask("halt"))
    assert interrupt_of(client.ask("Why AAPL?")).id == first.id


@pytest.mark.parametrize(
    "more",
    [
        {"forwarded_props": {"command": {"resume": True}}},
        {"forwarded_props": {"nodeName": "listen"}, "state": {"way": "confirm", "turn": 1, "voice": "desk"}},
        {"state": {"way": "confirm", "turn": 1, "messages": [{"type": "human", "content": "halt"}]}},
        {"resume": [{"interruptId": "made-up", "status": "resolved", "payload": True}]},
    ],
)
def test_when_a_client_tries_to_choose_the_turn_s_way_then_nothing_is_halted(
    more: dict[str, object], client: Client, fresh: dict[str, str]
) -> None:
    client.ask("Why AAPL?")
    events = client.run(**more)
    assert events[-1].type in {"RUN_ERROR", "RUN_FINISHED"}
    assert getattr(events[-1], "outcome", None) is None or events[-1].outcome.type != "interrupt"
    assert status(fresh)["trading_state"] == "ACTIVE"


def test_when_a_thread_s_name_is_none_then_the_run_fails_in_one_line(client: Client) -> None:
    client.thread = "../../etc"
    event = client.ask("Why AAPL?")[-1]
    assert event.type == "RUN_ERROR"
    assert "letters, digits" in event.message


def test_when_a_model_lies_then_no_event_on_the_wire_holds_the_lie(fresh: dict[str, str]) -> None:
    liar = Liar()
    with ModelServer(liar) as server:
        keys = {"LLM_PROVIDER": "openai", "OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "k", "LLM_MODEL": "m"}
        with open_desk({**fresh, **keys}) as desk, served(create_app(desk)) as url:
            events = [event for number in range(6) for event in Client(url, f"t-{number}").ask(WHY)]
    told = text_of(events) + json.dumps([event.model_dump(mode="json") for event in events])
    assert sum(event.type == "TEXT_MESSAGE_START" for event in events) == 6, "the model's own stream is not passed on"
    assert liar.lies >= 4
    assert "withheld" in told
    for lie in ("98765.4", "TSLA", "rejected by", "in_record"):
        assert lie not in told


def test_when_a_token_is_set_then_only_who_shows_it_is_answered(fresh: dict[str, str]) -> None:
    with open_desk(fresh) as desk, served(create_app(desk, TOKEN)) as url:
        for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": ""}):
            with pytest.raises(httpx.HTTPStatusError, match="401"):
                Client(url, "t", headers).ask("Why AAPL?")
        assert text_of(Client(url, "t", {"authorization": f"Bearer {TOKEN}"}).ask("Why AAPL?"))
        assert httpx.get(f"{url}/health").json() == {"status": "ok"}


def test_when_no_token_is_set_then_a_page_from_elsewhere_is_not_answered(client: Client) -> None:
    client.headers = {"host": "evil.example"}
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        client.ask("halt")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org", "::"])
def test_when_another_host_than_loopback_has_no_token_then_serving_is_refused(host: str, fresh: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="WEB_TOKEN"):
        serve({**fresh, "WEB_HOST": host}, lambda line: None)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_when_a_host_is_this_machine_then_it_is_loopback(host: str) -> None:
    assert is_loopback(host)
