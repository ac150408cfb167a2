"""A second opinion on what the chat says: citations looked up and numbers found in the ledger's own text."""

import re
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Final

CITATION: Final = re.compile(r"\[(cycle|mem|rule|order):([^\]\s]+)\]")
_NUMBER: Final = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w-])")
_ANY: Final = re.compile(r"-?\d+(?:\.\d+)?")


class Judge:
    """Reads the database and the memory files directly: nothing of the chat's own code stands between."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = sqlite3.connect(f"file:{folder / 'var' / 'perun.db'}?mode=ro", uri=True)

    def text_of(self, cite: str) -> str | None:
        """The raw JSON behind a citation; None when there is none."""
        match = CITATION.fullmatch(cite)
        if match is None:
            return None
        kind, name = match.groups()
        return {"cycle": self._cycle, "mem": self._memory, "rule": self._rule, "order": self._order}[kind](name)

    def strange_numbers(self, sentence: str, cites: tuple[str, ...]) -> list[str]:
        """Numbers of the sentence that stand in none of the texts; a number of rules is counted."""
        texts = [text for cite in cites if (text := self.text_of(cite))]
        facts = {Decimal(number) for text in texts for number in _ANY.findall(text.replace("-", " "))}
        facts |= {Decimal(text.count(mark)) for text in texts for mark in ('"code"', '"passed":true')}
        said = re.sub(r"\d{4}-\d{2}-\d{2}|[\w.-]*perun-[\w.-]+|(?<=\d),(?=\d{3})", _blank, sentence)
        return [number for number in _NUMBER.findall(said) if not any(_told(number, fact) for fact in facts)]

    def _one(self, query: str, *values: object) -> str | None:
        row = self._database.execute(query, values).fetchone()
        return None if row is None else str(row[0])

    def _cycle(self, name: str) -> str | None:
        slot, _, seq = name.partition("/event:")
        stream = self._one("SELECT cycle_id FROM cycles WHERE slot = ? OR cycle_id = ?", slot, slot)
        if not seq:
            return self._one("SELECT result FROM cycles WHERE cycle_id = ?", stream)
        return self._one("SELECT body FROM events WHERE stream = ? AND seq = ?", stream, int(seq))

    def _memory(self, name: str) -> str | None:
        return next((path.read_text() for path in (self._folder / "memdir").rglob(f"{name}.json")), None)

    def _rule(self, name: str) -> str | None:
        return self._one("SELECT body FROM events WHERE kind = 'verdict' AND instr(body, ?)", f'"code":"{name}"')

    def _order(self, name: str) -> str | None:
        order = self._one("SELECT body FROM orders WHERE client_order_id = ?", name)
        rows = self._database.execute("SELECT qty, price, commission FROM fills WHERE client_order_id = ?", (name,))
        return None if order is None else " ".join([order, *(" ".join(row) for row in rows)])


def _blank(match: re.Match[str]) -> str:
    """Dates and ids give way to a blank; the comma between thousands to nothing."""
    return "" if match[0] == "," else " "


def _told(said: str, fact: Decimal) -> bool:
    """Whether the fact, or a hundred times the fact, reads as the number that was said."""
    places = Decimal(10) ** -len(said.partition(".")[2])
    return any(abs(Decimal(said) - value) < places for value in (fact, 100 * fact))
