"""The flags that verbs share, each with its help: one spelling everywhere."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Output(StrEnum):
    """How data is written to stdout."""

    TABLE = "table"
    JSON = "json"


class DryRun(StrEnum):
    """kubectl's three words."""

    NONE = "none"
    CLIENT = "client"
    SERVER = "server"


Kubeconfig = Annotated[
    str, typer.Option(metavar="FILE", help="Kubeconfig file (else $KUBECONFIG, ~/.kube/config).")
]
Context = Annotated[str, typer.Option(metavar="NAME", help="Context of the kubeconfig.")]
ExpectContext = Annotated[
    str, typer.Option(metavar="NAME", help="Refuse to go on in any other context.")
]
Namespace = Annotated[str, typer.Option(metavar="NS", help="Namespace of inferenceservice-config.")]
Snapshot = Annotated[
    str,
    typer.Option(metavar="PATH", help="Read files of `kubectl get -o yaml` in place of a cluster."),
]
KserveVersion = Annotated[
    str, typer.Option(metavar="X.Y.Z", help="The KServe release, where it cannot be detected.")
]
Set = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="FORMAT[/v1|/v2][/gpu]=IMAGE",
        help="The image wanted for a model format; may be given often.",
    ),
]
File = Annotated[str, typer.Option("-f", "--file", metavar="FILE", help="desired.yaml")]
Repin = Annotated[
    bool, typer.Option("--repin", help="Move the services' runtimeVersion with the image.")
]
Accept = Annotated[
    list[str],
    typer.Option(metavar="CODE[=OBJECT]", help="Accept a finding that would block; often."),
]
OutputFlag = Annotated[Output, typer.Option("-o", "--output", help="Form of the output.")]
DryRunFlag = Annotated[
    DryRun,
    typer.Option(help="client: on a copy in memory; server: the API server checks each write."),
]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")]
Timeout = Annotated[float, typer.Option(metavar="SECONDS", help="Longest wait, each.")]
LeaseDuration = Annotated[
    int, typer.Option(metavar="SECONDS", help="How long the Lease lives without a renewal.", min=1)
]
LockTimeout = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="How long to wait for another operator (else: only while it shows no sign of life).",
    ),
]
PlanFile = Annotated[
    Path | None, typer.Argument(metavar="[PLAN]", help="A file written by `kmigrate plan --out`.")
]
RunId = Annotated[str, typer.Argument(metavar="[RUN]", help="A run (else the latest).")]
