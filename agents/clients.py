"""The LangChain clients of each provider: how one is built, told the answer's shape, and seen to fail."""

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, SecretStr

from perun.agents.meter import Meter
from perun.agents.schemas import json_schema
from perun.agents.speech import Dialect

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_OPENAI_IGNORES = frozenset({"minLength", "maxLength"})
_GEMINI_IGNORES = frozenset({"minLength", "maxLength", "pattern"})
_GEMINI_FUNCTION_IGNORES = _GEMINI_IGNORES | {"additionalProperties", "minimum", "maximum", "maxItems"}
"""What its client leaves out of a function's schema, with a warning for each."""


@dataclass(frozen=True)
class Line:
    """The way to one provider."""

    base_url: str
    key: SecretStr
    timeout_seconds: float
    max_retries: int
    """Further requests after a 429, a 5xx or a timeout."""
    meter: Meter
    """What every request passes, retries included."""
    max_output_tokens: int
    """Longest answer; a model that thinks spends its thoughts from it too."""


def openai_client(line: Line, model: str, trust_env: bool = True, **sampling: Any) -> "BaseChatModel":
    """A client of chat completions, at OpenAI or a server that speaks the same."""
    from langchain_openai import ChatOpenAI
    from openai import DefaultHttpxClient

    http = DefaultHttpxClient(event_hooks=_hooks(line), trust_env=trust_env)
    client = ChatOpenAI(
        model=model,
        api_key=line.key,
        base_url=line.base_url,
        timeout=line.timeout_seconds,
        max_retries=line.max_retries,
        http_client=http,
        max_completion_tokens=line.max_output_tokens,
        use_responses_api=False,  # compatible servers speak chat completions only
        openai_proxy=None,  # the environment's OPENAI_PROXY would clash with our own HTTP client
        **sampling,
    )
    weakref.finalize(client, http.close)  # a client that is given its HTTP client does not close it
    return client


def local_client(line: Line, model: str) -> "BaseChatModel":
    """A client of the server in this process: no proxy stands between, and the same question gets the same answer."""
    return openai_client(line, model, trust_env=False, temperature=0, seed=0)


def google_client(line: Line, model: str) -> "BaseChatModel":
    """A client of Gemini's own protocol."""
    from langchain_google_genai import ChatGoogleGenerativeAI

    return ChatGoogleGenerativeAI(
        model=model,
        google_api_key=line.key,
        base_url=line.base_url,
        timeout=line.timeout_seconds,
        max_retries=line.max_retries + 1,  # Google counts the first request too
        max_output_tokens=line.max_output_tokens,
        client_args={"event_hooks": _hooks(line)},
        vertexai=False,
    )


def _hooks(line: Line) -> dict[str, list[Callable[[Any], None]]]:
    return {"request": [line.meter.on_request], "response": [line.meter.on_response]}


def openai_format(answer: type[BaseModel]) -> dict[str, Any]:
    """Arguments that tell OpenAI the answer's shape, within what its strict mode takes."""
    return _response_format(answer, json_schema(answer, _OPENAI_IGNORES))


def local_format(answer: type[BaseModel]) -> dict[str, Any]:
    """Arguments that tell llama.cpp the answer's shape: it enforces lengths too."""
    return _response_format(answer, json_schema(answer))


def gemini_format(answer: type[BaseModel]) -> dict[str, Any]:
    """Arguments that tell Gemini the answer's shape."""
    return {
        "response_mime_type": "application/json",
        "response_json_schema": json_schema(answer, _GEMINI_IGNORES),
    }


def _response_format(answer: type[BaseModel], schema: dict[str, Any]) -> dict[str, Any]:
    shape = {"name": answer.__name__, "strict": True, "schema": schema}
    # In `extra_body`: given `response_format` itself, the client raises on a truncated answer and loses its text.
    return {"extra_body": {"response_format": {"type": "json_schema", "json_schema": shape}}}


OPENAI: Final = Dialect(openai_format, _OPENAI_IGNORES)
GEMINI: Final = Dialect(gemini_format, _GEMINI_FUNCTION_IGNORES, schema_beside_tools=False)
"""Gemini before 3 refuses tools beside a response schema: with tools, every Gemini is asked for its answer as one more
function, of which it must call one. That costs no request that is refused first."""
LOCAL: Final = Dialect(local_format, frozenset(), tools=False)
"""llama.cpp's server never returns a call of a tool: the facts of the prompt must do."""


def openai_failures() -> tuple[type[Exception], ...]:
    """What OpenAI's client raises beside LangChain's own errors."""
    from openai import OpenAIError

    return (OpenAIError,)


def google_failures() -> tuple[type[Exception], ...]:
    """What Google's client raises beside LangChain's own errors."""
    from google.genai.errors import APIError
    from langchain_google_genai.chat_models import ChatGoogleGenerativeAIError

    return (APIError, ChatGoogleGenerativeAIError)
