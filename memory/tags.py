"""The words by which memories are sorted: the desk's own, and those that a person adds in a file."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import StringConstraints, ValidationError

from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.frozen import Frozen
from perun.tools.market.sectors import SECTORS, sector_of


class Tag(Frozen):
    """One word for what an entry may be about."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
    """In small letters, digits and hyphens: `stop-out`."""
    category: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,39}$")] = "own"
    """What it tells: a regime, a setup, an event, what the desk did, a sector; `own` for a person's."""
    description: Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)] = ""
    """What a text sounds like that deserves it; empty when only rules give it."""


def _told(category: str, **descriptions: str) -> tuple[Tag, ...]:
    return tuple(
        Tag(name=name.replace("_", "-"), category=category, description=text) for name, text in descriptions.items()
    )


def slug(words: str) -> str:
    """A name as a tag: `Information Technology` becomes `information-technology`."""
    return "-".join(words.lower().split())


BUILT_IN: Final[tuple[Tag, ...]] = (
    *_told("regime", uptrend="", downtrend="", sideways="", high_volatility="", calm="", rally="", slump=""),
    *_told("setup", breakout="", breakdown="", oversold="", overbought="", drawdown="", gap_up="", gap_down=""),
    *_told(
        "event",
        earnings="The company reported quarterly earnings, revenue or profit, which beat or missed estimates.",
        guidance="The management raised, cut or withdrew its outlook and forecast for the coming quarters.",
        product="The company launched or announced a new product or service.",
        deal="The company is buying, merging with or being acquired by another company.",
        payout="The board approved a dividend or a share buyback.",
        legal="A lawsuit, a regulator's investigation, a fine or a court's ruling against the company.",
        management="The chief executive or another leading manager resigned, was dismissed or appointed.",
        economy="The central bank's interest rates, inflation, unemployment or a recession move the whole market.",
    ),
    *_told(
        "desk",
        buy="",
        sell="",
        hold="",
        filled="",
        rejected="",
        stop_out="The protective stop was hit and the position was sold at a loss.",
        denied="The risk gate denied the order because a limit would have been exceeded.",
        trouble="A provider or a connection failed, timed out or was unavailable.",
    ),
    *(Tag(name=slug(sector), category="sector") for sector in SECTORS),
)
"""The tags that are always there. Those without a description are given by rules alone: see `organizer.py`."""

SITUATIONAL: Final = frozenset(tag.name for tag in BUILT_IN if tag.category in {"regime", "setup"})
"""Tags that tell one market situation from another: see `bands.py`."""


def sector_tag(symbol: str) -> str | None:
    """The tag of the symbol's sector; None when it is not known."""
    sector = sector_of(symbol)
    return slug(sector) if sector else None


def with_own(file: Path) -> tuple[Tag, ...]:
    """The built-in tags and those of a person's file, where there is one; a person's wins over one of the same name.

    The file is TOML, with a `[[tag]]` for each: `name`, `description`, and if one likes a `category`.

    Raises:
        ConfigurationError: the file cannot be read, or a tag in it is not one; one line says which.
    """
    own = _read(file)
    names = {tag.name for tag in own}
    return (*(tag for tag in BUILT_IN if tag.name not in names), *own)


def _read(file: Path) -> Sequence[Tag]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from error
    rows = document.get("tag")
    if not isinstance(rows, list) or set(document) != {"tag"}:
        raise ConfigurationError(f"{file}: write a [[tag]] with name and description for each tag, and nothing else")
    tags = [_tag(file, number, row) for number, row in enumerate(rows, start=1)]
    if len({tag.name for tag in tags}) < len(tags):
        raise ConfigurationError(f"{file}: two tags have the same name")
    return tags


def _tag(file: Path, number: int, row: Any) -> Tag:
    try:
        tag = Tag.model_validate(row)
    except ValidationError as error:
        wrong = error.errors()[0]
        part = ".".join(map(str, wrong["loc"])) or "it"
        raise ConfigurationError(f"{file}, tag {number}: {part}: {wrong['msg']}") from error
    if not tag.description:
        raise ConfigurationError(f"{file}, tag {number} ({tag.name}): give it a description to compare texts with")
    return tag
