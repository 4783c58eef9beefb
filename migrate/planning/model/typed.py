"""What is typed after `--set`, and images from several places as one list. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from migrate.errors import UsageError
from migrate.kserve.image import ImageFormatError, parse_image
from migrate.planning.model.desired import Desired
from migrate.planning.model.desiredtexts import LONGEST_NAME, RUNTIME, RUNTIME_NAME

GRAMMAR = "FORMAT[/v1|/v2][/gpu]=IMAGE or runtime/NAME=IMAGE"


def parse_set(text: str) -> Desired:
    """Parse one `--set`. Raise UsageError with the grammar where it does not fit."""
    name, found, image = (part.strip() for part in text.partition("="))
    parts = name.split("/")
    if not found or not image or not all(parts) or parts == ["gpu"] or re.search(r"\s", name):
        raise UsageError(f"--set {text}: expected {GRAMMAR}", "kmigrate plan --help")
    try:
        parse_image(image)
    except ImageFormatError as error:
        raise UsageError(f"--set {text}: not an image: {error}") from error
    if parts[0] == RUNTIME:
        return Desired(runtime=_runtime(text, parts[1:]), image=image)
    gpu = parts[-1] == "gpu"
    format_, *protocol = parts[:-1] if gpu else parts
    return Desired(format=format_, protocol=_protocol(text, protocol), gpu=gpu, image=image)


def _runtime(text: str, parts: list[str]) -> str:
    name = "/".join(parts)
    if not re.search(RUNTIME_NAME, name) or len(name) > LONGEST_NAME:
        expected = f"{RUNTIME}/NAME=IMAGE with the name of a ClusterServingRuntime"
        raise UsageError(f"--set {text}: expected {expected}", "kubectl get clusterservingruntimes")
    return name


def _protocol(text: str, parts: list[str]) -> str:
    if not parts or parts in (["v1"], ["v2"]):
        return "".join(parts)
    found = "/".join(parts)
    raise UsageError(f"--set {text}: expected /v1, /v2 or /gpu, found /{found}")


def merged(images: Iterable[Desired]) -> tuple[Desired, ...]:
    """Return the images in a fixed order. Raise UsageError where two contradict each other."""
    wanted: dict[str, Desired] = {}
    for image in images:
        former = wanted.setdefault(str(image), image)
        if former != image:
            raise UsageError(_contradiction(former, image), "say it once, with --set or with -f")
    return tuple(wanted[key] for key in sorted(wanted))


def _contradiction(former: Desired, later: Desired) -> str:
    if former.image != later.image:
        images = (f"as {one.image}" if one.image else "without an image" for one in (former, later))
        return f"{later} is wanted {' and '.join(images)}"
    fields = ("env", "args", "exceptions")
    differing = (name for name in fields if getattr(former, name) != getattr(later, name))
    return f"{later} is wanted twice, with different {' and '.join(differing)}"
