"""What the outside world says: findings with their sources, always untrusted."""

from typing import Literal

from pydantic import AwareDatetime, Field

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Symbol


class Document(Frozen):
    """A text from outside, exactly as a source returned it. Only a reader without tools may see it."""

    id: str
    symbol: Symbol
    url: str
    published: AwareDatetime
    text: str


class Finding(Frozen):
    """What a reader took from documents, in a fixed and bounded form."""

    symbol: Symbol
    direction: Literal["positive", "negative", "mixed", "neutral"]
    summary: str = Field(max_length=280)
    published: AwareDatetime
    source: str
    """Evidence id of the document, `[news:…]`."""
    url: str = ""
    """Where it can be read; for people and the record, never for a prompt."""
    tainted: Literal[True] = True
    """Derived from text that anybody may have written: it may lower confidence, never raise a size."""
