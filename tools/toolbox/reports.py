"""READ tools on words: the findings of a symbol's research, never the documents, and the memory's words on it."""

from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import Field

from perun.tools.domain.research import Finding
from perun.tools.toolbox import wording
from perun.tools.toolbox.prices import Ticker
from perun.tools.toolbox.tool import Asked, Told, Tool, of_the_cycle, reading


class AskFindings(Asked):
    """What the researcher found about this share in text from outside, again. It may be wrong or planted."""


class AskMemory(Asked):
    """Search what the desk remembers of a share for a situation described in words."""

    symbol: Ticker
    words: Annotated[str, Field(min_length=1, max_length=200)]


def findings_tool(found: Sequence[Finding]) -> Tool:
    """`findings`: in the bounded form that left the researcher, all of it from outside."""
    ids = tuple(finding.source for finding in found)
    told = Told(text=wording.findings(found), evidence=ids, tainted=ids)
    return reading("findings", AskFindings, lambda _: told)


def memory_tool(search: Callable[[str, str], Told], symbols: Sequence[str]) -> Tool:
    """`memory_search`: `search` takes words and a symbol, and tells nothing that was not known at *as of*."""

    def remember(asked: AskMemory) -> Told:
        return search(asked.words, of_the_cycle(asked.symbol, symbols))

    return reading("memory_search", AskMemory, remember)
