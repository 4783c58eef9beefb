"""The Typer app: it registers the verbs, and nothing else."""

from __future__ import annotations

import typer

from migrate.commands.apply import apply
from migrate.commands.check import check_
from migrate.commands.explain import explain_
from migrate.commands.plan import plan
from migrate.commands.rollback import rollback
from migrate.commands.status import status

app = typer.Typer(
    name="kmigrate",
    help="Change the images that KServe serves models with, safely, and take it back.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for verb in (plan, apply, rollback, status):
    app.command()(verb)
app.command("explain")(explain_)
app.command("check")(check_)


@app.callback()
def _root(
    *,
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
) -> None:
    """Change the images that KServe serves models with, safely, and take it back."""
    del version  # answered in migrate.__main__, before Typer is imported
