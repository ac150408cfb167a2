"""Why a provider did not answer, in one line for a person and never with its key."""

from perun.tools.domain.errors import ModelRefusedKey, ModelUnavailable

UNREADABLE = (ValueError, TypeError, LookupError, AttributeError)
"""What a client stumbles over when the body is no completion; its own errors do not cover that."""

_LONGEST_WORDS = 160

_NO_FORM = ("response format", "json schema", "structured output", "response mime type", "response schema")
"""How servers speak of the setting that tells an answer's shape."""
_NO_TOOLS = ("tool", "function call")


class GaveUp(Exception):
    """We stopped waiting or reading; the message goes on where the provider's name ends. No client retries it."""


def refuses_form(error: Exception) -> bool:
    """Whether the server has no such way of telling an answer's shape: the request is wrong, and it names the form."""
    return _is_bad_request(error) and any(mark in _words(error) for mark in _NO_FORM)


def refuses_tools(error: Exception) -> bool:
    """Whether the server or its model takes no tools."""
    return _is_bad_request(error) and any(mark in _words(error) for mark in _NO_TOOLS)


def _is_bad_request(error: Exception) -> bool:
    from langchain_core.exceptions import ModelInvalidRequestError

    return isinstance(error, ModelInvalidRequestError) or getattr(error, "status_code", None) in {400, 422}


def _words(error: Exception) -> str:
    return str(error).lower().replace("_", " ").replace("-", " ")


def explained(error: Exception, provider: str, key: str, calls: int) -> ModelUnavailable:
    """The provider's error as ours.

    Args:
        error: What the provider's client raised.
        provider: The provider's name, as people know it.
        key: The secret that the provider's words may repeat; it is blotted out.
        calls: Requests that were made before giving up.
    """
    if _refuses_key(error):
        # The provider's own words are left out whole: this is where they like to repeat part of the key.
        return ModelRefusedKey(f"{provider} does not accept the key{_status(error)}: check it in the settings", calls)
    if isinstance(error, GaveUp):
        return ModelUnavailable(f"{provider} {error}", calls)
    words = " ".join(str(error).replace(key, "[key]").split() if key else str(error).split())
    return ModelUnavailable(f"{provider} {_cause(error)}{_status(error)}: {words[:_LONGEST_WORDS]}", calls)


def _refuses_key(error: Exception) -> bool:
    from langchain_core.exceptions import ModelAuthenticationError, ModelPermissionDeniedError

    # Gemini answers 400, not 401, to a key it does not know.
    unknown_to_gemini = any(mark in str(error) for mark in ("API_KEY_INVALID", "API key not valid"))
    return isinstance(error, ModelAuthenticationError | ModelPermissionDeniedError) or unknown_to_gemini


def _cause(error: Exception) -> str:
    import httpx
    import httpx2
    from langchain_core import exceptions as langchain

    causes: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
        ((langchain.ModelTimeoutError, httpx.TimeoutException, httpx2.TimeoutException), "did not answer in time"),
        ((langchain.ModelConnectionError, httpx.HTTPError, httpx2.HTTPError), "cannot be reached"),
        ((langchain.ModelRateLimitError,), "takes no more requests now, or the quota is used up"),
        ((langchain.ModelAPIError,), "failed on its own side"),
        ((langchain.ModelNotFoundError,), "does not know the model or the address"),
        ((langchain.ContextOverflowError,), "finds the question too long"),
        ((langchain.ModelInvalidRequestError,), "does not take the request"),
        (UNREADABLE, "gave an answer that cannot be read"),
    )
    return next((cause for types, cause in causes if isinstance(error, types)), "failed")


def _status(error: Exception) -> str:
    status = getattr(error, "status_code", None)
    return f" (HTTP {status})" if isinstance(status, int) else ""
