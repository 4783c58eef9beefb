"""The Typer app: it registers the verbs, and nothing else."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

VERBS = {
    "plan": ("plan", "Show what a change would do. Writes nothing."),
    "apply": ("apply", "Change the global images, and prove it."),
    "rollback": ("rollback", "Take a run back, or all since a checkpoint, and prove it."),
    "status": ("status", "Show where a run or a saved plan stands, and what is next."),
    "checkpoint": ("checkpoint", "Save what an upgrade may change, to get it back."),
    "explain": ("explain_", "Say what image and arguments a service gets, and why."),
    "check": ("check_", "Find what is wrong with serving images, or will be."),
}
"""The function of each verb, in the module of its name below commands, and how its help begins."""

FORM: dict[str, Any] = {"rich_markup_mode": None, "pretty_exceptions_enable": False}


class Verbs(TyperGroup):
    """A verb is imported when it is called, so that the list of them comes at once."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:  # noqa: ANN401 -- click's, of either kind
        """Return the verb that is called, with all its flags."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, command(name) if name else None, rest


def command(verb: str) -> Any:  # noqa: ANN401 -- click's, of either kind
    """Import a verb and return it as a command."""
    module = import_module(f"migrate.commands.{verb}")
    alone = typer.Typer(add_completion=False, **FORM)
    alone.command(verb)(getattr(module, VERBS[verb][0]))
    return typer.main.get_command(alone)


app = typer.Typer(
    name="kmigrate",
    help="Change the images that KServe serves models with, safely, and take it back.",
    cls=Verbs,
    no_args_is_help=True,
    add_completion=True,
    **FORM,
)


def _listed() -> None:
    """Stand for a verb where it is only listed."""


for verb, (_, summary) in VERBS.items():
    app.command(verb, help=summary)(_listed)


@app.callback()
def _root(
    *,
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
) -> None:
    """Change the images that KServe serves models with, safely, and take it back."""
    del version  # answered in migrate.__main__, before Typer is imported
