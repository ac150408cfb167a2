"""What a question is about, recognised by code: its kind, the symbols, days, cycles and orders it names.

What may be done because of a question follows from the person's own words alone, read here. Nothing that stands in the
record, and nothing that a model says, is ever read as a request.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Aim(StrEnum):
    """What a person wants."""

    HALT = "halt"
    COMMAND = "command"
    """Something that the chat cannot do; another command does it, or nobody."""
    HELP = "help"
    COMPARE = "compare"
    FLIP = "flip"
    GATE = "gate"
    ORDER = "order"
    REMEMBER = "remember"
    SEEN = "seen"
    ACCOUNT = "account"
    FIND = "find"
    WHY = "why"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Heard:
    """A question, understood as far as code can."""

    text: str
    aim: Aim
    symbols: tuple[str, ...] = ()
    """Symbols of the record, in the order in which they are named."""
    strangers: tuple[str, ...] = ()
    """What reads like a symbol and is none of the record's."""
    days: tuple[str, ...] = ()
    """`2009-06-01`."""
    names: tuple[str, ...] = ()
    """Words that may name a cycle or an order."""
    fate: str | None = None
    """How the decisions ended that are asked for."""
    changes: tuple[str, ...] = ()
    """Limits that the question supposes to be others: `MAX_POSITION_PERCENT=30`."""
    refusal: str = ""
    """For a command: which of perun's commands does it."""


_LEAD: Final = (
    r"^\W*(?:(?:please|now|ok|okay|hey|perun|and|then|just|do|go|i\s+(?:want|order|need)\s+you\s+to|"
    r"(?:can|could|would|will)\s+you|you\s+(?:must|should)|let'?s|let\s+us)\b[\s,:]*)*"
)
_HALT: Final = re.compile(
    _LEAD + r"(?:halt\b(?!\s+file)|emergency\s+stop|(?:hit|pull|use|press)\s+the\s+kill\s+switch|kill\s+switch|"
    r"stop\s+(?:trading|everything|the\s+desk|all\s+trading|it\s+all|now\b)|stop\W*$)",
    re.IGNORECASE,
)
_NOBODY: Final = "nobody orders by hand: perun run asks the agents for a new decision, and the gate clears or denies it"
_COMMANDS: Final = (
    (r"resume|unhalt|trade\s+again|start\s+trading|lift\b", "perun resume --reason …"),
    (r"flatten|liquidate|(?:sell|close)\s+(?:everything|all\b|out\b|every\b|the\s+account)", "perun flatten --yes"),
    (
        r"(?:raise|lower|increase|decrease|change|set|loosen|lift|remove|disable|turn\s+off|ignore|override|bypass|"
        r"double|skip|widen)\b",
        "limits and settings are changed in .env by a person; perun config rules shows them",
    ),
    (r"cancel", "perun halt --reason … cancels working purchases; perun flatten --yes cancels every order"),
    (r"(?:promote|use|switch\s+to|roll\s*back)\b.*\bprompt|rewrite\b.*\bprompt", "perun prompts"),
    (r"reconcile", "perun reconcile"),
    (r"(?:run|start)\s+(?:a|the|another)?\s*cycle", "perun run"),
    (r"delete|forget|erase|edit|rewrite", "nothing: the record is not changed by anybody"),
    (r"buy|sell|short|purchase|place|order|trade|invest|enter|exit|close|approve|clear|veto", _NOBODY),
)
_READ_COMMANDS: Final = tuple((re.compile(rf"{_LEAD}(?:{verbs})\b", re.IGNORECASE), told) for verbs, told in _COMMANDS)
_AIMS: Final = tuple(
    (aim, re.compile(pattern, re.IGNORECASE))
    for aim, pattern in (
        (Aim.HELP, r"^\W*(?:help|hello|hi|what (?:can|do) (?:you|i) (?:do|answer|ask|know)\b)"),
        (Aim.COMPARE, r"\bcompar|\bdiffer|\bdiff\b|\bversus\b|\bvs\b|\bchanged\s+(?:since|between)"),
        (Aim.FLIP, r"\bwhat\s+if\b|\bflip|\bwould\s+(?:have|it)\b|\bheadroom|\bhow\s+(?:close|near|far)\b|\bnearest\b"),
        (Aim.FIND, r"^\W*(?:which|list|when|show\s+(?:me\s+)?(?:all|the\s+last)|find|what\s+decisions)\b"),
        (Aim.REMEMBER, r"\bremember|\bmemor|\brecall|\blearn|\blesson"),
        (Aim.GATE, r"\bgate\b|\brules?\b|\bverdict|\bbreach|\bden(?:y|ied|ial)|\bcleared?\b|\blimits?\b|\bmeasured?\b"),
        (Aim.ORDER, r"\borders?\b|\bfill(?:ed|s)?\b|\bexecut|\bstops?\b|\bcommission|\bshares\b"),
        (Aim.SEEN, r"\bs(?:ee|aw|een|hown)\b|\blook(?:ed)?\s+at\b|\bindicators?\b|\bevidence\b|\bgathered\b|\bclose\b"),
        (Aim.ACCOUNT, r"\bpositions?\b|\bportfolio\b|\baccount\b|\bcash\b|\bequity\b|\bwe\s+(?:hold|own)\b"),
        (Aim.WHY, r"\bwhy\b|\breasons?\b|\bexplain|\brationale|\bhow\s+come\b|\bwhat\s+(?:did|was|were|happened)\b|"
                  r"\b(?:think|thought|say|said|decide|decided|decision|wish|wished|advise|advice|rul(?:e|ed|ing)|judge)"),
    )
)  # fmt: skip
_DAY: Final = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_NAME: Final = re.compile(r"(?:cycle:)?[A-Za-z0-9][A-Za-z0-9._:-]{2,127}")
_CAPITALS: Final = re.compile(r"(?<![\w-])\$?([A-Z]{2,5}(?:\.[A-Z])?)(?![\w-])")
_NO_SYMBOLS: Final = re.compile(
    "BUY|SELL|HOLD|RSI|ATR|USA?|USD|LLM|AI|OK|ID|CEO|ETF|AND|OR|NOT|WHY|WHAT|HOW|THE|ALL|IS|DID|NOW|HALT|DAN|API|YES|"
    "NO|IN|ON|OF|TO|AT|IT|AN|AS|BE|DO|IF|ME|MY|SO|UP|WE|YOU"
)
"""Words in capitals that are no symbols."""
_FATES: Final = (
    ("denied", r"\bden(?:y|ied|ial)"),
    ("cleared", r"\bclear(?:ed)?\b"),
    ("BUY", r"\bbuys?\b|\bbought\b|\bpurchase"),
    ("SELL", r"\bsells?\b|\bsold\b"),
    ("HOLD", r"\bholds?\b|\bheld\b"),
)


