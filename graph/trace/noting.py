"""A node's beginning and end, on the record."""

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

from perun.tools.domain.clock import stopwatch
from perun.tools.domain.events import NodeFinished, NodeStarted

Given = ParamSpec("Given")
Update = TypeVar("Update")


def noted(node: Callable[Given, Update]) -> Callable[Given, Update]:
    """The node, which says when it begins and when it is done. One that breaks has a beginning and no end."""
    called, takes = node.__name__, signature(node)

    @wraps(node)
    def noting(*given: Given.args, **named: Given.kwargs) -> Update:
        state, runtime = takes.bind(*given, **named).args
        recorder, symbol, started = runtime.context.recorder, _symbol(state), stopwatch()
        recorder.record(NodeStarted(node=called, symbol=symbol))
        update = node(*given, **named)
        recorder.record(NodeFinished(node=called, symbol=symbol, seconds=round(stopwatch() - started, 3)))
        return update

    return noting


def _symbol(state: Any) -> str | None:
    """Whose study it is; None in the cycle's own nodes."""
    return state["seen"].symbol if "seen" in state else None
