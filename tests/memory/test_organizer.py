"""Tags: what facts and words earn an entry, and what a person may add in a file."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from perun.memory.bands import bands
from perun.memory.embedding import Embedder, MiniLM, Recent
from perun.memory.entries import Kind, MemoryEntry
from perun.memory.organizer import Organizer
from perun.memory.tags import BUILT_IN, Tag, with_own
from perun.tools.domain.errors import ConfigurationError, MemoryUnavailable
from perun.tools.market.indicators import Indicators
from perun.tools.market.snapshot import SymbolSnapshot
from support.market import made_bars

Make = Callable[..., MemoryEntry]


def seen(*rows: int | tuple[int, ...], **known: str) -> SymbolSnapshot:
    """A share with these last bars, and only these indicators known."""
    values = dict.fromkeys(Indicators.model_fields) | {name: Decimal(value) for name, value in known.items()}
    return SymbolSnapshot(
        symbol="AAPL", quote=None, bars=tuple(made_bars(rows)), indicators=Indicators.model_validate(values)
    )


class Silent:
    """An embedder whose model is not there."""

    name, dimensions = "silent", 64

    def embed(self, texts: object) -> list[list[float]]:
        raise MemoryUnavailable("the embedding model cannot be loaded")


@pytest.mark.parametrize(
    ("share", "tags"),
    [
        (seen(120, sma_50="110", sma_200="100"), {"uptrend"}),
        (seen(90, sma_50="95", sma_200="100"), {"downtrend"}),
        (seen(90, sma_50="110", sma_200="100"), {"sideways"}),
        (seen(90, rsi_14="29.9", volatility_20="0.5", return_20="-0.2"), {"oversold", "high-volatility", "slump"}),
        (seen(90, rsi_14="71", volatility_20="0.1", return_20="0.2"), {"overbought", "calm", "rally"}),
        (seen(90, rsi_14="50", volatility_20="0.3", return_20="0.1"), set()),
        (seen(100, high_250="100", low_250="50"), {"breakout"}),
        (seen(50, high_250="100", low_250="50"), {"breakdown", "drawdown"}),
        (seen(100, (104, 105, 103, 104)), {"gap-up"}),
        (seen(100, (96, 97, 95, 96)), {"gap-down"}),
        (seen(), set()),
    ],
)
def test_when_a_share_stands_so_then_it_has_these_tags(share: SymbolSnapshot, tags: set[str]) -> None:
    assert bands(share) == tags


def test_when_a_market_entry_is_in_the_cycle_then_its_day_s_tags_are_those_of_all_entries_on_the_symbol(
    embedder: Embedder, entry: Make
) -> None:
    share = seen(120, sma_50="110", sma_200="100").model_dump(mode="json")
    market = entry(kind=Kind.MARKET).model_copy(update={"data": share})
    organised = Organizer(embedder, ()).organised([entry(), market, entry(symbol="MSFT"), entry(day=1)])
    assert ["uptrend" in each.tags for each in organised] == [True, True, False, False]


@pytest.mark.parametrize(
    ("kind", "data", "tags"),
    [
        (Kind.TRADE, {"side": "sell", "type": "stop", "status": "filled"}, {"sell", "filled", "stop-out"}),
        (Kind.TRADE, {"side": "sell", "type": "stop", "status": "new"}, {"sell"}),
        (Kind.TRADE, {"side": "buy", "type": "market", "status": "rejected"}, {"buy", "rejected"}),
        (Kind.SIGNAL, {"action": "HOLD"}, {"hold"}),
        (Kind.ERROR, {}, {"trouble"}),
        (Kind.MARKET, {"nothing": "of a snapshot"}, set()),
    ],
)
def test_when_the_facts_say_it_then_the_tag_is_given(
    embedder: Embedder, entry: Make, kind: Kind, data: dict[str, object], tags: set[str]
) -> None:
    made = entry(kind=kind).model_copy(update={"data": data})
    [organised] = Organizer(embedder, ()).organised([made])
    assert set(organised.tags) == tags | {"information-technology"}


def test_when_an_entry_has_tags_already_then_they_stay_and_organising_again_changes_nothing(
    embedder: Embedder, entry: Make
) -> None:
    organizer = Organizer(embedder, ())
    once = organizer.organised([entry().model_copy(update={"tags": ("mine",)})])
    assert once[0].tags == ("mine", "information-technology")
    assert organizer.organised(once) == once


def test_when_the_model_is_missing_then_the_rules_tags_are_given_all_the_same(entry: Make) -> None:
    [organised] = Organizer(Silent(), BUILT_IN).organised([entry()])
    assert organised.tags == ("information-technology",)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("Quarterly profit missed what analysts had estimated.", "earnings"),
        ("A federal court fined the company after a long lawsuit.", "legal"),
        ("The chief executive resigned over the weekend.", "management"),
        ("The Federal Reserve raised interest rates against inflation.", "economy"),
        ("The board raised the dividend and buys back shares.", "payout"),
    ],
)
def test_when_words_say_it_then_the_real_model_finds_the_tag(minilm: MiniLM, entry: Make, text: str, tag: str) -> None:
    [organised] = Organizer(Recent(minilm)).organised([entry(text=text)])
    assert tag in organised.tags


def test_when_words_say_nothing_of_the_kind_then_no_tag_is_earned(minilm: MiniLM, entry: Make) -> None:
    plain = "AAPL: HOLD with confidence 0.50. Baseline: the trend is neutral and we hold none."
    [organised] = Organizer(Recent(minilm)).organised([entry(text=plain)])
    assert organised.tags == ("information-technology",)


def test_when_a_person_adds_tags_then_they_stand_beside_the_built_in_and_win_over_one_of_the_same_name(
    tmp_path: Path,
) -> None:
    file = tmp_path / "tags.toml"
    file.write_text('[[tag]]\nname = "takeover"\ndescription = "d"\n[[tag]]\nname = "deal"\ndescription = "mine"\n')
    tags = {tag.name: tag for tag in with_own(file)}
    assert tags["takeover"] == Tag(name="takeover", category="own", description="d")
    assert tags["deal"].description == "mine"
    assert len(tags) == len(BUILT_IN) + 1
    assert with_own(tmp_path / "none.toml") == BUILT_IN


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[tag]\n", "cannot be read"),
        ("tag = 3\n", "write a \\[\\[tag\\]\\]"),
        ('[[tag]]\nname = "Big Deal"\ndescription = "d"\n', "tag 1: name: "),
        ('[[tag]]\nname = "deal"\n', "tag 1 \\(deal\\): give it a description"),
        ('[[tag]]\nname = "deal"\ncolour = "d"\n', "tag 1: colour: "),
        ('[[tag]]\nname = "aa"\ndescription = "d"\n[[tag]]\nname = "aa"\ndescription = "d"\n', "the same name"),
    ],
)
def test_when_the_file_of_tags_is_wrong_then_one_line_says_where(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "tags.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=said) as refused:
        with_own(tmp_path / "tags.toml")
    assert "\n" not in str(refused.value)
