"""ChatMind drives the real ChatOpenAI against a real server."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from perun.agents.providers import build_minds
from perun.tools.domain.errors import ModelRefusedKey, ModelUnavailable
from support.model_server import Fails, Garbles, Holds, ModelServer, Says, tokens

ANSWER = '{"action": "HOLD", "confidence": 50, "why": "nothing new"}'


def test_when_a_question_is_asked_then_the_server_is_told_the_strict_schema(serving, mind, question):
    server = serving(lambda _: Says(ANSWER))
    mind(server).reply(question)
    told = server.requests[0]["response_format"]
    assert told["type"] == "json_schema"
    assert told["json_schema"]["strict"] is True
    assert told["json_schema"]["schema"]["required"] == ["action", "confidence", "why"]
    assert told["json_schema"]["schema"]["additionalProperties"] is False


def test_when_a_question_is_asked_then_its_messages_arrive_in_order(serving, mind, question):
    server = serving(lambda _: Says(ANSWER))
    mind(server).reply(question)
    sent = [(message["role"], message["content"]) for message in server.requests[0]["messages"]]
    assert sent == [(message.speaker, message.text) for message in question.messages]


def test_when_an_answer_comes_then_its_raw_text_and_the_servers_counts_are_returned(serving, mind, question):
    server = serving(lambda _: Says(ANSWER))
    reply = mind(server).reply(question)
    assert reply.text == ANSWER
    assert reply.usage.calls == 1
    assert reply.usage.input_tokens == tokens(*(message.text for message in question.messages))
    assert reply.usage.output_tokens == tokens(ANSWER)


@pytest.mark.parametrize(
    "said",
    [
        Says("I would rather chat."),
        Says(""),
        Says('{"action": "BU', finish="length"),
        Says("half a thought", finish="content_filter"),
    ],
)
def test_when_the_text_is_not_the_json_asked_for_then_it_is_returned_all_the_same(serving, mind, question, said):
    reply = mind(serving(lambda _: said)).reply(question)
    assert (reply.text, reply.usage.output_tokens) == (said.text, tokens(said.text))


def test_when_the_model_refuses_then_the_refusal_is_the_text(serving, mind, question):
    reply = mind(serving(lambda _: Says("", refusal="I cannot help with that."))).reply(question)
    assert reply.text == "I cannot help with that."


@pytest.mark.parametrize("status", [401, 403])
def test_when_the_key_is_refused_then_one_request_is_made_and_then_none(serving, mind, question, status):
    server = serving(lambda _: Fails(status))
    refused = mind(server)
    with pytest.raises(ModelRefusedKey) as first:
        refused.reply(question)
    with pytest.raises(ModelRefusedKey) as second:
        refused.reply(question)
    assert server.calls == 1
    assert (first.value.calls, second.value.calls) == (1, 0)


def test_when_one_model_finds_the_key_refused_then_no_other_model_of_the_provider_asks(serving, settings, question):
    server = serving(lambda _: Fails(401))
    spec = settings(openai_base_url=server.base_url, models={"trader": "large", "analyst": "small"})
    minds = build_minds(spec, ["trader", "analyst"])
    for role in ("trader", "analyst"):
        with pytest.raises(ModelRefusedKey):
            minds[role].reply(question)
    assert server.calls == 1


def test_when_many_ask_at_once_with_a_refused_key_then_only_a_handful_of_requests_are_made(serving, mind, question):
    server = serving(lambda _: Fails(401))
    refused = mind(server)

    def ask(_: int) -> bool:
        with pytest.raises(ModelRefusedKey):
            refused.reply(question)
        return True

    with ThreadPoolExecutor(24) as pool:
        assert all(pool.map(ask, range(24)))
    assert server.calls <= 4


def test_when_many_ask_at_once_then_each_reply_counts_its_own_requests(serving, mind, question):
    server = serving(lambda _: Says(ANSWER))
    asked = mind(server)
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: asked.reply(question), range(16)))
    assert [reply.usage.calls for reply in replies] == [1] * 16
    assert server.calls == 16


@pytest.mark.parametrize("status", [429, 500, 503])
def test_when_the_provider_keeps_failing_then_three_requests_are_made_and_counted(serving, mind, question, status):
    server = serving(lambda _: Fails(status))
    with pytest.raises(ModelUnavailable, match=str(status)) as failed:
        mind(server).reply(question)
    assert (server.calls, failed.value.calls) == (3, 3)


def test_when_a_retry_succeeds_then_the_reply_counts_both_requests(serving, mind, question):
    answers = iter([Fails(429), Says(ANSWER)])
    reply = mind(serving(lambda _: next(answers))).reply(question)
    assert (reply.text, reply.usage.calls) == (ANSWER, 2)


@pytest.mark.parametrize("status", [400, 404, 422])
def test_when_the_request_itself_is_wrong_then_it_is_not_repeated(serving, mind, question, status):
    server = serving(lambda _: Fails(status, "no such model: gpt-x"))
    with pytest.raises(ModelUnavailable, match="no such model: gpt-x"):
        mind(server).reply(question)
    assert server.calls == 1


def test_when_nobody_listens_then_the_model_is_unavailable_and_the_address_is_named(mind, question):
    with ModelServer(lambda _: Says(ANSWER)) as gone:
        pass
    with pytest.raises(ModelUnavailable, match=r"127\.0\.0\.1:\d+ cannot be reached"):
        mind(gone, max_retries=0).reply(question)


def test_when_the_server_holds_its_answer_then_the_question_times_out(serving, mind, question):
    server = serving(lambda _: Holds())
    with pytest.raises(ModelUnavailable, match="did not answer in time"):
        mind(server, timeout_seconds=1, max_retries=0).reply(question)
    assert server.calls == 1


@pytest.mark.parametrize(
    "body",
    [
        "<html>a proxy's page</html>",
        "",
        "[1]",
        "{}",
        '{"choices": null}',
        '{"choices": []}',
        '{"choices": ["text"]}',
        '{"choices": [{"message": null}]}',
        '{"error": {"message": "overloaded"}}',
    ],
)
def test_when_the_body_is_no_completion_then_the_model_is_unavailable(serving, mind, question, body):
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        mind(serving(lambda _: Garbles(body))).reply(question)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 429, 500])
def test_when_the_server_echoes_the_key_then_it_stands_in_no_part_of_the_error(serving, mind, question, status):
    server = serving(lambda _: Fails(status, f"bad key {server.keys[-1]}\nsee {server.keys[-1]}"))
    with pytest.raises(ModelUnavailable) as failed:
        mind(server).reply(question)
    assert server.keys[-1].startswith("sk-canary")
    assert "canary" not in str(failed.value)
    assert "\n" not in str(failed.value)
    assert (failed.value.__context__, failed.value.__cause__) == (None, None)
