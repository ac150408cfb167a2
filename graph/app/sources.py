"""From settings to what the researcher reads: recorded news, Alpaca's, the web, and what was found before."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from perun.agents.clients import Line, openai_failures
from perun.agents.models import Mind
from perun.agents.prices import Price
from perun.agents.researcher import WEB
from perun.graph.app.hushing import redaction
from perun.graph.app.settings import Settings
from perun.tools.domain.ports import NewsSource
from perun.tools.research.archive import Archive
from perun.tools.research.newsstand import Newsstand
from perun.tools.research.recorded_news import RecordedNews

if TYPE_CHECKING:
    from perun.tools.research.alpaca_news import AlpacaNews

PERPLEXITY_URL: Final = "https://api.perplexity.ai"
_RETRIES: Final = 1


def news(settings: Settings) -> NewsSource | None:
    """Every source of documents that settings name, read as one; None when there is none.

    Raises:
        ConfigurationError: the folder of recorded news cannot be used, or Alpaca's keys are missing.
    """
    sources: list[NewsSource] = []
    if settings.news_dir is not None:
        sources.append(RecordedNews.load(settings.news_dir.expanduser()))
    if settings.alpaca_news and settings.broker == "alpaca":
        sources.append(_alpaca(settings))
    return Newsstand(sources) if sources else None


def web(settings: Settings) -> dict[str, Mind]:
    """The mind that searches the web, under its name; empty without a key for it."""
    from perun.agents.chat import Provider
    from perun.agents.web import WebMind
    from perun.agents.web_client import WEB as DIALECT
    from perun.agents.web_client import web_client

    key, model = settings.perplexity_api_key, settings.perplexity_model
    if key is None:
        return {}
    lanes = threading.Semaphore(settings.llm_concurrency)
    provider = Provider("perplexity", DIALECT, settings.llm_timeout_seconds, key, openai_failures, lanes)
    url, seconds = settings.perplexity_base_url or PERPLEXITY_URL, settings.llm_timeout_seconds
    line = Line(url, key, seconds, _RETRIES, provider.meter, settings.llm_max_output_tokens)
    return {WEB: WebMind(f"perplexity:{model}", lambda: web_client(line, model), provider, _price(settings))}


def archive(settings: Settings, folder: Path) -> Archive:
    """Where findings are kept for later cycles, without secrets."""
    interval = timedelta(minutes=settings.research_cache_minutes)
    return Archive(folder / "var" / "research", interval, redaction(settings).document)


def _price(settings: Settings) -> Price:
    from perun.graph.app.speakers import prices

    return prices(settings).of(f"perplexity:{settings.perplexity_model}")


def _alpaca(settings: Settings) -> "AlpacaNews":
    from perun.graph.app.venues import alpaca_access
    from perun.tools.brokerage.alpaca.line import news_line
    from perun.tools.research.alpaca_news import AlpacaNews

    return AlpacaNews(news_line(alpaca_access(settings)))
