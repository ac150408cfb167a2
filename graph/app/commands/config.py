"""Commands about what is set: init, config show, config rules, config schema."""

import typer

from perun.graph.app.output import Json, print_json, report

app = typer.Typer()
config = typer.Typer(help="What is set, and from where.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(config, name="config")


@app.command()
def init(as_json: Json = False) -> None:
    """Write a .env to begin with; one that is there is never touched."""
    from pathlib import Path

    from perun.graph.app.beginning import write_env

    report(write_env(Path.cwd()), as_json)


@config.command("show")
def config_show(as_json: Json = False) -> None:
    """Every setting with its value and source; secrets are not shown."""
    from perun.graph.app import inspecting

    document = inspecting.configuration({})
    if as_json:
        print_json(document)
    else:
        from perun.graph.app.pages import config_page

        config_page(document)


@config.command("rules")
def config_rules(as_json: Json = False) -> None:
    """Every rule of the gate, its limits as they are set, and what is left out and why."""
    from perun.graph.app import rules_page

    document = rules_page.rules({})
    if as_json:
        print_json(document)
    else:
        print(rules_page.rules_text(document))


@config.command("schema")
def config_schema() -> None:
    """The JSON schema of the settings."""
    from perun.graph.app.settings import Settings

    print_json(Settings.model_json_schema())
