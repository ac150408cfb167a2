"""A Parquet file of bars that a person brings, told as the same texts that would stand in a CSV.

What a value means, and what is wrong with it, is then decided in one place for both (`own_rows`).
"""

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from perun.tools.domain.errors import ConfigurationError


class Unreadable(ValueError):
    """A file that is no Parquet. For whoever reads files of bars."""


def read_parquet(path: Path) -> tuple[list[str], Iterator[list[str]]]:
    """The titles of the file at `path`, and its rows in their order.

    Raises:
        Unreadable: it is no Parquet.
        OSError: it cannot be read.
        ConfigurationError: the extra is not installed.
    """
    if find_spec("pyarrow") is None:
        raise ConfigurationError(f"{path.name} needs the extra: pip install 'perun-trading[parquet]'")
    arrow: Any = import_module("pyarrow")  # it has no type stubs, and takes a while to import
    parquet: Any = import_module("pyarrow.parquet")
    try:
        with parquet.ParquetFile(path) as file:  # read_table would add columns from the names of folders
            table = file.read()
        columns = [column.to_pylist() for column in table.columns]
    except (ValueError, arrow.ArrowException) as error:
        raise Unreadable("it is no sound Parquet file") from error
    return list(table.column_names), ([_text(each) for each in row] for row in zip(*columns, strict=True))


def _text(value: object) -> str:
    """The value as it would stand in a CSV; what has no such text becomes one that is refused by name."""
    match value:
        case None:
            return "null"
        case datetime() if value.time() == time():
            return value.date().isoformat()  # midnight, by the column's own zone: a day
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)
