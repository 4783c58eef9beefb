"""The ``model`` form: from the runtime that is chosen to the pods that it gives.

``reconcileModel`` and ``buildPodSpec`` in ``components/predictor.go`` below
``pkg/controller/v1beta1/inferenceservice``, KServe 0.8 to 0.20.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from migrate.kserve import terms
from migrate.kserve.building import (
    BuildError,
    Pod,
    base_container,
    merged_container,
    merged_fields,
    other_containers,
    refuse_invalid,
)
from migrate.kserve.config import Config
from migrate.kserve.image import ImageFormatError, parse_image
from migrate.kserve.modes import hidden_labels, mode_of
from migrate.kserve.multinode import with_env, with_gpus, with_workers
from migrate.kserve.placeholders import PlaceholderError, UnknownPlaceholderError, fill_in
from migrate.kserve.podmeta import pod_annotations, pod_labels
from migrate.kserve.predictors import PredictorsError
from migrate.kserve.resolution import SERVER, Resolution, Verdict
from migrate.kserve.rules import Rules
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.kserve.selection import Wish, lowest_protocol_name, select, unfit_though_named
from migrate.kserve.servers import Prepared, prepared, server_of
from migrate.kserve.services import InferenceService, Model
from migrate.kserve.strategic import MergeError
from migrate.kserve.tags import Tagged, is_gpu, server_for_tag, tagged
from migrate.objects import Manifest


class Chosen(msgspec.Struct, frozen=True):
    """A runtime, the service as its server's defaults leave it, and the rules behind both.

    ``seen`` is the runtime that a second look by name finds: its annotations count from
    0.17 on, even where the spec is that of another one of the same name.
    """

    runtime: Runtime
    seen: Runtime
    prepared: Prepared
    rules: tuple[str, ...]


class Refused(Exception):  # noqa: N818 -- it is an answer
    """The controller fails; the resolution says why, and names the runtime if one is chosen."""

    def __init__(
        self,
        reason: str,
        *rules: str,
        verdict: Verdict = Verdict.BROKEN,
        runtime: Runtime | None = None,
    ) -> None:
        super().__init__(reason)
        self.resolution = Resolution(None, verdict, reason, runtime=runtime, rules=rules)


def wish_of(service: InferenceService, model: Model) -> Wish:
    """Return what a model asks of a runtime."""
    return Wish(
        service.metadata.namespace,
        model.model_format.name,
        model.model_format.version,
        model.protocol_version,
        service.spec.predictor.worker_spec is not None,
    )


def resolve_model(service: InferenceService, model: Model, config: Config) -> Resolution:
    """Tell what a service in the ``model`` form gets at its next reconcile. Raise nothing."""
    try:
        chosen = _chosen(service, model, config.runtimes, config.rules)
        return _resolved(service, chosen, config)
    except Refused as refused:
        return refused.resolution


def _chosen(service: InferenceService, model: Model, runtimes: Runtimes, rules: Rules) -> Chosen:
    if model.runtime is not None:
        return _named(service, model, model.runtime, runtimes, rules)
    wish = wish_of(service, model)
    selection = select(wish, runtimes, rules)
    runtime = selection.runtime
    if runtime is None:
        what = f"{wish.format} {wish.version}" if wish.version else wish.format
        raise Refused(f"no runtime serves {what!r} as asked", "no-runtime")
    if selection.ambiguous:
        others = ", ".join(selection.ambiguous)
        reason = f"KServe {rules.name} may choose {runtime.name} or {others}: no order is kept"
        raise Refused(reason, "no-order", verdict=Verdict.CANNOT_TELL, runtime=runtime)
    seen = runtimes.named(runtime.name, wish.namespace) or runtime
    server = server_of(runtime.name, seen.server_type, rules)
    rule = f"auto-selected: {selection.rule}"
    return Chosen(runtime, seen, prepared(service, model, server, rules), (rule,))


def _named(
    service: InferenceService, model: Model, name: str, runtimes: Runtimes, rules: Rules
) -> Chosen:
    runtime = runtimes.named(name, service.metadata.namespace)
    if runtime is None:
        raise Refused(f"it names the runtime {name!r}, and there is none", "named: missing")
    ready = prepared(service, model, server_of(name, runtime.server_type, rules), rules)
    judged = model if rules.checks_first else ready.model
    if reason := unfit_though_named(runtime, wish_of(service, judged), rules):
        text = f"it names a runtime that does not fit: {reason}"
        raise Refused(text, "named: unfit", runtime=runtime)
    where = "cluster" if runtime.is_cluster else "namespace"
    return Chosen(runtime, runtime, ready, (f"named: found in the {where}",))


def _resolved(service: InferenceService, chosen: Chosen, config: Config) -> Resolution:
    ready, rules = chosen.prepared, config.rules
    try:
        container = _container(chosen, rules)
        image = _image(container, chosen, config)
        container = {**container, "image": image.image}
        head, workers = _pods(service, container, chosen, config)
    except (BuildError, MergeError, PlaceholderError) as error:
        names = (*chosen.rules, "the container cannot be made")
        raise Refused(str(error), *names, runtime=chosen.runtime) from error
    except UnknownPlaceholderError as error:
        untold = Refused(
            str(error), "only Go can tell", verdict=Verdict.CANNOT_TELL, runtime=chosen.runtime
        )
        raise untold from error
    names = (*chosen.rules, *_tags(image, ready))
    verdict, reason = _verdict(image, chosen)
    return Resolution(
        image.image,
        verdict,
        reason,
        runtime=chosen.runtime,
        pod=head,
        workers=workers,
        rules=names,
        reported=chosen.seen if rules.reports_runtime else None,
        held=_held(service, chosen),
    )


def _held(service: InferenceService, chosen: Chosen) -> InferenceService:
    model, runtime = chosen.prepared.model, chosen.runtime
    protocol = model.protocol_version
    if protocol is None:
        protocol = lowest_protocol_name(runtime)
    changed = replace(model, runtime=runtime.name, protocol_version=protocol)
    predictor = replace(service.spec.predictor, model=changed)
    spec = replace(service.spec, predictor=predictor)
    return replace(service, metadata=chosen.prepared.metadata, spec=spec)


def _tags(image: Tagged, ready: Prepared) -> tuple[str, ...]:
    found = (image.rule and f"image: {image.rule}", ready.server and SERVER + ready.server)
    return tuple(name for name in found if name)


def _container(chosen: Chosen, rules: Rules) -> Manifest:
    called = "" if rules.base_by_name else terms.CONTAINER
    base = base_container(chosen.runtime, rules)
    merged = merged_container(base, chosen.prepared.model, rules, called=called)
    return fill_in(merged, chosen.prepared.metadata)


def _image(container: Manifest, chosen: Chosen, config: Config) -> Tagged:
    rules = config.rules
    limits: Mapping[str, object] = container.get("resources", {}).get("limits") or {}
    server = server_for_tag(chosen.runtime.name, chosen.seen.server_type, rules)
    version = chosen.prepared.model.runtime_version
    image = container.get("image", "")
    if not isinstance(config.predictors, PredictorsError):
        return tagged(image, version, limits, server, rules, config.predictors)
    if rules.gpu_tag_from_predictors and version is None and is_gpu(limits, rules):
        raise Refused(config.predictors.message, verdict=Verdict.CANNOT_TELL)
    return tagged(image, version, limits, server, rules, None)


def _pods(
    service: InferenceService, container: Manifest, chosen: Chosen, config: Config
) -> tuple[Pod, Pod | None]:
    rules = config.rules
    is_raw = mode_of(service, config.mode, rules) == terms.STANDARD
    predictor, meta = service.spec.predictor, chosen.prepared.metadata
    others = other_containers(chosen.runtime, predictor, meta, rules)
    containers = (container, *others)
    if rules.name_env:
        name = {"INFERENCE_SERVICE_NAME": meta.name}
        containers = tuple(with_env(c, name) for c in containers)
    off = hidden_labels(service, config)
    pod = Pod(
        containers,
        merged_fields(chosen.runtime.spec, predictor, rules),
        pod_labels(chosen.runtime.spec.labels, predictor, meta, rules, off),
        pod_annotations(chosen.runtime.spec.annotations, predictor, meta, rules, config.hidden),
    )
    if is_raw:
        refuse_invalid(pod)
    if predictor.worker_spec is None or not rules.uses_workers:
        return pod, None
    pods = with_workers(
        pod, chosen.runtime, service, chosen.prepared.model.storage_uri or "", rules
    )
    return with_gpus(*pods) if is_raw else (pods.head, None)


def _verdict(image: Tagged, chosen: Chosen) -> tuple[Verdict, str]:
    where = str(chosen.runtime.ref)
    if not image.image:
        return Verdict.BROKEN, f"{where} has no image, nor has the service"
    try:
        parse_image(image.image)
    except ImageFormatError as error:
        return Verdict.BROKEN, f"{where}: {image.image!r} is no image: {error.reason}"
    if chosen.prepared.model.image:
        return Verdict.EXPLICIT, "the image of its model field"
    return Verdict.RESOLVED, _told(image, chosen, where)


def _told(image: Tagged, chosen: Chosen, where: str) -> str:
    if chosen.prepared.model.runtime_version is not None:
        return f"{where}, and /spec/predictor/model/runtimeVersion of the service"
    return f"{where}, {image.rule}" if image.rule else where
