"""What a tool is: a READ tool answers from facts fixed in time, a PROPOSE tool is a form and can do nothing."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from perun.tools.domain.errors import MarketUnavailable, MemoryUnavailable, UnknownSymbol
from perun.tools.domain.frozen import Frozen

LONGEST_RESULT: Final = 4_000
"""Characters of a result that reach a model; 60 bars fit."""
LONGEST_ARGUMENTS: Final = 2_000
"""Characters of a call's arguments that anybody reads."""


class Kind(StrEnum):
    """What a call may do: read facts, or propose what the gate will judge."""

    READ = "READ"
    PROPOSE = "PROPOSE"


class Asked(Frozen):
    """What a call of a READ tool says. The docstring of each kind of question is what the model is told of the tool."""

    model_config = ConfigDict(use_attribute_docstrings=True, json_schema_extra=lambda schema: _undescribed(schema))


class Told(Frozen):
    """What a READ tool answers."""

    text: str
    evidence: tuple[str, ...] = ()
    """Ids in square brackets that the text gives to be cited."""
    tainted: tuple[str, ...] = ()
    """Those of them that come from text which anybody may have written."""
    refused: bool = False
    """True when the text says why there is no answer."""


class ToolRefused(Exception):
    """A question that has no answer, in one plain line for the model; caught by `ReadTool.call`."""


Question = TypeVar("Question", bound=Asked)


@dataclass(frozen=True)
class ReadTool(Generic[Question]):
    """A question that may be asked of the cycle's facts. It changes nothing."""

    name: str
    arguments: type[Question]
    answer: Callable[[Question], Told]
    kind: Kind = Kind.READ

    @property
    def description(self) -> str:
        """What the model is told of the tool: the docstring of its question."""
        return " ".join((inspect.getdoc(self.arguments) or "").split())

    def call(self, arguments: str) -> Told:
        """The answer to a call, bounded; whatever is wrong with the call is told in one line, never raised."""
        try:
            told = self.answer(self.arguments.model_validate_json(arguments[:LONGEST_ARGUMENTS] or "{}"))
        except ValidationError as error:
            return refusal(f"the arguments do not fit: {_explain(error)}")
        except (ToolRefused, UnknownSymbol) as error:
            return refusal(str(error))
        except MarketUnavailable:
            return refusal("the market has no such data now")
        except MemoryUnavailable:
            return refusal("the memory cannot be searched now")
        return told.model_copy(update={"text": _bounded(told.text)})


@dataclass(frozen=True)
class ProposeTool:
    """A form that ends the turn when it is called. Nothing stands behind it: what is filled in is read as an answer."""

    name: str
    description: str
    arguments: type[BaseModel]
    kind: Kind = Kind.PROPOSE


Tool = ReadTool[Asked] | ProposeTool
"""Whatever a model may call."""


def reading(name: str, arguments: type[Question], answer: Callable[[Question], Told]) -> Tool:
    """A READ tool as one among others: `call` gives each answer its own kind of question."""

    def checked(asked: Asked) -> Told:
        assert isinstance(asked, arguments)
        return answer(asked)

    return ReadTool(name, arguments, checked)


def refusal(why: str) -> Told:
    """One line for the model that says why there is no answer."""
    return Told(text=f"error: {why}", refused=True)


def of_the_cycle(symbol: str, symbols: Iterable[str]) -> str:
    """The symbol, if it is one of the cycle's.

    Raises:
        ToolRefused: it is not.
    """
    known = tuple(symbols)
    if symbol not in known:
        raise ToolRefused(f"no such symbol here: ask for one of {', '.join(known)}")
    return symbol


def _undescribed(schema: dict[str, object]) -> None:
    """The docstring is the tool's description already; said twice it would cost twice."""
    schema.pop("description", None)


def _bounded(text: str) -> str:
    cut = "\n(cut here: ask for less)"
    return text if len(text) <= LONGEST_RESULT else text[: LONGEST_RESULT - len(cut)] + cut


def _explain(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False, include_context=False)[:3]
    return "; ".join(f"{'.'.join(map(str, each['loc']))[:40] or 'arguments'}: {each['msg'][:80]}" for each in problems)
