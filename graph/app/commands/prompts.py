"""Commands about the agents' prompts: prompts list, show, diff, add, use, rollback."""

from pathlib import Path
from typing import Annotated

import typer

from perun.graph.app.output import Json, Reason, print_json, report

app = typer.Typer()
prompts = typer.Typer(help="Versions of the agents' prompts.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(prompts, name="prompts")

Name = Annotated[str, typer.Argument(help="AGENT (what is in use), AGENT@VERSION, AGENT@HASH, AGENT@LABEL or a file.")]


@prompts.command("list")
def prompts_list(
    agent: Annotated[str | None, typer.Option(help="Only this agent's.")] = None, as_json: Json = False
) -> None:
    """Every version with its hash, labels and origin."""
    from perun.graph.app import prompts as desk

    document = desk.listed(agent, {})
    if as_json:
        print_json(document)
    else:
        for row in document["prompts"]:
            labels = ", ".join(row["labels"]) or "-"
            name = f"{row['agent']}@{row['version']}"
            print(f"{name:24} {row['hash']}  {row['origin']:8} {labels:20} {row['notes']}".rstrip())


@prompts.command("show")
def prompts_show(name: Name, as_json: Json = False) -> None:
    """The text of a version."""
    from perun.graph.app import prompts as desk

    document = desk.shown(name, {})
    if as_json:
        print_json(document)
    else:
        print(f"{document['agent']}@{document['version']} {document['hash']}\n\n# System\n{document['system']}")
        print(f"# User\n{document['user']}")


@prompts.command("diff")
def prompts_diff(one: Name, other: Name, as_json: Json = False) -> None:
    """What the second version says otherwise than the first."""
    from perun.graph.app import prompts as desk

    document = desk.compared(one, other, {})
    if as_json:
        print_json(document)
    else:
        print("\n".join(document["diff"]) or "they say the same")


@prompts.command("add")
def prompts_add(
    file: Annotated[Path, typer.Argument(help="A prompt: front matter, then # System and # User.")],
    as_json: Json = False,
) -> None:
    """Put a version beside the others; it does not speak before somebody uses it."""
    from perun.graph.app import prompts as desk

    report(desk.added(file, {}), as_json)


@prompts.command("use")
def prompts_use(name: Name, reason: Reason = "", as_json: Json = False) -> None:
    """Let a version speak from the next cycle on."""
    from perun.graph.app import prompts as desk

    report(desk.used(name, reason, {}), as_json)


@prompts.command("rollback")
def prompts_rollback(
    agent: Annotated[str, typer.Argument(help="Whose prompt.")], reason: Reason = "", as_json: Json = False
) -> None:
    """Let the previous version speak again."""
    from perun.graph.app import prompts as desk

    report(desk.rolled_back(agent, reason, {}), as_json)
