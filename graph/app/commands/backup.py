"""The command that keeps a copy of everything: backup."""

from pathlib import Path
from typing import Annotated

import typer

from perun.graph.app.output import Json, print_json, say

app = typer.Typer()


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The archive to write, such as desk.tar.gz; it must not be there yet.")],
    as_json: Json = False,
) -> None:
    """Write everything that cannot be made again into one archive; a running desk goes on meanwhile."""
    from perun.graph.app import backing

    document = backing.backup(file, {})
    if as_json:
        print_json(document)
    else:
        say(f"perun: {document['files']} files, {document['events']} events, every chain whole: {file}")
        say(f"perun: to restore it: tar -xzf {file} -C DATA_DIR (an empty one), then perun doctor")
