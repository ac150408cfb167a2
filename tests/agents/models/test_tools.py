"""Tools are offered to both real clients, their calls come back, and the conversation with them is sent whole."""

from dataclasses import replace
from typing import Annotated, Literal

import pytest
from pydantic import Field

from perun.agents.models import Message, ToolCall, ToolSpec
from perun.agents.providers import build_minds
from perun.tools.domain.frozen import Frozen
from support.model_server import Call, Fails, Says
from support.model_words import form_of, tools_of

ANSWER = '{"action": "HOLD", "confidence": 50, "why": "nothing new"}'
ASKS = Says("", calls=(Call("bars", '{"symbol": "IBM", "count": 5, "since": null}'),))


class Bars(Frozen):
    """Which bars."""

    symbol: Literal["IBM", "MSFT"]
    count: Annotated[int, Field(ge=1, le=60)] = 20
    since: str | None = None


BARS = ToolSpec("bars", "The last sessions of a share.", Bars)


@pytest.fixture
def with_tools(question):
    return replace(question, tools=(BARS,))


@pytest.fixture
def openai(serving, mind):
    server = serving(lambda _: ASKS)
    return server, mind(server, max_retries=0)


@pytest.fixture
def google(serving, settings):
    server = serving(lambda _: ASKS)
    return server, build_minds(settings("google", google_base_url=server.root, max_retries=0), ["trader"])["trader"]


@pytest.fixture(params=["openai", "google"])
def either(request):
    return request.getfixturevalue(request.param)


def answered(question, reply):
    """The conversation goes on with what the tool told."""
    asked = Message("assistant", reply.text, reply.calls)
    return replace(question, messages=(*question.messages, asked, Message("tool", "5 bars", answers=reply.calls[0].id)))


def test_when_tools_are_offered_then_the_model_sees_name_purpose_and_arguments(either, with_tools):
    server, asked = either
    asked.reply(with_tools)
    offered = tools_of(server.requests[0])["bars"]
    assert list(offered["properties"]) == ["symbol", "count", "since"]
    assert offered["properties"]["symbol"]["enum"] == ["IBM", "MSFT"]
    assert "The last sessions of a share." in str(server.requests[0])


def test_when_the_model_calls_a_tool_then_the_reply_holds_the_call_and_no_text(either, with_tools):
    _, asked = either
    reply = asked.reply(with_tools)
    assert reply.text == ""
    assert [(call.name, call.arguments) for call in reply.calls] == [
        ("bars", '{"symbol": "IBM", "count": 5, "since": null}')
    ]
    assert reply.usage.calls == 1


def test_when_a_tool_has_told_then_the_whole_conversation_is_sent(either, with_tools):
    server, asked = either
    reply = asked.reply(with_tools)
    asked.reply(answered(with_tools, reply))
    sent = str(server.requests[1])
    assert "5 bars" in sent
    assert sent.count("'name': 'bars'") >= 2, "the offer, and the call that was made"


def test_when_openai_is_offered_tools_then_the_schema_of_the_answer_stands_beside_them(openai, with_tools):
    server, asked = openai
    asked.reply(with_tools)
    assert set(tools_of(server.requests[0])) == {"bars"}
    assert form_of(server.requests[0])["required"] == ["action", "confidence", "why"]


def test_when_gemini_is_offered_tools_then_its_answer_is_one_more_function_that_it_must_choose_from(google, with_tools):
    server, asked = google
    asked.reply(with_tools)
    config = server.requests[0]["toolConfig"]["functionCallingConfig"]
    assert set(tools_of(server.requests[0])) == {"bars", "answer"}
    assert config["mode"] == "ANY"
    assert "responseJsonSchema" not in server.requests[0]["generationConfig"]
    server.script = lambda _: Says("", calls=(Call("answer", ANSWER),))
    reply = asked.reply(with_tools)
    assert (question_of(reply.text), reply.calls) == ("HOLD", ())


def test_when_gemini_has_no_tools_then_it_is_told_the_schema(google, question):
    server, asked = google
    server.script = lambda _: Says(ANSWER)
    assert asked.reply(question).text == ANSWER
    assert form_of(server.requests[0])["required"] == ["action", "confidence", "why"]
    assert tools_of(server.requests[0]) == {}


def test_when_arguments_are_no_json_then_their_text_is_kept_and_sent_back_as_it_was(openai, with_tools):
    server, asked = openai
    server.script = lambda _: Says("", calls=(Call("bars", '{"symbol": "IB'),))
    reply = asked.reply(with_tools)
    assert reply.calls == (ToolCall("call-0", "bars", '{"symbol": "IB'),)
    asked.reply(answered(with_tools, reply))
    assert server.requests[1]["messages"][2]["tool_calls"][0]["function"]["arguments"] == '{"symbol": "IB'


def test_when_nobody_offered_tools_then_calls_that_come_all_the_same_are_passed_over(openai, question):
    _, asked = openai
    assert asked.reply(question).calls == ()


def test_when_a_server_refuses_tools_then_it_is_asked_without_them_for_the_rest_of_the_process(openai, with_tools):
    server, asked = openai

    def script(request):
        return Fails(400, "this model does not support tools") if "tools" in request else Says(ANSWER)

    server.script = script
    assert asked.reply(with_tools).text == ANSWER
    told = [*with_tools.messages, Message("assistant", "", (ToolCall("1", "bars", "{}"),))]
    told.append(Message("tool", "5 bars", answers="1"))
    assert asked.reply(replace(with_tools, messages=tuple(told))).text == ANSWER
    assert [bool(tools_of(request)) for request in server.requests] == [True, False, False]
    assert [message["role"] for message in server.requests[2]["messages"]] == ["system", "user", "assistant", "user"]


def question_of(text: str) -> str:
    import json

    return str(json.loads(text)["action"])
