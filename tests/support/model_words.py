"""What OpenAI's, Perplexity's and Gemini's protocols look like from the server: requests read, answers written."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Request = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """A call of a tool; the arguments are text, as a model writes them."""

    name: str
    arguments: str = "{}"


@dataclass(frozen=True)
class Says:
    """A completed answer."""

    text: str
    finish: str = "stop"
    refusal: str | None = None
    calls: tuple[Call, ...] = ()
    pages: tuple[Mapping[str, Any], ...] = ()
    """Web pages that the answer rests on, as Perplexity tells them: `url`, `title`, `date`."""
    cost: float | None = None
    """US dollars, as Perplexity tells them."""


def is_gemini(request: Request) -> bool:
    """Whether the request speaks Gemini's protocol."""
    return "contents" in request


def form_of(request: Request) -> dict[str, Any]:
    """The schema that the answer shall fit, however it is told; empty when it is told in words or not at all."""
    if is_gemini(request):
        told = request.get("generationConfig", {}).get("responseJsonSchema")
    else:
        told = request.get("response_format", {}).get("json_schema", {}).get("schema")
    return told or tools_of(request).get("answer", {})


def tools_of(request: Request) -> dict[str, dict[str, Any]]:
    """The tools on offer, name to schema."""
    if is_gemini(request):
        declared = [each for tool in request.get("tools", ()) for each in tool["functionDeclarations"]]
        return {each["name"]: each.get("parametersJsonSchema") or each.get("parameters", {}) for each in declared}
    return {tool["function"]["name"]: tool["function"]["parameters"] for tool in request.get("tools", ())}


def texts_of(request: Request) -> list[str]:
    """The texts of all messages, in order, the system's first."""
    if not is_gemini(request):
        return [str(message.get("content") or "") for message in request["messages"]]
    contents = [request.get("systemInstruction", {"parts": []}), *request["contents"]]
    return [part["text"] for content in contents for part in content["parts"] if "text" in part]


def words(*texts: str) -> int:
    """How the server counts tokens unless it is told another way: by words."""
    return sum(len(text.split()) for text in texts)


def reply(request: Request, said: Says, read: int, written: int) -> dict[str, Any]:
    """The body of an answer in the request's own protocol."""
    return _gemini(said, read, written) if is_gemini(request) else completion(request, said, read, written)


def failure(request: Request, status: int, message: str) -> dict[str, Any]:
    """The body of an error in the request's own protocol."""
    if is_gemini(request):
        return {"error": {"code": status, "message": message, "status": "SCRIPTED"}}
    return {"error": {"message": message, "type": "scripted", "code": None, "param": None}}


def completion(request: Request, said: Says, read: int, written: int) -> dict[str, Any]:
    """A chat completion, with usage."""
    message: dict[str, Any] = {"role": "assistant", "content": said.text or None, "refusal": said.refusal}
    if said.calls:
        message["tool_calls"] = _calls(said)
    finish = "tool_calls" if said.calls else said.finish
    usage: dict[str, Any] = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    if said.cost is not None:
        usage["cost"] = {"total_cost": said.cost}
    found = {"search_results": [*said.pages], "citations": [page["url"] for page in said.pages]} if said.pages else {}
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 0,
        "model": request["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": usage,
        **found,
    }


def stream(request: Request, said: Says, read: int, written: int) -> Iterator[str]:
    """The same completion as server-sent events: the text in pieces, then the usage, then the end."""
    whole = completion(request, said, read, written)
    chunk = {**whole, "object": "chat.completion.chunk", "usage": None}
    pieces = [said.text[at : at + 8] for at in range(0, len(said.text), 8)]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": piece} for piece in pieces]
    if said.calls:
        deltas.append({"tool_calls": [{"index": n, **call} for n, call in enumerate(_calls(said))]})
    for delta in deltas:
        yield _event({**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield _event({**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": said.finish}]})
    yield _event({**chunk, "choices": [], "usage": whole["usage"]})
    yield "data: [DONE]\n\n"


def _event(data: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"


def _calls(said: Says) -> list[dict[str, Any]]:
    return [
        {"id": f"call-{n}", "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for n, call in enumerate(said.calls)
    ]


def _gemini(said: Says, read: int, written: int) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"text": said.text or said.refusal}] if said.text or said.refusal else []
    parts += [{"functionCall": {"name": call.name, "args": json.loads(call.arguments)}} for call in said.calls]
    finish = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}[said.finish]
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": finish, "index": 0}
    counts = {"promptTokenCount": read, "candidatesTokenCount": written, "totalTokenCount": read + written}
    return {"candidates": [candidate], "usageMetadata": counts, "modelVersion": "scripted"}
