"""`.env.example`, written from the settings: `python -m perun.graph.app.env_example > .env.example`."""

from typing import Any, Final

from perun.graph.app.settings import Settings

HEAD: Final = """\
# Every setting of Perun, with its default. Copy this file to .env and uncomment what you want to change.
# The command line wins over the environment, the environment over .env, and .env over the defaults;
# `perun config show` tells what is set, and from where. A bad value is one clear line that names it.
# Keep .env to yourself: it may hold keys.
#
# [not used yet]  checked today, used when that part of the desk is built
# [default only]  any other value is refused until that part of the desk is built"""

SECTIONS: Final = (
    ("The desk", "default_symbols"),
    ("Models", "llm_provider"),
    ("Broker", "broker"),
    ("Risk limits", "risk_limit_percent"),
    ("Optimization, pages and traces", "optimization_schedule"),
)
"""Title and first setting of each section, in the order of the settings."""

REFUSED: Final = frozenset({"allow_short"})
"""Settings of which this version serves the default alone."""

UNUSED: Final[frozenset[str]] = frozenset()
"""Settings whose value is checked and that nothing reads yet."""


def render() -> str:
    """The whole file. Every setting is commented out, so that a copy of it changes nothing."""
    titles = {first: title for title, first in SECTIONS}
    blocks = [HEAD]
    for field, value in Settings().model_dump(mode="json").items():
        if field in titles:
            blocks.append(f"# --- {titles[field]} ---")
        blocks.append(f"# {Settings.model_fields[field].description}{_mark(field)}\n# {field.upper()}={_text(value)}")
    return "\n\n".join(blocks) + "\n"


def _mark(field: str) -> str:
    if field in REFUSED:
        return " [default only]"
    return " [not used yet]" if field in UNUSED else ""


def _text(value: Any) -> str:
    """The value as a person would write it in `.env`."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case list():
            return ",".join(value)
        case _:
            return str(value)


if __name__ == "__main__":
    print(render(), end="")
