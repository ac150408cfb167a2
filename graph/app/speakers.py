"""From settings to those who speak: which mind answers for which role, and what may be spent on them."""

from collections.abc import Iterable, Iterator

from perun.agents.baseline import Baseline
from perun.agents.budget import Allowance, Purse
from perun.agents.fallback import ProviderName, names, parse_fallback
from perun.agents.models import Mind
from perun.agents.prices import Prices, parse_prices
from perun.agents.providers import ModelSettings, build_minds
from perun.agents.roles import ANALYST, MENTOR, ROSTER
from perun.graph.app.settings import Settings


def provider(settings: Settings) -> ProviderName:
    """Who answers: the chosen provider, or for `auto` the one whose key is set, or the baseline."""
    if settings.llm_provider != "auto":
        return settings.llm_provider
    if settings.openai_api_key or settings.openai_base_url:
        return "openai"
    return "google" if settings.google_api_key else "baseline"


def minds(settings: Settings) -> dict[str, Mind]:
    """A mind for every role.

    Raises:
        ConfigurationError: a key, an address or the local model is missing or unfit.
    """
    own = {role: getattr(settings, f"llm_model_{role}") for role in ROSTER}
    return build_minds(
        ModelSettings(
            provider=provider(settings),
            baseline=Baseline(),
            model=settings.llm_model,
            models={role: model for role, model in own.items() if model},
            fallback=parse_fallback(settings.llm_fallback or ""),
            openai_api_key=settings.openai_api_key,
            openai_base_url=settings.openai_base_url,
            google_api_key=settings.google_api_key,
            google_base_url=settings.google_base_url,
            local_model=settings.local_model,
            timeout_seconds=settings.llm_timeout_seconds,
            max_output_tokens=settings.llm_max_output_tokens,
            concurrency=settings.llm_concurrency,
            prices=prices(settings),
        ),
        ROSTER,
    )


def with_mentor(by_role: dict[str, Mind]) -> dict[str, Mind]:
    """The minds, and the analyst's as mentor beside them; the baseline has nothing to say there."""
    analyst = by_role[ANALYST.name]
    return by_role if isinstance(analyst, Baseline) else {**by_role, MENTOR.name: analyst}


def prices(settings: Settings) -> Prices:
    """What models cost, a person's own prices first."""
    return Prices(parse_prices(settings.llm_prices or ""))


def purse(settings: Settings) -> Purse:
    """What a cycle and a day may spend on models."""
    allowance = Allowance(
        calls=settings.llm_max_calls_per_cycle,
        tokens=settings.llm_max_tokens_per_cycle,
        usd_per_day=settings.llm_max_usd_per_day,
        seconds=settings.cycle_deadline_seconds,
    )
    return Purse(allowance, prices(settings))


def introduce(speakers: Iterable[Mind], known: Prices) -> Iterator[str]:
    """Who is asked, with whoever is asked in their place; then a line for each model whose price is not known."""
    chains = sorted({names(mind) for mind in speakers})
    yield ", ".join(", else ".join(chain) for chain in chains)
    for mind in known.guessed(name for chain in chains for name in chain):
        model = mind.partition(":")[2]
        yield f"no price is known for {mind}: it counts as the dearest; LLM_PRICES={model}=read/written tells it"
