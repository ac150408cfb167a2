"""A server that cannot be told the answer's shape in one way is asked in the next lower one, and that is remembered."""

import pytest

from perun.tools.domain.errors import ModelUnavailable
from support.model_server import Call, Fails, Says
from support.model_words import tools_of

ANSWER = '{"action": "HOLD", "confidence": 50, "why": "nothing new"}'
NO_FORM = [
    (400, "This response_format type is unavailable now"),
    (400, "This model does not support response format `json_schema`."),
    (422, "body.response_format: extra fields not permitted"),
    (400, "'structured_output' is not supported by this backend"),
]


def way(request) -> str:
    if "response_format" in request:
        return "schema"
    return "function" if tools_of(request) else "words"


def refusing(form: Fails, tools: Fails | None = None):
    """A script of a server that knows no schemas, and perhaps no tools."""

    def script(request):
        if "response_format" in request:
            return form
        if "tools" in request:
            return tools or Says("", calls=(Call("answer", ANSWER),))
        return Says(f"Sure!\n{ANSWER}")

    return script


@pytest.mark.parametrize(("status", "words"), NO_FORM)
def test_when_the_format_is_refused_then_the_answer_is_asked_for_as_a_function(serving, mind, question, status, words):
    server = serving(refusing(Fails(status, words)))
    asked = mind(server)
    first, second = asked.reply(question), asked.reply(question)
    assert question.answer.model_validate_json(first.text).action == "HOLD"
    assert [way(request) for request in server.requests] == ["schema", "function", "function"]
    assert (first.usage.calls, second.usage.calls) == (2, 1)
    assert server.requests[1]["tool_choice"]["function"]["name"] == "answer"


def test_when_functions_are_refused_too_then_the_schema_stands_in_the_prompt(serving, mind, question):
    server = serving(refusing(Fails(400, "unknown field response_format"), Fails(400, "tools are not supported")))
    asked = mind(server)
    first, _ = asked.reply(question), asked.reply(question)
    assert ANSWER in first.text
    assert [way(request) for request in server.requests] == ["schema", "function", "words", "words"]
    system = server.requests[3]["messages"][0]["content"]
    assert system.startswith(question.messages[0].text), "what never changes stays in front, for the provider's cache"
    assert '"enum":["BUY","SELL","HOLD"]' in system
    assert first.usage.calls == 3


def test_when_the_model_calls_its_answer_twice_then_both_are_told_and_neither_can_be_taken(serving, mind, question):
    twice = (Call("answer", ANSWER), Call("answer", ANSWER))
    asked = mind(serving(lambda request: Says("", calls=twice) if "tools" in request else Fails(400, "json_schema?")))
    assert asked.reply(question).text.count('"HOLD"') == 2


@pytest.mark.parametrize("words", ["no such model", "max_completion_tokens is too large", "messages: too many"])
def test_when_something_else_is_wrong_then_nothing_lower_is_tried(serving, mind, question, words):
    server = serving(lambda _: Fails(400, words))
    with pytest.raises(ModelUnavailable, match=words):
        mind(server).reply(question)
    assert server.calls == 1


def test_when_even_words_are_refused_then_it_ends(serving, mind, question):
    server = serving(lambda _: Fails(400, "response_format, json_schema and tools are not supported"))
    with pytest.raises(ModelUnavailable):
        mind(server).reply(question)
    assert [way(request) for request in server.requests] == ["schema", "function", "words"]


def test_when_the_server_is_in_trouble_then_its_words_change_nothing_in_how_it_is_asked(serving, mind, question):
    answers = iter([Fails(503, "response_format worker restarts"), Says(ANSWER)])
    server = serving(lambda _: next(answers))
    asked = mind(server, max_retries=0)
    with pytest.raises(ModelUnavailable, match="HTTP 503"):
        asked.reply(question)
    asked.reply(question)
    assert [way(request) for request in server.requests] == ["schema", "schema"]