_CHANGE: Final = re.compile(
    r"\b([A-Z][A-Z]*(?:_[A-Z]+)+)\s*(?:=|(?:had\s+been|were|was|is|at|of|to)\b)\s*(?:set\s+to\s+)?(\d+(?:\.\d+)?)"
)
"""A setting and the number that it is supposed to have."""


def hear(question: str, known: Collection[str]) -> Heard:
    """What the question is about; `known` are the symbols of the record."""
    aim, refusal = _aim(question)
    capitals = dict.fromkeys(_CAPITALS.findall(question))
    words = dict.fromkeys(word.strip(".,;:?!'\"()$").upper() for word in question.split())
    symbols = tuple(word for word in words if word in known)
    return Heard(
        text=question,
        aim=aim,
        symbols=symbols,
        strangers=tuple(each for each in capitals if each not in known and not _NO_SYMBOLS.fullmatch(each)),
        days=tuple(dict.fromkeys(_DAY.findall(question))),
        names=tuple(dict.fromkeys(name.rstrip(".:-") for name in _NAME.findall(question))),
        fate=next((fate for fate, pattern in _FATES if re.search(pattern, question, re.IGNORECASE)), None),
        changes=tuple(f"{name}={value}" for name, value in _CHANGE.findall(question)),
        refusal=refusal,
    )


def _aim(question: str) -> tuple[Aim, str]:
    if _HALT.search(question):
        return Aim.HALT, ""
    for pattern, told in _READ_COMMANDS:
        if pattern.search(question):
            return Aim.COMMAND, told
    return next((aim for aim, pattern in _AIMS if pattern.search(question)), Aim.UNCLEAR), ""
