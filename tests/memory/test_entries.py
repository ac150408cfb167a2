"""What a memory entry accepts, and what its id says."""

from collections.abc import Callable
from datetime import datetime

import pytest
from pydantic import ValidationError

from perun.memory.entries import LONGEST_TEXT, Kind, MemoryEntry, entry_id


def test_when_the_same_entry_is_named_again_then_its_id_is_the_same() -> None:
    assert entry_id(Kind.SIGNAL, "c1", "AAPL") == entry_id(Kind.SIGNAL, "c1", "AAPL") == "signal-15cf25b059e3"


def test_when_kind_cycle_or_name_differ_then_ids_differ() -> None:
    ids = {
        entry_id(Kind.SIGNAL, "c1", "AAPL"),
        entry_id(Kind.TRADE, "c1", "AAPL"),
        entry_id(Kind.SIGNAL, "c1A", "APL"),
        entry_id(Kind.SIGNAL, "c1", "MSFT"),
    }
    assert len(ids) == 4


def test_when_cited_then_the_evidence_names_the_entry(entry: Callable[..., MemoryEntry]) -> None:
    assert entry().evidence == f"[mem:{entry().id}]"


def test_when_the_text_is_too_long_then_it_is_cut_and_says_so(entry: Callable[..., MemoryEntry]) -> None:
    text = entry(text="x" * (LONGEST_TEXT + 1)).text
    assert len(text) == LONGEST_TEXT
    assert text.endswith("x…")


def test_when_a_time_is_naive_then_the_entry_is_refused(entry: Callable[..., MemoryEntry]) -> None:
    fields = entry().model_dump() | {"as_of": datetime(2013, 3, 1)}  # noqa: DTZ001 - the point of the test
    with pytest.raises(ValidationError, match="timezone"):
        MemoryEntry.model_validate(fields)


def test_when_the_id_belongs_to_another_kind_then_the_entry_is_refused(entry: Callable[..., MemoryEntry]) -> None:
    with pytest.raises(ValidationError, match="begins with 'trade-'"):
        MemoryEntry.model_validate(entry().model_dump() | {"kind": "trade"})
