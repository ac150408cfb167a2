"""A question ends in bounded time and after a bounded number of bytes, whatever the server does."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from threading import Barrier, Event

import pytest

from perun.agents.meter import LONGEST_ANSWER_BYTES
from perun.agents.prices import Prices, parse_prices
from perun.agents.providers import build_minds
from perun.tools.domain.errors import ModelUnavailable
from support.model_server import Breaks, Drips, Fails, Floods, Garbles, Holds, Says

ANSWER = '{"action": "HOLD", "confidence": 50, "why": "nothing new"}'


@pytest.fixture(params=["openai", "google"])
def reached(request, serving, settings):
    """A server, and from settings to a mind that asks it through one or the other real client."""
    server = serving(lambda _: Says(ANSWER))
    urls = {"openai_base_url": server.base_url, "google_base_url": server.root}

    def mind(**more):
        return build_minds(settings(request.param, **{**urls, "max_retries": 0, **more}), ["trader"])["trader"]

    return server, mind


def test_when_an_answer_is_ten_megabytes_then_it_is_not_read_to_its_end_nor_asked_for_again(reached, question):
    server, mind = reached
    server.script = lambda _: Floods(10_000_000)
    with pytest.raises(ModelUnavailable, match=f"more than {LONGEST_ANSWER_BYTES} bytes: reading was stopped"):
        mind(max_retries=2).reply(question)
    assert server.calls == 1


def test_when_an_answer_is_long_and_within_bounds_then_it_is_read_whole(reached, question):
    server, mind = reached
    server.script = lambda _: Floods(LONGEST_ANSWER_BYTES // 2)
    assert len(mind().reply(question).text) == LONGEST_ANSWER_BYTES // 2


def test_when_an_answer_comes_drop_by_drop_then_it_is_given_up_when_the_time_is_over(reached, question):
    server, mind = reached
    server.script = lambda _: Drips(Says(ANSWER), 0.4)
    with pytest.raises(ModelUnavailable, match="did not finish its answer in time"):
        mind(timeout_seconds=1).reply(question)
    assert server.calls == 1


def test_when_the_server_holds_its_answer_then_retries_share_the_one_deadline(reached, question):
    server, mind = reached
    server.script = lambda _: Holds()
    with pytest.raises(ModelUnavailable, match="did not answer in time"):
        mind(timeout_seconds=1, max_retries=5).reply(question)
    assert server.calls == 1


def test_when_the_question_has_less_time_than_the_provider_then_the_question_s_time_counts(reached, question):
    server, mind = reached
    server.script = lambda _: Holds()
    with pytest.raises(ModelUnavailable, match="did not answer in time"):
        mind(timeout_seconds=600).reply(replace(question, patience=1))


def test_when_the_question_s_time_is_over_already_then_no_request_is_made(reached, question):
    server, mind = reached
    with pytest.raises(ModelUnavailable) as failed:
        mind().reply(replace(question, patience=0.0))
    assert (server.calls, failed.value.calls) == (0, 0)


def test_when_the_server_asks_to_wait_longer_than_there_is_time_then_nobody_waits(reached, question):
    server, mind = reached
    server.script = lambda _: Fails(429, wait_ms=60_000)
    with pytest.raises(ModelUnavailable, match=r"HTTP 429\) and asks to wait 60 seconds") as failed:
        mind(timeout_seconds=30, max_retries=2).reply(question)
    assert (server.calls, failed.value.calls) == (1, 1)


def test_when_half_an_answer_comes_then_none_of_it_is_used(reached, question):
    server, mind = reached
    server.script = lambda _: Breaks(Says(ANSWER))
    with pytest.raises(ModelUnavailable, match=r"cannot be (reached|read): "):
        mind().reply(question)


def test_when_all_lanes_are_taken_then_a_question_waits_only_as_long_as_it_may(serving, settings, question):
    came, go = Event(), Event()

    def script(_):
        came.set()
        go.wait(10)
        return Says(ANSWER)

    server = serving(script)
    mind = build_minds(settings(openai_base_url=server.base_url, concurrency=1), ["trader"])["trader"]
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(mind.reply, question)
        came.wait(10)
        with pytest.raises(ModelUnavailable, match="busy with other questions"):
            mind.reply(replace(question, patience=0.1))
        go.set()
        assert first.result().text == ANSWER
    assert server.calls == 1


def test_when_many_ask_at_once_then_no_more_are_open_at_the_server_than_it_has_lanes(serving, settings, question):
    three = Barrier(3, timeout=60)

    def script(_):
        three.wait()  # nobody is answered before three are in
        return Says(ANSWER)

    server = serving(script)
    mind = build_minds(settings(openai_base_url=server.base_url, concurrency=3), ["trader"])["trader"]
    with ThreadPoolExecutor(12) as pool:
        assert len(list(pool.map(mind.reply, [question] * 12))) == 12
    assert server.most_at_once == 3


def test_when_a_question_is_asked_then_the_longest_answer_is_told_and_its_cost_is_counted(reached, question):
    server, mind = reached
    own = "gpt-5-mini=1000/2000,gemini-2.5-flash=1000/2000"
    reply = mind(max_output_tokens=777, prices=Prices(parse_prices(own))).reply(question)
    assert "777" in json.dumps(server.requests[0])
    assert reply.usage.cost_usd == (reply.usage.input_tokens + 2 * reply.usage.output_tokens) / Decimal(1000)


def test_when_the_provider_read_from_its_cache_then_that_part_costs_less(serving, settings, question):
    usage = {"prompt_tokens": 1000, "completion_tokens": 0, "total_tokens": 1000}
    usage["prompt_tokens_details"] = {"cached_tokens": 900}
    choice = {"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}
    body = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}
    server = serving(lambda _: Garbles(json.dumps(body)))
    prices = Prices(parse_prices("gpt-5-mini=1000/1/10"))
    mind = build_minds(settings(openai_base_url=server.base_url, prices=prices), ["trader"])["trader"]
    assert mind.reply(question).usage.cost_usd == Decimal("0.109")
