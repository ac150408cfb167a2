"""The client order ids of every intent as plain text in a file, for a ledger that lies on another machine."""

import os
from pathlib import Path

from perun.tools.domain.errors import LedgerUnavailable


class IntentFile:
    """One line for each intent, only ever added to; what stands in it survives the loss of the database."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, client_order_id: str, at: str) -> None:
        """Add a line; it is on the disk when this returns.

        Raises:
            LedgerUnavailable: the file cannot be written; nothing may be sent.
        """
        line = f"{at} {client_order_id}\n".encode()
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                if os.write(file, line) != len(line):
                    raise OSError("the disk is full")
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            raise LedgerUnavailable(
                f"{self._path} cannot be written ({error.strerror or error}): make room, then try again"
            ) from error
