"""A person's answer to the chat's own question, given to the turn that waits for it."""

from typing import Any

from langgraph.types import Command


def given(answer: bool) -> Command[Any]:
    """What the waiting turn goes on with. It chooses no way: the chat's graph has one from there."""
    return Command(resume=answer)
