"""Whether the numbers in a rationale stand in what its writer was shown.

A number matches a fact when the fact rounds to it, or is cut off to it, at the digits that were written: 61.5 is
61.5385, 104 is 104.25, 89,600 is 89,575. A percentage also matches a ratio (3.1% is 0.0312), basis points too, and
`1.0 million` a million. Signs do not count: "down 3%" is -0.03. Not checked:

- evidence ids, dates and times of day; ordinals; names of indices (`S&P 500`);
- whole numbers from 0 to 10 that stand alone: they count (*three of 4 votes*);
- spans of time (*20 sessions*, *50-day*), unless a unit of money or a percent sign stands with them;
- the whole numbers 30, 50, 70 and 100 that stand alone: customary marks on scales from 0 to 100.

A number computed from two others (*4% above its average*) is not shown to anybody and matches nothing: prompts give
the common ones, and ask for no others.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

MARKS: Final = frozenset(map(Decimal, (30, 50, 70, 100)))
"""Customary marks on scales from 0 to 100."""
COUNTED: Final = Decimal(10)
"""Whole numbers up to this count things."""

_ID: Final = re.compile(r"\[[a-z]+:[^\]\s]*\]")
_DATE: Final = re.compile(r"\b(\d{4})-\d{2}-\d{2}(?:T[\d:.]+Z?)?")
_MONTH: Final = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\\.?"
_IGNORED: Final = re.compile(
    rf"\b\d{{1,2}}(?:st|nd|rd|th)?\s{_MONTH}(?:\s\d{{4}})?|\b{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s\d{{4}})?"
    r"|\b\d{1,2}/\d{1,2}(?:/\d{2,4})?\b|\b\d{1,2}:\d{2}(?::\d{2})?|\b\d+(?:st|nd|rd|th)\b"
    r"|S&P\s?500|Nasdaq[- ]100|Russell\s?[123]000",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(
    r"(?P<money>[$€£]\s?)?"
    r"(?P<digits>\d{1,3}(?:[,'\u2019\u00a0\u202f]\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|\.\d+)"
    r"(?:\s?(?P<unit>%|per\s?cent\b|percent\b|pct\b|bps\b|basis\spoints?\b|k\b|thousand\b|mn\b|m\b|million\b|bn\b|billion\b))?"
    r"(?P<span>[- ]?(?:trading[- ])?(?:session|day|week|month|quarter|year|hour|minute|period)s?\b)?",
    re.IGNORECASE,
)
_SCALES: Final = {"k": 3, "thousand": 3, "m": 6, "mn": 6, "million": 6, "bn": 9, "billion": 9}
_PARTS: Final = {"%": 100, "percent": 100, "pct": 100, "bps": 10_000, "basispoint": 10_000, "basispoints": 10_000}


@dataclass(frozen=True)
class Number:
    """A number as it was written."""

    text: str
    value: Decimal
    quantum: Decimal
    """The least step at the digits that were written: 1 for `104`, 0.01 for `104.25`."""
    parts: int
    """100 for a percentage, 10,000 for basis points, 1 for a number as it is."""
    bare: bool
    """A whole number with neither unit nor sign of money."""
    span: bool
    """It says how long something takes."""

    @property
    def needs_no_fact(self) -> bool:
        """It counts, marks a scale or tells a span of time."""
        return self.bare and (self.span or self.value <= COUNTED or self.value in MARKS)

    def is_told_by(self, fact: "Number") -> bool:
        """Whether the fact rounds, or is cut off, to this number; as a percentage where this is one."""
        ratio = fact.value / fact.parts
        # 24% is told by a ratio of 0.24 and by a score of 24, and 0.24% by neither.
        as_it_is = () if self.parts > 1 and fact.value < 1 else (fact.value,)
        return any(self._covers(said) for said in {ratio * self.parts, *as_it_is})

    def _covers(self, fact: Decimal) -> bool:
        return self.value - self.quantum / 2 <= fact < self.value + self.quantum or fact == self.value


def unverified(text: str, shown: Iterable[Number]) -> tuple[str, ...]:
    """The numbers in `text` that match none of those that were shown, as they were written, once each."""
    strange = [each for each in numbers_in(text) if not each.needs_no_fact]
    facts = tuple(dict.fromkeys(shown)) if strange else ()  # to read all that was shown takes as long as a whole turn
    return tuple(dict.fromkeys(each.text for each in strange if not any(each.is_told_by(fact) for fact in facts)))


def numbers_in(text: str) -> Iterator[Number]:
    """Every number that a text claims: neither part of an id, nor of a date, nor of a time of day."""
    claims = _IGNORED.sub(" ", _DATE.sub(" ", _ID.sub(" ", text)))
    return map(_number, _NUMBER.finditer(claims))


def shown_in(texts: Iterable[str]) -> Iterator[Number]:
    """Every number that texts show; of a date, its year."""
    for text in texts:
        yield from map(_number, _NUMBER.finditer(_DATE.sub(r" \1 ", _ID.sub(" ", text))))


def _number(match: re.Match[str]) -> Number:
    digits = re.sub(r"[,'\u2019\u00a0\u202f]", "", match["digits"])
    unit = re.sub(r"\s", "", match["unit"] or "").lower()
    scale = Decimal(10) ** _SCALES.get(unit, 0)
    value = Decimal(digits)
    return Number(
        text=" ".join(match[0].split()),
        value=value * scale,
        quantum=_quantum(digits) * scale,
        parts=_PARTS.get(unit, 1),
        bare="." not in digits and not unit and not match["money"],
        span=bool(match["span"]),
    )


def _quantum(digits: str) -> Decimal:
    """The last digit's worth. Noughts at the end of a large number may be rounding; two digits in front stay exact."""
    whole, _, decimals = digits.partition(".")
    if decimals:
        return Decimal(10) ** -len(decimals)
    noughts = len(whole) - len(whole.rstrip("0"))
    return Decimal(10) ** max(0, min(noughts, len(whole) - 2)) if len(whole) > 3 else Decimal(1)
