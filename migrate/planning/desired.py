"""What the operator wants: `--set` and desired.yaml, in one form."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from migrate.errors import UsageError
from migrate.objects import Json

API_VERSION = "kmigrate.dev/v1alpha1"
GRAMMAR = "FORMAT[/v1|/v2][/gpu]=IMAGE or runtime/NAME=IMAGE"


class DesiredImage(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", order=True
):
    """The image wanted for a model format, or for a ClusterServingRuntime by its name.

    ``protocol`` is "", "v1" or "v2". ``gpu`` asks for the tag which KServe uses where a GPU
    is requested. Exactly one of ``format`` and ``runtime`` is given.
    """

    format: str = ""
    image: str = ""
    protocol: str = ""
    gpu: bool = False
    runtime: str = ""

    def __post_init__(self) -> None:
        if not self.image:
            message = "expected an `image`"
            raise ValueError(message)
        if bool(self.format) is bool(self.runtime):
            message = "expected one of `format` and `runtime`"
            raise ValueError(message)
        if self.runtime and (self.protocol or self.gpu):
            message = "`protocol` and `gpu` go with `format`, not with `runtime`"
            raise ValueError(message)

    def __str__(self) -> str:
        if self.runtime:
            return f"runtime/{self.runtime}"
        return "/".join(p for p in (self.format, self.protocol, "gpu" if self.gpu else "") if p)


class Activate(StrEnum):
    """How a change is made to act."""

    RESTART = "restart"
    """The controller is restarted, and looks at every service."""
    EACH = "each"
    """Only the services that the plan moves are woken, wave by wave."""
    NONE = "none"
    """Nothing is done: each service moves at its own next reconcile."""


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Everything that decides what a plan holds; the same options resume the same run."""

    images: tuple[DesiredImage, ...] = ()
    repin: bool = False
    activate: Activate | None = None
    take_ownership: bool = False
    max_restarts: int | None = None
    max_namespaces: int | None = None
    accept: tuple[str, ...] = ()
    kserve_version: str = ""


def without_release(options: Options) -> Options:
    """Return what is wanted alone: naming the release does not make it something else."""
    return msgspec.structs.replace(options, kserve_version="")


class _File(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    api_version: str
    kind: str
    images: list[DesiredImage]


def parse_set(text: str) -> DesiredImage:
    """Parse one `--set`. Raise UsageError with the grammar where it does not fit."""
    name, found, image = (part.strip() for part in text.partition("="))
    if not found or not image or not name:
        raise UsageError(f"--set {text}: expected {GRAMMAR}", "kmigrate plan --help")
    if name.startswith("runtime/") and name != "runtime/":
        return DesiredImage(image=image, runtime=name.removeprefix("runtime/"))
    path = name.removesuffix("/gpu")
    format_, _, protocol = path.partition("/")
    if not format_ or "/" in protocol or name in ("gpu", "/gpu"):
        raise UsageError(f"--set {text}: expected {GRAMMAR}", "kmigrate plan --help")
    if protocol not in ("", "v1", "v2") or path.endswith("/"):
        raise UsageError(f"--set {text}: expected /v1, /v2 or /gpu, found /{protocol}")
    return DesiredImage(format_, image, protocol, gpu=path != name)


def from_document(document: Json, name: str) -> tuple[DesiredImage, ...]:
    """Read the parsed desired.yaml. Raise UsageError that names the field."""
    try:
        file = msgspec.convert(document, _File)
    except msgspec.ValidationError as error:
        raise UsageError(f"{name}: {error}", "docs/desired.md shows the form") from error
    if (file.api_version, file.kind) != (API_VERSION, "Desired"):
        raise UsageError(f"{name}: expected apiVersion {API_VERSION}, kind Desired")
    return tuple(file.images)


def merged(images: Iterable[DesiredImage]) -> tuple[DesiredImage, ...]:
    """Return the images in a fixed order. Raise UsageError where two contradict each other."""
    wanted: dict[str, DesiredImage] = {}
    for image in images:
        former = wanted.setdefault(str(image), image)
        if former.image != image.image:
            raise UsageError(f"{image} is wanted as {former.image} and as {image.image}")
    return tuple(wanted[key] for key in sorted(wanted))
