"""What is wanted, as edits of ClusterServingRuntimes."""

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
from migrate.objects import Manifest, ObjectRef
from migrate.operations.model import Edit
from migrate.planning.model.desired import Desired
from migrate.planning.model.fields import did_you_mean
from migrate.planning.model.settings import edits_in, merged

NOWHERE = "-"
"""A namespace that cannot be: it has no runtimes of its own."""


class Target(msgspec.Struct, frozen=True):
    """What is wanted of a container of a ClusterServingRuntime."""

    desired: Desired
    runtime: ObjectRef
    container: str


def targets_of(images: Iterable[Desired], config: Config) -> tuple[Target, ...]:
    """Return what is wanted of which runtime.

    A format means the runtime that a new service of this format and protocol gets. Raise
    UsageError or BlockedError where there is none and nothing else takes what is wanted.
    """
    found = [(image, _runtime(image, config)) for image in images]
    return tuple(_target(image, runtime, config) for image, runtime in found if runtime)


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
        _refuse_settings(image, config)
        return None
    known = {*_formats(config), *terms.FORMATS}
    hint = did_you_mean(image.format, known)
    if image.format not in known:
        raise UsageError(
            f"{image}: there is no such model format{hint}; there are {', '.join(sorted(known))}",
            "--set runtime/NAME=IMAGE takes a ClusterServingRuntime by its name",
        )
    raise BlockedError(
        f"{image}: on KServe {config.rules.name} a ClusterServingRuntime decides, and none serves "
        f"it: {found.reason}",
        "kubectl get clusterservingruntimes; --set runtime/NAME=IMAGE takes one by its name",
    )


def _formats(config: Config) -> set[str]:
    served = config.runtimes.everywhere
    return {each.name for one in served for each in one.spec.supported_model_formats or ()}


def _refuse_gpu(image: Desired, config: Config) -> None:
    if not config.rules.predictors_read:
        raise UsageError(
            f"{image}: a runtime has one image, with a GPU and without",
            "--set runtime/NAME=IMAGE; where KServe adds -gpu to a tag, it does so by itself",
        )


def _refuse_settings(image: Desired, config: Config) -> None:
    """`predictors` have an image and two tags for each entry (``pkg/apis/serving`` up to 0.9)."""
    settings = " and ".join(name for name in ("env", "args") if getattr(image, name))
    if settings:
        own = f"set {settings} in each InferenceService: spec.predictor.{image.format}"
        raise BlockedError(
            f"{image}: predictors hold images alone, and no ClusterServingRuntime that could hold "
            f"{settings} serves it on KServe {config.rules.name}",
            own if config.rules.knows_model else f"{own}; a runtime holds them from KServe 0.8 on",
        )


def of_format(format_: str, protocol: str, config: Config, *, gpu: bool = False) -> Resolution:
    """Resolve a new service of this format and protocol ("" leaves it out).

    ``gpu`` gives it one, where it has a framework field.
    """
    asked = protocol or None
    if format_ in FRAMEWORKS:
        limits = {"limits": {terms.GPU: "1"}} if gpu else None
        uri = "gs://models/new"
        field = Framework(storage_uri=uri, protocol_version=asked, resources=limits)
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
        parse_image(image.image or "none")
        container = base_container(runtime, config.rules)
    except ImageFormatError as error:
        raise UsageError(f"{image}: not an image: {error}") from error
    except BuildError as error:
        raise BlockedError(
            str(error), f"kubectl edit {terms.CLUSTER_RUNTIME} {runtime.name}"
        ) from error
    return Target(image, runtime.ref, container.name or "")


def edits_of(
    targets: Iterable[Target], originals: Mapping[ObjectRef, Manifest]
) -> Mapping[ObjectRef, tuple[Edit, ...]]:
    """Return the edits of each runtime that has not yet what is wanted of it.

    ``originals`` are the runtimes as whole manifests. Raise UsageError where two wishes for a
    runtime contradict each other, BlockedError where one cannot be expressed.
    """
    groups: dict[ObjectRef, list[Target]] = {}
    for target in targets:
        groups.setdefault(target.runtime, []).append(target)
    found = {
        ref: edits_in(originals[ref], group[0].container, merged(ref, [t.desired for t in group]))
        for ref, group in groups.items()
    }
    return {ref: edits for ref, edits in found.items() if edits}
