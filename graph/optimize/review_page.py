"""The performance review as a page that people can read: Markdown, a table for each question."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def page(document: Row) -> Iterator[str]:
    """The review's lines."""
    yield f"# Performance review, as of {document['as_of']}"
    yield ""
    yield (
        f"{document['cycles']} cycles, {document['decisions']} decisions, of which {document['judged']} can be judged "
        f"by what the share did over {document['horizon_sessions']} sessions. Skill is by how much the mean quadratic "
        "loss of the stated confidence lies below a coin's (0.25): above zero is better than a coin, 0.25 is perfect."
    )
    yield ""
    yield f"Overall: {_skill(document['overall'])}."
    for title, name in (("prompt version", "by_prompt"), ("symbol", "by_symbol"), ("regime", "by_regime")):
        yield from _table(title, document[name])
    yield from _calibration(document["calibration"])
    yield from _denials(document["denials"])
    yield from _costs(document["costs"])


def _table(title: str, rows: Sequence[Row]) -> Iterator[str]:
    yield from ("", f"## By {title}", "")
    for row in rows:
        actions = ", ".join(f"{times} {action}" for action, times in row["actions"].items())
        yield f"- {row['name']}: {row['decisions']} decisions ({actions}); {_skill(row)}"
    if not rows:
        yield "- nothing was judged yet"


def _skill(row: Row) -> str:
    if row["skill"] is None:
        return str(row["note"])
    return f"skill {row['skill']:+.4f} ({row['low']:+.4f} to {row['high']:+.4f})"


def _calibration(rows: Sequence[Row]) -> Iterator[str]:
    yield from ("", "## By confidence (BUY and SELL)", "")
    for row in rows:
        band = f"- {row['from']:.0%} to {row['to']:.0%}: {row['right']} of {row['decisions']} right"
        if row["share"] is None:
            yield f"{band}; {row['note']}"
        else:
            yield f"{band}, which is {row['share']:.0%} ({row['low']:.0%} to {row['high']:.0%}); said {row['said']:.0%}"


def _denials(denials: Row) -> Iterator[str]:
    yield from ("", "## What the gate denied", "")
    yield f"- {denials['denied']} of {denials['asked']} proposals"
    yield from (f"- {row['code']}: {row['times']}" for row in denials["by_rule"])


def _costs(costs: Row) -> Iterator[str]:
    yield from ("", "## What it cost", "")
    yield f"- {costs['total_usd']} USD in all, {costs['per_cycle_usd']} a cycle"
    for row in costs["by_role"]:
        yield f"- {row['role']}, {row['model']}: {row['calls']} calls, {row['tokens']} tokens, {row['cost_usd']} USD"
