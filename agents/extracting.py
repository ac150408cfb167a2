"""The one JSON object in an answer that holds other words too: a model's thoughts, a fence of Markdown, a greeting."""

from json import JSONDecoder
from typing import Final

_THOUGHTS_END: Final = ("</think>", "</thinking>", "</reasoning>")
"""Looked for alone: some servers swallow the mark at the beginning."""
_DECODER: Final = JSONDecoder()


def only_object(text: str) -> str:
    """The object, when it is plain which one: the first brace opens it and no brace follows it. Else the text itself.

    Nothing is guessed: of two objects neither is taken, nor is one that stands inside a broken one or in a list.
    """
    said = text.strip()
    if not said.startswith("{"):
        said = _without_thoughts(said)
    start = said.find("{")
    if start < 0 or said[:start].rstrip().endswith("["):
        return text
    try:
        _, end = _DECODER.raw_decode(said, start)
    except (ValueError, RecursionError):  # also a number with more digits than Python reads
        return text
    return text if "{" in said[end:] else said[start:end]


def _without_thoughts(text: str) -> str:
    ends = [text.rfind(mark) + len(mark) for mark in _THOUGHTS_END if mark in text]
    return text[max(ends, default=0) :]
