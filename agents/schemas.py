"""The shape of an answer, as JSON schema that providers accept in strict mode."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

NEVER_SENT = frozenset({"title", "default", "discriminator"})
"""Keywords that cost tokens or are refused by strict mode, and that bind no model."""

_LOOKAROUND = ("(?=", "(?!", "(?<")
"""Decimal's pattern looks ahead; neither OpenAI nor llama.cpp reads such a pattern."""


def json_schema(answer: type[BaseModel], drop: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The schema of `answer` with every property required, no other allowed, and every reference inlined.

    What is dropped here still binds: the answer is validated by `answer` itself when it is read.

    Args:
        answer: The type that an answer is parsed into.
        drop: Further keywords that the provider does not take.

    Raises:
        TypeError: the type holds a free mapping or refers to itself; strict mode has no word for either.
    """
    whole = answer.model_json_schema()
    return _Strict(whole.pop("$defs", {}), NEVER_SENT | drop).node(whole, ())


class _Strict:
    """One walk through a schema; `path` names the definitions that stand open, to notice one inside itself."""

    def __init__(self, definitions: Mapping[str, Any], drop: frozenset[str]) -> None:
        self._definitions = definitions
        self._drop = drop

    def node(self, schema: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
        """The strict form of one schema."""
        if "$ref" in schema:
            return self._inlined(schema, path)
        strict = {word: self._value(word, value, path) for word, value in schema.items() if self._kept(word, value)}
        if "oneOf" in strict:
            strict["anyOf"] = strict.pop("oneOf")
        if "const" in strict:
            strict["enum"] = [strict.pop("const")]
        return self._closed(strict) if strict.get("type") == "object" else strict

    def _inlined(self, schema: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
        name = schema["$ref"].rsplit("/", 1)[-1]
        if name in path:
            raise TypeError(f"{name} refers to itself: no strict schema can say so")
        beside = {word: value for word, value in schema.items() if word != "$ref"}
        return self.node({**self._definitions[name], **beside}, (*path, name))

    def _kept(self, word: str, value: Any) -> bool:
        readable = word != "pattern" or not any(mark in value for mark in _LOOKAROUND)
        return readable and word not in self._drop

    def _value(self, word: str, value: Any, path: tuple[str, ...]) -> Any:
        match word:
            case "properties":
                return {name: self.node(schema, path) for name, schema in value.items()}
            case "anyOf" | "oneOf" | "allOf" | "prefixItems":
                return [self.node(schema, path) for schema in value]
            case "items":
                return self.node(value, path)
            case _:
                return value

    def _closed(self, strict: dict[str, Any]) -> dict[str, Any]:
        if "properties" not in strict and strict.get("additionalProperties", True) is not False:
            raise TypeError("a free mapping has no strict schema: use a list of named pairs")
        properties = strict.setdefault("properties", {})
        closed = {"required": list(properties), "additionalProperties": False}
        return {**strict, **{word: value for word, value in closed.items() if word not in self._drop}}
