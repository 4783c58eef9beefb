"""Desired images as edits of ClusterServingRuntimes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from migrate.errors import BlockedError, UsageError
from migrate.kserve import terms
from migrate.kserve.building import BuildError, base_container
from migrate.kserve.config import Config
from migrate.kserve.image import ImageFormatError, parse_image
from migrate.kserve.metadata import Metadata
from migrate.kserve.resolution import Resolution
from migrate.kserve.resolver import resolve
from migrate.kserve.runtimes import Runtime
from migrate.kserve.services import (
    FRAMEWORKS,
    Framework,
    InferenceService,
    Model,
    ModelFormat,
    Predictor,
    ServiceSpec,
)
from migrate.objects import ObjectRef, pointer
from migrate.operations.model import Edit
from migrate.planning.desired import Desired
from migrate.planning.fields import did_you_mean

NOWHERE = "-"
"""A namespace that cannot be: it has no runtimes of its own."""


class Target(msgspec.Struct, frozen=True):
    """An image wanted of a ClusterServingRuntime; ``before`` is the one it has."""

    desired: Desired
    runtime: ObjectRef
    container: str
    before: str

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What is to be edited: nothing where the image is there already."""
        if self.before == self.desired.image:
            return ()
        path = pointer("spec", "containers", f"name={self.container}", "image")
        return (Edit(path, self.before, self.desired.image),)


def targets_of(images: Iterable[Desired], config: Config) -> tuple[Target, ...]:
    """Return what is wanted of which runtime.

    A format means the runtime that a new service of this format and protocol gets. Raise
    UsageError where there is none and nothing else takes the image, or two contradict.
    """
    found = [(image, _runtime(image, config)) for image in images]
    targets = tuple(_target(image, runtime, config) for image, runtime in found if runtime)
    named: dict[ObjectRef, Target] = {}
    for target in targets:
        former = named.setdefault(target.runtime, target)
        if former.desired.image != target.desired.image:
            raise UsageError(
                f"{target.runtime}: wanted as {former.desired.image} by {former.desired} and as "
                f"{target.desired.image} by {target.desired}",
                "they share that runtime: give one of them",
            )
    return targets


def _runtime(image: Desired, config: Config) -> Runtime | None:
    if image.runtime:
        return _named(image.runtime, config)
    if image.gpu:
        _refuse_gpu(image, config)
        return None
    found = of_format(image.format, image.protocol, config)
    if found.runtime is not None and found.pod is not None:
        return found.runtime
    if config.rules.predictors_read and image.format in terms.FORMATS:
        return None
    raise BlockedError(
        f"{image}: on KServe {config.rules.name} a ClusterServingRuntime decides, and none serves "
        f"it: {found.reason}",
        _listed(config),
    )


def _refuse_gpu(image: Desired, config: Config) -> None:
    if not config.rules.predictors_read:
        raise UsageError(
            f"{image}: a runtime has one image, with a GPU and without",
            "--set runtime/NAME=IMAGE; where KServe adds -gpu to a tag, it does so by itself",
        )


def of_format(format_: str, protocol: str, config: Config) -> Resolution:
    """Resolve a new service of this format and protocol ("" leaves it out)."""
    asked = protocol or None
    if format_ in FRAMEWORKS:
        field = Framework(storage_uri="gs://models/new", protocol_version=asked)
        predictor = msgspec.structs.replace(Predictor(), **{format_: field})
    else:
        model = Model(
            model_format=ModelFormat(format_),
            storage_uri="gs://models/new",
            protocol_version=asked,
        )
        predictor = Predictor(model=model)
    meta = Metadata(name="new", namespace=NOWHERE)
    return resolve(InferenceService(meta, ServiceSpec(predictor)), config)


def _named(name: str, config: Config) -> Runtime:
    found = config.runtimes.of("").get(name)
    if found is None:
        hint = did_you_mean(name, config.runtimes.of(""))
        copies = [r.ref for r in config.runtimes.everywhere if r.name == name]
        own = f"; there is {', '.join(map(str, copies[:3]))}" if copies else ""
        raise UsageError(
            f"runtime/{name}: there is no such ClusterServingRuntime{hint}{own}", _listed(config)
        )
    return found


def _listed(config: Config) -> str:
    names = ", ".join(sorted(config.runtimes.of("")))
    return f"there are {names}" if names else "there are none in this cluster"


def _target(image: Desired, runtime: Runtime, config: Config) -> Target:
    try:
        parse_image(image.image)
        container = base_container(runtime, config.rules)
    except ImageFormatError as error:
        raise UsageError(f"{image}: not an image: {error}") from error
    except BuildError as error:
        raise BlockedError(
            str(error), f"kubectl edit {terms.CLUSTER_RUNTIME} {runtime.name}"
        ) from error
    return Target(image, runtime.ref, container.name or "", container.image or "")


def edits_of(targets: Iterable[Target]) -> Mapping[ObjectRef, tuple[Edit, ...]]:
    """Return the edits of each runtime that has not its image yet."""
    return {target.runtime: target.edits for target in targets if target.edits}
