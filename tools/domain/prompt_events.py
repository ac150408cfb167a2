"""What becomes of prompts: a version was added, a label was moved; by whom and why."""

from typing import Literal

from perun.tools.domain.frozen import Frozen

Label = Literal["in use", "candidate", "shadow", "previous"]
"""What a version of an agent's prompt is to the desk; a version may bear several labels, a label stands on one."""


class PromptAdded(Frozen):
    """A version of an agent's prompt was put on the shelf; it is not in use by that."""

    kind: Literal["prompt.added"] = "prompt.added"
    agent: str
    version: str
    hash: str
    """Of the text that is spoken."""
    who: str


class PromptLabelled(Frozen):
    """A label was put on a version, and so taken from the one that bore it."""

    kind: Literal["prompt.labelled"] = "prompt.labelled"
    agent: str
    label: Label
    version: str
    hash: str
    reason: str
    who: str
