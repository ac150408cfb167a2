"""The rules of speech: a sentence is said when what it cites exists and holds every number, name and date in it.

Whoever found the words, the baseline included, is held to them. Checked are:

- citations: at least one, and each must resolve against the record;
- numbers: each must be told by something cited, rounded at the digits that are written; here even small ones count;
- names in capitals (symbols, actions, rules) and dates: each must stand in something cited;
- words of fate (*cleared*, *denied*, *filled*, …): something cited must say the same.

What these rules cannot see is a wrong word between right names and numbers.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from perun.agents.numbers import numbers_in, shown_in
from perun.graph.chat.citations import Cited, inline, resolve
from perun.graph.chat.record import Record
from perun.tools.domain.chat_events import Said, Withheld
from perun.tools.research.cleaning import plain

OUTSIDE: Final = "(Goes back to outside text.) "
"""Stands before a sentence that rests on nothing else."""
LONGEST: Final = 600
"""Characters of one sentence."""
_NAME: Final = re.compile(r"(?<![\w'-])[A-Z](?:[A-Z0-9_.]*[A-Z0-9])?(?![\w'-])")
_DATE: Final = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_EVERYBODY_S: Final = frozenset({"RSI", "ATR", "US", "USD", "LLM", "AI", "OK", "ID", "I", "A"})
"""Names in capitals that say nothing about a decision."""
_FATES: Final = {
    "cleared": "cleared",
    "denied": "denied",
    "vetoed": "veto",
    "veto": "veto",
    "approved": "approve",
    "shrank": "shrink",
    "filled": "filled",
    "rejected": "rejected",
    "canceled": "cancel",
    "cancelled": "cancel",
    "bullish": "bullish",
    "bearish": "bearish",
    "neutral": "neutral",
    "bought": "buy|bought",
    "sold": "sell|sold",
    "halted": "halted",
}
"""Words that say how something ended, and what must stand in the cited for them."""


@dataclass(frozen=True)
class Claim:
    """A sentence that somebody would like to say."""

    text: str
    cites: tuple[str, ...]


@dataclass(frozen=True)
class Checked:
    """What may be said of a list of claims, and what may not."""

    said: tuple[Said, ...]
    withheld: tuple[Withheld, ...]
    cycles: tuple[str, ...]
    """Ids of the cycles that the sentences rest on."""


def check(claims: Iterable[Claim], record: Record) -> Checked:
    """Hold each claim against what it cites."""
    said: list[Said] = []
    withheld: list[Withheld] = []
    cycles: list[str] = []
    for claim in claims:
        text, cites = _apart(claim)
        found = [resolve(each, record) for each in cites]
        if reason := _fault(text, cites, found):
            withheld.append(Withheld(text=text, reason=reason))
            continue
        known = [cited for cited in found if cited]
        outside = OUTSIDE * all(cited.outside for cited in known)
        said.append(Said(text=outside + text, cites=tuple(cited.citation for cited in known)))
        cycles += [cited.cycle_id for cited in known if cited.cycle_id]
    return Checked(tuple(said), tuple(withheld), tuple(dict.fromkeys(cycles)))


def _apart(claim: Claim) -> tuple[str, tuple[str, ...]]:
    """Words and citations. Brackets that are left in the words cannot be taken for a citation."""
    text, inside = inline(claim.text)
    words = plain(text, LONGEST).replace("[", "(").replace("]", ")")
    return words, tuple(dict.fromkeys((*claim.cites, *inside)))


def _fault(text: str, cites: Sequence[str], found: Sequence[Cited | None]) -> str:
    """Why the sentence may not be said; empty when it may."""
    if not text:
        return "it says nothing"
    if not cites:
        return "it cites nothing"
    if not all(found):
        return "it cites what is not in the record"
    shown = [cited.text for cited in found if cited]
    return next(_strange(text, shown), "")


def _strange(text: str, shown: Sequence[str]) -> Iterator[str]:
    facts = tuple(shown_in(shown))
    if any(not any(number.is_told_by(fact) for fact in facts) for number in numbers_in(text)):
        yield "a number in it stands in nothing that it cites"
    everything = " ".join(shown)
    if any(not _stands(name, everything) for name in _NAME.findall(text) if name not in _EVERYBODY_S):
        yield "a name in it stands in nothing that it cites"
    if any(date not in everything for date in _DATE.findall(text)):
        yield "a date in it stands in nothing that it cites"
    words = frozenset(re.findall(r"[a-z]+", text.lower()))
    if any(not re.search(_FATES[word], everything, re.IGNORECASE) for word in words & _FATES.keys()):
        yield "what it cites does not say that it ended so"


def _stands(name: str, text: str) -> bool:
    return re.search(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])", text, re.IGNORECASE) is not None
