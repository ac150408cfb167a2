"""A person's word: who gives a command, and why. Both go to the record."""

import getpass

from perun.tools.domain.errors import ConfigurationError


def login() -> str:
    """The name under which the person is logged in."""
    return getpass.getuser()


def need_reason(reason: str) -> None:
    """What a person does to the desk has a reason.

    Raises:
        ConfigurationError: none was given.
    """
    if not reason.strip():
        raise ConfigurationError("--reason is needed: say why, for the record")
