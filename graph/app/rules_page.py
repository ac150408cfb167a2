"""`perun config rules`: every rule of the catalogue, where it is kept, and its limits as they are set now."""

from collections.abc import Iterator, Mapping
from typing import Any

from perun.graph.app.reading import read_settings
from perun.tools.risk.catalogue import RULES, Rule

Document = dict[str, Any]


def rules(overrides: Mapping[str, str]) -> Document:
    """The document `perun.rules/1`."""
    settings = read_settings(overrides).settings.model_dump(mode="json")
    values = {name.upper(): _text(value) for name, value in settings.items()}
    return {"schema": "perun.rules/1", "rules": [_row(rule, values) for rule in RULES]}


def rules_text(document: Document) -> str:
    """The document as people read it: a line or a few for each rule, under the title of its family."""
    lines: list[str] = []
    for family in dict.fromkeys(rule["family"] for rule in document["rules"]):
        lines += ["", family]
        for rule in document["rules"]:
            if rule["family"] == family:
                lines += _lines(rule)
    return "\n".join(lines[1:])


def _lines(rule: Document) -> Iterator[str]:
    yield f"  {rule['id']} {rule['name']:<40}{rule['kept']:<13}{' '.join(rule['codes'])}".rstrip()
    if rule["settings"]:
        yield "      " + ", ".join(f"{name}={value}" for name, value in rule["settings"].items())
    if rule["note"]:
        yield f"      {rule['note']}"


def _row(rule: Rule, values: Mapping[str, str]) -> Document:
    return {
        "id": rule.id,
        "name": rule.name,
        "family": str(rule.family),
        "kept": str(rule.kept),
        "codes": [str(code) for code in rule.codes],
        "settings": {name: values[name] for name in rule.settings},
        "note": rule.note,
    }


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list():
            return ",".join(value)
        case _:
            return str(value)
