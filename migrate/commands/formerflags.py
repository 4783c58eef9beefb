"""The flags that say where former images are told, and what they make of the options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from msgspec import UNSET, UnsetType

from migrate.errors import UsageError
from migrate.kserve.releases import ReleaseFormatError, parse_release
from migrate.planning.model.desired import Options
from migrate.planning.model.formerof import CHECKPOINT, FILE, HISTORY, FormerOf
from migrate.planning.model.strategy import RESET

FROM_CHECKPOINT, FROM_HISTORY = "--from-checkpoint", "--from-history"
_SUFFIXES = (".gz", ".json", ".yaml", ".yml")

FromCheckpoint = Annotated[
    str,
    typer.Option(
        FROM_CHECKPOINT,
        metavar="NAME|FILE",
        help="Bring back the images of a checkpoint, or of a backup made with kubectl.",
    ),
]
FromHistory = Annotated[
    bool,
    typer.Option(
        FROM_HISTORY, help="Bring back the images of before the upgrade, as the cluster knows them."
    ),
]
WithStock = Annotated[
    bool, typer.Option("--with-stock", help="With them: what the former release shipped, too.")
]
ReadHelm = Annotated[
    bool,
    typer.Option(
        "--read-helm-releases", help="With --from-history: read Helm's records (Secrets), too."
    ),
]
FormerRelease = Annotated[
    str, typer.Option(metavar="X.Y.Z", help="The KServe of then, where a source does not tell it.")
]


def former_of(
    from_checkpoint: str,
    *,
    from_history: bool,
    with_stock: bool,
    reads_helm: bool,
    release: str,
) -> FormerOf | UnsetType:
    """Return where former images are told, UNSET where none are asked for. Raise UsageError."""
    if from_checkpoint and from_history:
        raise UsageError(f"{FROM_CHECKPOINT} and {FROM_HISTORY}: give one of them")
    for flag, given in (("--with-stock", with_stock), ("--former-release", release)):
        if given and not (from_checkpoint or from_history):
            raise UsageError(f"{flag}: only with {FROM_CHECKPOINT} or {FROM_HISTORY}")
    if reads_helm and not from_history:
        raise UsageError(f"--read-helm-releases: only with {FROM_HISTORY}")
    if not (from_checkpoint or from_history):
        return UNSET
    source = HISTORY if from_history else source_of(from_checkpoint)
    return FormerOf(source, _release(release), with_stock, reads_helm)


def source_of(text: str) -> str:
    """Return the source that is named: a file or folder that is there, else a checkpoint.

    Raise UsageError for what can only be a file, and is not there.
    """
    if Path(text).exists():
        return f"{FILE} {text}"
    if "/" in text or text.endswith(_SUFFIXES):
        raise UsageError(
            f"{FROM_CHECKPOINT} {text}: no such file or folder",
            "kmigrate status lists the checkpoints in the cluster",
        )
    return f"{CHECKPOINT} {text}"


def refuse_beside_former(file: str, others: Options) -> None:
    """Raise UsageError for what contradicts former images; ``others`` has those of `--set`."""
    if not others.former:
        return
    flag = FROM_HISTORY if others.former.source == HISTORY else FROM_CHECKPOINT
    beside = (
        ("--set", bool(others.images)),
        ("-f", bool(file)),
        (RESET, others.resets),
        ("--target", bool(others.target)),
        ("--repin", others.repin),
    )
    for other, given in beside:
        if given:
            raise UsageError(
                f"{flag} and {other} both say which images are wanted",
                f"{flag} first; what shall be otherwise in a plan after it",
            )


def _release(text: str) -> str:
    try:
        return str(parse_release(text)) if text else ""
    except ReleaseFormatError as error:
        raise UsageError(f"--former-release {error}") from error
