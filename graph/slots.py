"""What a slot may be called."""

import re
from typing import Final

from perun.tools.domain.errors import ConfigurationError

_SLOT: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def check_slot(slot: str | None) -> None:
    """Refuse a name that cannot stand in an order id. None names no slot, and is fine.

    Raises:
        ConfigurationError: what a name may hold.
    """
    if slot is not None and not _SLOT.fullmatch(slot):
        raise ConfigurationError(f"the slot {slot!r} should be 1 to 64 of the characters A-Z a-z 0-9 . _ -")
