"""Settings become minds with a purse, and a person is told who is asked."""

from decimal import Decimal
from pathlib import Path

import pytest

from perun.agents.budget import Allowance
from perun.agents.prices import Prices, parse_prices
from perun.graph.app.reading import read_settings
from perun.graph.app.speakers import introduce, minds, purse
from perun.tools.domain.errors import ConfigurationError
from support.floor import settings

KEYS = {"openai_api_key": "canary", "google_api_key": "canary"}


def test_when_a_fallback_is_set_then_a_person_reads_who_is_asked_in_whose_place(tmp_path: Path) -> None:
    chosen = settings(
        tmp_path, llm_provider="openai", llm_fallback="google, baseline", llm_model_trader="gpt-5", **KEYS
    )
    told = list(introduce(minds(chosen).values(), Prices()))
    rest = "else google:gemini-2.5-flash, else baseline (no LLM)"
    assert told == [f"openai:gpt-5, {rest}, openai:gpt-5-mini, {rest}"]


def test_when_a_price_is_not_known_then_a_person_reads_how_to_tell_it(tmp_path: Path) -> None:
    chosen = settings(tmp_path, llm_provider="openai", llm_model="llama3:8b", **KEYS)
    _, note = introduce(minds(chosen).values(), Prices())
    assert "no price is known for openai:llama3:8b" in note
    assert "LLM_PRICES=llama3:8b=read/written" in note
    assert len(list(introduce(minds(chosen).values(), Prices(parse_prices("llama3:8b=0/0"))))) == 1


def test_when_budgets_are_set_then_the_purse_holds_them_with_a_person_s_prices(tmp_path: Path) -> None:
    changes = {
        "llm_max_calls_per_cycle": "7",
        "llm_max_tokens_per_cycle": "8",
        "llm_max_usd_per_day": "0.9",
        "cycle_deadline_seconds": "10",
        "llm_prices": "x=1/2",
    }
    filled = purse(settings(tmp_path, **changes))
    assert filled.allowance == Allowance(calls=7, tokens=8, usd_per_day=Decimal("0.9"), seconds=10)
    assert filled.prices.of("openai:x").written == 2


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("LLM_FALLBACK", "gemini", "should be openai, google, local, baseline"),
        ("LLM_PRICES", "x=cheap", "should be prices such as"),
        ("LLM_CONCURRENCY", "0", "LLM_CONCURRENCY"),
        ("LLM_MAX_OUTPUT_TOKENS", "1", "LLM_MAX_OUTPUT_TOKENS"),
        ("CYCLE_DEADLINE_SECONDS", "0", "CYCLE_DEADLINE_SECONDS"),
        ("LLM_MAX_USD_PER_DAY", "-1", "LLM_MAX_USD_PER_DAY"),
    ],
)
def test_when_a_setting_of_the_models_does_not_fit_then_one_line_tells_which_and_what_would(
    tmp_path: Path, name: str, value: str, told: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_settings({name: value}, tmp_path)
    assert name in str(refused.value)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
