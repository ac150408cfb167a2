"""The client of Perplexity: OpenAI's protocol, and the web pages that an answer rests on."""

import weakref
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from perun.agents.clients import Line, openai_format
from perun.agents.speech import Dialect

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

PAGES: Final = "pages"
"""Under this name a message carries its web pages: rows with `url`, `title` and `date`, as they were sent."""
COST: Final = "cost"
"""Under this name it carries what the request cost, if the server tells: a search has a price of its own."""
_LONGEST_ANSWER_TOKENS: Final = 2_000


def web_client(line: Line, model: str) -> "BaseChatModel":
    """A client of a model that searches the web before it answers."""
    from langchain_openai import ChatOpenAI
    from openai import DefaultHttpxClient

    class _Searching(ChatOpenAI):
        """Chat completions, without dropping what OpenAI's own servers never send."""

        def _create_chat_result(self, response: Any, generation_info: dict[str, Any] | None = None) -> Any:
            result = super()._create_chat_result(response, generation_info)
            body = response if isinstance(response, dict) else response.model_dump(warnings=False)
            for generation in result.generations:
                generation.message.additional_kwargs |= {PAGES: _pages(body), COST: _cost(body)}
            return result

    http = DefaultHttpxClient(
        event_hooks={"request": [line.meter.on_request], "response": [line.meter.on_response]}  # as every client's
    )
    client = _Searching(
        model=model,
        api_key=line.key,
        base_url=line.base_url,
        timeout=line.timeout_seconds,
        max_retries=line.max_retries,
        http_client=http,
        use_responses_api=False,
        openai_proxy=None,
    )
    weakref.finalize(client, http.close)
    return client


def web_format(answer: type[BaseModel]) -> dict[str, Any]:
    """Arguments that tell Perplexity the answer's shape, how long it may be, and to search the last week."""
    told = openai_format(answer)["extra_body"]
    return {"extra_body": {**told, "max_tokens": _LONGEST_ANSWER_TOKENS, "search_recency_filter": "week"}}


WEB: Final = Dialect(web_format, frozenset({"minLength", "maxLength"}), tools=False)


def _pages(body: dict[str, Any]) -> list[Any]:
    """The pages in the order in which the answer numbers them; older servers name their addresses alone."""
    if isinstance(results := body.get("search_results"), list) and results:
        return results
    citations = body.get("citations")
    return [{"url": url} for url in citations] if isinstance(citations, list) else []


def _cost(body: dict[str, Any]) -> Any:
    told = (body.get("usage") or {}).get("cost")
    return told.get("total_cost") if isinstance(told, dict) else None
