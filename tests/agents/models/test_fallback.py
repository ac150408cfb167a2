"""The next in line is asked when a model does not answer, and after the last nobody."""

from dataclasses import replace

import pytest
from pydantic import SecretStr

from perun.agents import fallback
from perun.agents.fallback import Chain, names, parse_fallback
from perun.agents.providers import build_minds
from perun.tools.domain.errors import ConfigurationError, ModelRefusedKey, ModelUnavailable
from perun.tools.domain.events import Usage
from support.minds import COST, ScriptedMind, saying
from support.model_server import Fails, Says

ANSWER = '{"action": "HOLD", "confidence": 50, "why": "nothing new"}'


class Other(ScriptedMind):
    name = "another"


def silent(words: str = "the server is down", calls: int = 3) -> ScriptedMind:
    return ScriptedMind(lambda question: ModelUnavailable(words, calls))


def test_when_the_first_answers_then_no_other_is_asked(question):
    second = saying()
    reply = Chain((saying(ANSWER), second)).reply(question)
    assert (reply.text, reply.model, reply.missed, reply.usage) == (ANSWER, "scripted", (), COST)
    assert second.calls == 0


def test_when_the_first_is_silent_then_the_next_answers_and_the_reply_tells_who_and_why(question):
    second = Other(lambda question: ANSWER)
    reply = Chain((silent(), second)).reply(question)
    assert (reply.text, reply.model, reply.missed) == (ANSWER, "another", ("the server is down",))
    assert reply.usage == COST + Usage(calls=3), "what was asked in vain is counted"


def test_when_a_key_is_refused_then_the_next_answers(question):
    first = ScriptedMind(lambda question: ModelRefusedKey("no such key", 1))
    assert Chain((first, saying(ANSWER))).reply(question).text == ANSWER


def test_when_an_answer_cannot_be_used_then_it_is_an_answer_all_the_same(question):
    assert Chain((saying("nonsense"), saying())).reply(question).text == "nonsense"


def test_when_nobody_answers_then_the_error_tells_every_reason_and_all_requests(question):
    with pytest.raises(ModelUnavailable, match=r"^one is down; then two is down$") as failed:
        Chain((silent("one is down"), silent("two is down", 2))).reply(question)
    assert failed.value.calls == 5


def test_when_no_time_is_left_then_nobody_is_asked(question):
    first = saying()
    with pytest.raises(ModelUnavailable, match="no time is left"):
        Chain((first, saying())).reply(replace(question, patience=0))
    assert first.calls == 0


def test_when_the_first_uses_up_the_time_then_the_next_is_not_asked(question, monkeypatch):
    now = iter([0.0, 0.0, 9.0])
    monkeypatch.setattr(fallback, "stopwatch", lambda: next(now))
    second = saying()
    with pytest.raises(ModelUnavailable, match="the server is down"):
        Chain((silent(), second)).reply(replace(question, patience=5.0))
    assert second.calls == 0


def test_when_the_time_is_bounded_then_each_is_told_what_is_left_of_it(question, monkeypatch):
    now = iter([0.0, 0.0, 2.0])
    monkeypatch.setattr(fallback, "stopwatch", lambda: next(now))
    first, second = silent(), saying(ANSWER)
    Chain((first, second)).reply(replace(question, patience=5.0))
    assert [mind.questions[0].patience for mind in (first, second)] == [5.0, 3.0]


def test_when_a_chain_is_asked_for_its_names_then_everybody_who_may_answer_is_named():
    assert names(Chain((saying(), Other(lambda _: "")))) == ("scripted", "another")
    assert names(saying()) == ("scripted",)
    assert Chain((saying(), Other(lambda _: ""))).name == "scripted"


def test_when_a_fallback_is_written_then_models_are_named_after_a_colon():
    assert parse_fallback("google:gemini-2.5-flash, openai:ft:x:y,local") == (
        ("google", "gemini-2.5-flash"),
        ("openai", "ft:x:y"),
        ("local", None),
    )
    assert parse_fallback("") == ()


@pytest.mark.parametrize("text", ["gemini-2.5-flash", "open ai:x", "hold", "openai;local"])
def test_when_a_fallback_names_no_provider_then_a_person_is_told_which_there_are(text):
    with pytest.raises(ValueError, match="should be openai, google, local, baseline"):
        parse_fallback(text)


def test_when_settings_name_a_fallback_then_the_real_clients_hand_over(serving, settings, question):
    first, second = serving(lambda _: Fails(500)), serving(lambda _: Says(ANSWER))
    spec = settings(
        openai_base_url=first.base_url, google_base_url=second.root, fallback=(("google", None),), max_retries=0
    )
    reply = build_minds(spec, ["trader"])["trader"].reply(question)
    assert (reply.text, reply.model, reply.usage.calls) == (ANSWER, "google:gemini-2.5-flash", 2)
    assert [line.split(" at ")[0] for line in reply.missed] == ["openai"]
    assert (first.calls, second.calls) == (1, 1)


def test_when_the_fallback_ends_then_it_ends_in_silence_unless_a_person_named_the_baseline(serving, settings, question):
    down = serving(lambda _: Fails(500))
    bare = settings(openai_base_url=down.base_url, max_retries=0)
    with pytest.raises(ModelUnavailable):
        build_minds(bare, ["trader"])["trader"].reply(question)
    named = replace(bare, fallback=(("baseline", None),))
    reply = build_minds(named, ["trader"])["trader"].reply(question)
    assert (reply.model, reply.text, reply.usage) == ("baseline (no LLM)", "{}", Usage(calls=1))
    assert len(reply.missed) == 1


def test_when_the_fallback_is_the_first_itself_then_it_is_asked_once(serving, settings, question):
    down = serving(lambda _: Fails(500))
    spec = settings(openai_base_url=down.base_url, fallback=(("openai", "gpt-5-mini"),), max_retries=0)
    with pytest.raises(ModelUnavailable):
        build_minds(spec, ["trader"])["trader"].reply(question)
    assert down.calls == 1


def test_when_a_fallback_s_key_is_missing_then_it_is_named_before_anything_is_asked(settings):
    with pytest.raises(ConfigurationError, match="GOOGLE_API_KEY is not set"):
        build_minds(settings(fallback=(("google", None),), google_api_key=SecretStr("")), ["trader"])
