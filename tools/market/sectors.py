"""The sector of a company, after the Global Industry Classification Standard; and a table of one's own beside it.

The table below is general knowledge as of 2025, written down for this file: the recorded companies and most of the
S&P 100. It claims no more than it lists. A symbol that is not in it has no known sector, and then the gate counts it in
the fullest one. Sectors are today's also where the market is an older one: Google and Facebook counted as information
technology until 2018, Visa, Mastercard and PayPal until 2023.

A person adds symbols, or overrules these, with a file of lines such as `F,Consumer Discretionary`.
"""

import csv
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from perun.tools.domain.errors import ConfigurationError

SECTORS: Final[dict[str, str]] = {
    "Communication Services": "CHTR CMCSA DIS FB GOOG GOOGL META NFLX T TMUS VZ",
    "Consumer Discretionary": "AMZN BKNG F GM HD LOW MCD NKE SBUX TSLA",
    "Consumer Staples": "CL COST KHC KO MDLZ MO PEP PG PM TGT WMT",
    "Energy": "COP CVX OXY SLB XOM",
    "Financials": "AIG AXP BAC BK BLK BRK.B C COF GS JPM MA MET MS PYPL SCHW USB V WFC",
    "Health Care": "ABBV ABT AMGN BIIB BMY CVS DHR GILD ISRG JNJ LLY MDT MRK PFE TMO UNH",
    "Industrials": "BA CAT DE EMR FDX GD GE HON LMT MMM RTX UBER UNP UPS",
    "Information Technology": "AAPL ACN ADBE AMAT AMD AVGO CRM CSCO IBM INTC INTU MSFT NOW NVDA ORCL PLTR QCOM TXN",
    "Materials": "DD DOW LIN",
    "Real Estate": "AMT SPG",
    "Utilities": "DUK EXC NEE SO",
}
"""The eleven sectors, and the symbols that are known to be in each."""

SectorOf = Callable[[str], str | None]
"""The sector of a symbol; None when it is not known."""

_KNOWN: Final = {symbol: sector for sector, symbols in SECTORS.items() for symbol in symbols.split()}
_SYMBOL: Final = re.compile(r"[A-Z][A-Z0-9.]{0,9}")


def sector_of(symbol: str) -> str | None:
    """The sector of a symbol, e.g. `Energy`; None when it is not known."""
    return _KNOWN.get(symbol)


def with_own(pairs: Iterable[tuple[str, str]]) -> SectorOf:
    """`sector_of`, overruled by a person's own pairs of symbol and sector."""
    own = dict(pairs)
    return lambda symbol: own.get(symbol) or sector_of(symbol)


def read_own(file: Path) -> tuple[tuple[str, str], ...]:
    """Symbol and sector of each line of a person's file, by symbol; none when there is no such file.

    Lines that are empty or begin with `#` are passed over. A sector that is not one of the eleven is a person's own.

    Raises:
        ConfigurationError: a line is not `symbol,sector`, names a symbol twice, or the file cannot be read.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from error
    own: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        cells = [cell.strip() for cell in next(csv.reader([line]))]
        if len(cells) != 2 or not _SYMBOL.fullmatch(cells[0]) or not cells[1]:
            raise ConfigurationError(f"{file}, line {number}: write a symbol, a comma and a sector, such as F,Energy")
        if cells[0] in own:
            raise ConfigurationError(f"{file}, line {number}: {cells[0]} has a sector already")
        own[cells[0]] = cells[1]
    return tuple(sorted(own.items()))


def write_own(file: Path, pairs: Iterable[tuple[str, str]]) -> None:
    """Write symbols and sectors as `read_own` reads them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as sheet:
        csv.writer(sheet, lineterminator="\n").writerows(pairs)
