"""What a question costs is known, or counted dear."""

from decimal import Decimal

import pytest

from perun.agents.prices import FREE, TABLE, Price, Prices, parse_prices

MILLION = 1_000_000


def test_when_a_model_stands_in_the_table_then_its_tokens_are_counted_apart_read_written_and_cached():
    price = Prices().of("openai:gpt-5-mini")
    assert price.of(MILLION, 0) == Decimal("0.25")
    assert price.of(0, MILLION) == Decimal("2")
    assert price.of(MILLION, 0, cached=MILLION) == Decimal("0.025")
    assert price.of(1, 1) == Decimal("0.00000225")


@pytest.mark.parametrize("edition", ["gpt-4o-2024-11-20", "gpt-4o-latest"])
def test_when_an_edition_of_a_model_is_named_then_it_costs_what_the_model_costs(edition):
    assert Prices().of(f"openai:{edition}") == TABLE["openai"]["gpt-4o"]


@pytest.mark.parametrize("mind", ["openai:gpt-4o-audio", "openai:gpt-5-pro", "openai:", "openai:llama3:8b"])
def test_when_the_price_is_not_known_then_it_is_the_provider_s_dearest_and_said_to_be_a_guess(mind):
    assert Prices().of(mind) == TABLE["openai"]["gpt-5.5"]
    assert Prices().guessed([mind, "openai:gpt-5", "local:x"]) == [mind]


def test_when_the_provider_is_not_known_either_then_the_dearest_of_all_is_counted():
    assert Prices().of("somebody") == TABLE["openai"]["gpt-5.5"]


@pytest.mark.parametrize("mind", ["local:qwen", "baseline (no LLM)"])
def test_when_a_mind_runs_in_this_process_then_it_costs_nothing(mind):
    assert Prices().of(mind) == FREE
    assert Prices().guessed([mind]) == []


def test_when_a_person_names_prices_then_they_win_over_the_table():
    own = parse_prices("gpt-5-mini=1/2/0.5, llama3:8b=0/0")
    assert own == {
        "gpt-5-mini": Price(Decimal(1), Decimal(2), Decimal("0.5")),
        "llama3:8b": Price(Decimal(0), Decimal(0)),
    }
    assert Prices(own).of("openai:gpt-5-mini").of(MILLION, MILLION) == 3
    assert Prices(own).guessed(["openai:llama3:8b"]) == []
    assert Prices(own).of("openai:llama3:8b").of(MILLION, MILLION) == 0


def test_when_the_cached_price_is_not_told_then_cached_tokens_cost_as_much_as_others():
    assert Price(Decimal(1), Decimal(2)).of(MILLION, 0, cached=MILLION) == 1


@pytest.mark.parametrize(
    "text",
    ["gpt", "gpt=", "gpt=1", "=1/2", "gpt=-1/2", "gpt=nan/2", "gpt=1/2/3/4", "gpt=1/inf", "gpt=1e9/2", "a=1/2,b"],
)
def test_when_prices_cannot_be_read_then_a_person_is_told_how_to_write_them(text):
    with pytest.raises(ValueError, match="should be prices such as"):
        parse_prices(text)


def test_when_several_may_answer_then_the_dearest_counts():
    assert Prices().dearest(["local:x", "openai:gpt-5-nano", "google:gemini-2.5-pro"]) == Prices().of(
        "google:gemini-2.5-pro"
    )
