"""What the operator wants: `--set` and desired.yaml, in one form."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from migrate.errors import UsageError
from migrate.objects import Json

API_VERSION = "kmigrate.dev/v1alpha1"
GRAMMAR = "FORMAT[/v1|/v2][/gpu]=REPOSITORY:TAG"


class DesiredImage(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", order=True
):
    """The image wanted for a model format. ``protocol`` is "", "v1" or "v2".

    ``gpu`` asks for the tag which KServe uses where a GPU is requested.
    """

    format: str
    image: str
    protocol: str = ""
    gpu: bool = False

    def __str__(self) -> str:
        return "/".join(p for p in (self.format, self.protocol, "gpu" if self.gpu else "") if p)


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Everything that decides what a plan holds; the same options resume the same run."""

    images: tuple[DesiredImage, ...] = ()
    repin: bool = False
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
    name, found, image = text.partition("=")
    parts = name.strip().split("/")
    gpu = parts[-1] == "gpu"
    parts = parts[:-1] if gpu else parts
    if not found or not image.strip() or not 1 <= len(parts) <= 2 or not parts[0]:  # noqa: PLR2004
        raise UsageError(f"--set {text}: expected {GRAMMAR}", "kmigrate plan --help")
    protocol = parts[1] if parts[1:] else ""
    if protocol not in ("", "v1", "v2"):
        raise UsageError(f"--set {text}: expected /v1, /v2 or /gpu, found /{protocol}")
    return DesiredImage(parts[0], image.strip(), protocol, gpu)


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
