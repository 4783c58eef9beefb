"""The flags that verbs share, each with its help: one spelling everywhere."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer.models import OptionInfo

from migrate.planning.model.desired import Activate

DEFAULT_NAMESPACE = "kserve"
PARALLELISM = 16
"""More brought nothing on a server that answers in 5 ms; see docs/adr/0022."""


class Output(StrEnum):
    """How data is written to stdout; each verb has some of these."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    JSONL = "jsonl"
    YAML = "yaml"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    NAME = "name"


class FailOn(StrEnum):
    """From which severity on a finding is a failure."""

    ERROR = "error"
    WARNING = "warning"


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
        metavar="NAME=IMAGE",
        help="Image wanted of FORMAT[/v1|/v2][/gpu] or of runtime/NAME; repeatable.",
    ),
]
File = Annotated[
    str,
    typer.Option(
        "-f", "--file", metavar="FILE", help="What is wanted, from a desired.yaml; - reads stdin."
    ),
]
ResetGlobal = Annotated[
    bool,
    typer.Option("--reset-global", help="Set back what is set globally, where nobody moves by it."),
]
Repin = Annotated[
    bool, typer.Option("--repin", help="Move the services' runtimeVersion with the image.")
]
ConvertFlag = Annotated[
    bool,
    typer.Option(
        "--convert",
        help="With --to-runtimes: have services in the framework form converted (from 0.8 on).",
    ),
]
TargetFlag = Annotated[
    str,
    typer.Option(
        "--target",
        metavar="RELEASE",
        help="Hold each service's image across the upgrade to this release.",
    ),
]
ActivateFlag = Annotated[
    Activate | None,
    typer.Option(
        help="What makes it act: restart the controller, wake each service that moves, or none."
    ),
]
ToRuntimes = Annotated[
    bool,
    typer.Option("--to-runtimes", help="Move images into runtimes of the namespaces."),
]
ScopeFlag = Annotated[
    str,
    typer.Option(metavar="namespace|service", help="With --to-runtimes: a runtime for whom."),
]
WaveSize = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Services woken or pinned at one time (10).")
]
Pause = Annotated[
    str, typer.Option(metavar="DURATION", help="Time between two waves: 90s, 5m, 1h30m.")
]
Canary = Annotated[
    list[str],
    typer.Option(metavar="NS/NAME", help="With --scope service: these first, alone; repeatable."),
]
MaxUnavailable = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="With --scope service: roll out no more at one time."),
]
Namespaces = Annotated[
    list[str],
    typer.Option(
        "-n", "--namespace", metavar="NS", help="Only services in this namespace; repeatable."
    ),
]
RollbackNamespaces = Annotated[
    list[str],
    typer.Option(
        "-n", "--namespace", metavar="NS", help="Take back only what was made here; repeatable."
    ),
]
ForceField = Annotated[
    list[str],
    typer.Option(
        "--force-field",
        metavar="OBJECT[:PATH]",
        help="Take this back though somebody else changed it; * stands for any text; repeatable.",
    ),
]
AllNamespaces = Annotated[
    bool, typer.Option("-A", "--all-namespaces", help="All namespaces are meant (the default).")
]
Selector = Annotated[
    str, typer.Option("-l", "--selector", metavar="LABELS", help="Only those with these labels.")
]
Formats = Annotated[
    list[str],
    typer.Option("--format", metavar="FORMAT", help="Only this model format; repeatable."),
]
RuntimeNames = Annotated[
    list[str],
    typer.Option("--runtime", metavar="NAME", help="Only those on this runtime; repeatable."),
]
Exclude = Annotated[
    list[str],
    typer.Option(metavar="NS[/NAME]", help="Not these; * stands for any text; repeatable."),
]
TakeOwnership = Annotated[
    bool,
    typer.Option("--take-ownership", help="Write objects that Argo CD, Flux, Helm... take back."),
]
MaxRestarts = Annotated[
    int | None,
    typer.Option(metavar="N", min=0, help="Refuse where more InferenceServices restart."),
]
MaxNamespaces = Annotated[
    int | None,
    typer.Option(metavar="N", min=0, help="Refuse where they are in more namespaces."),
]
Accept = Annotated[
    list[str],
    typer.Option(metavar="CODE[=OBJECT]", help="Go on in spite of this finding; repeatable."),
]
FailOnFlag = Annotated[FailOn, typer.Option(help="Exit 7 for findings from this severity on.")]


def forms(*known: Output) -> OptionInfo:
    """Return the option -o of a verb that has these forms."""

    def read(text: str) -> Output:
        if text in known:
            return Output(text)
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(known)}")

    shown = f"<{'|'.join(known)}>"
    option: OptionInfo = typer.Option(
        "-o", "--output", metavar=shown, parser=read, help="Form of the output."
    )
    return option


OutputFlag = Annotated[Output, forms(Output.TABLE, Output.JSON, Output.YAML)]
RunOutputFlag = Annotated[Output, forms(Output.TABLE, Output.JSON, Output.JSONL, Output.YAML)]
DryRunFlag = Annotated[
    DryRun,
    typer.Option(help="client: on a copy in memory; server: the API server checks each write."),
]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask before writing.")]
Timeout = Annotated[
    int, typer.Option(metavar="SECONDS", help="Longest wait for controller and services.", min=1)
]
Parallelism = Annotated[
    int,
    typer.Option(metavar="N", min=1, max=64, help="How many writes and wakes go on at once."),
]
Qps = Annotated[
    int, typer.Option(metavar="N", min=0, help="Most requests in a second; 0 sets no limit.")
]
JsonInto = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write the events to this file too, as -o jsonl does."),
]
LeaseDuration = Annotated[
    int, typer.Option(metavar="SECONDS", help="How long the Lease lives without a renewal.", min=1)
]
LockTimeout = Annotated[
    int | None,
    typer.Option(
        metavar="SECONDS",
        min=0,
        help="How long to wait for another operator (else: only while it shows no sign of life).",
    ),
]
PlanFile = Annotated[
    Path | None, typer.Argument(metavar="[PLAN]", help="A plan saved by `kmigrate plan --out`.")
]
RollbackOnFailure = Annotated[
    bool,
    typer.Option("--rollback-on-failure", help="Take the run back at once where it fails."),
]
RunOrPlan = Annotated[
    str,
    typer.Argument(
        metavar="[RUN|CHECKPOINT|FILE]",
        help="A run, a checkpoint, or the file of a plan or checkpoint; the latest run by default.",
    ),
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Read the FILE alone, and ask no cluster.")
]
