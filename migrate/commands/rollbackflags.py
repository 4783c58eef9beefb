"""The flags of `rollback` alone."""

from __future__ import annotations

from typing import Annotated

import typer

RunOrCheckpoint = Annotated[
    str,
    typer.Argument(
        metavar="[RUN|CHECKPOINT|FILE]",
        help="Id of a run, name of a checkpoint, or its file; the latest run by default.",
    ),
]
KeepRuntimes = Annotated[
    bool,
    typer.Option(
        "--keep-runtimes",
        help="With a CHECKPOINT: leave ServingRuntimes that kmigrate made since.",
    ),
]
TakeOwnership = Annotated[
    bool,
    typer.Option(
        "--take-ownership",
        help="With a CHECKPOINT: write objects that Argo CD, Flux, Helm... take back.",
    ),
]
Accept = Annotated[
    list[str],
    typer.Option(
        metavar="CODE[=OBJECT]",
        help="Go on in spite of this finding; repeatable.",
    ),
]
