"""The chain of reasons, from the form of a service to the tag of its image."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from migrate.kserve import terms
from migrate.kserve.building import base_container
from migrate.kserve.config import Config
from migrate.kserve.legacy import is_unmarked
from migrate.kserve.modes import mode_of
from migrate.kserve.resolution import Resolution
from migrate.kserve.rules import ServerBy
from migrate.kserve.services import Form, InferenceService


class Step(msgspec.Struct, frozen=True, rename="camel"):
    """One reason, and the file of KServe that it is read from."""

    what: str
    text: str
    source: str


_CONTROLLER = "controller/v1beta1/inferenceservice/controller.go"
_PREDICTOR = "controller/v1beta1/inferenceservice/components/predictor.go"
_UTILS = "controller/v1beta1/inferenceservice/utils/utils.go"
_API = "apis/serving/v1beta1"


def steps(
    service: InferenceService, form: Form, config: Config, found: Resolution
) -> Iterator[Step]:
    """Yield the steps that led to this resolution, in KServe's order."""
    yield _mode(service, config)
    if is_unmarked(service):
        text = "it was never reconciled: its first write goes through the webhook"
        yield Step("admission", text, f"{_API}/inference_service_defaults.go")
    yield Step("form", _form(form, config), f"{_API}/predictor.go")
    if found.runtime is not None and found.pod is not None:
        yield from _from_runtime(service, config, found)
    for part in ("transformer", "explainer"):
        if getattr(service.spec, part) is not None:
            text = "not affected: neither runtimes nor predictors decide about its image"
            yield Step(part, text, f"{_CONTROLLER.rpartition('/')[0]}/components/{part}.go")
    yield Step("image", found.reason, _UTILS if found.runtime else _PREDICTOR)


def _mode(service: InferenceService, config: Config) -> Step:
    mode = mode_of(service, config.mode, config.rules)
    recorded = service.status.deployment_mode
    annotated = service.metadata.annotation(terms.DEPLOYMENT_MODE)
    if config.rules.mode_in_status and recorded:
        text = f"{mode}: status.deploymentMode is {recorded}"
    elif annotated:
        text = f"{mode}: its annotation {terms.DEPLOYMENT_MODE} is {annotated}"
    else:
        text = f"{mode}: the default of {terms.CONFIG_MAP}"
    return Step("mode", text, _UTILS)


def _form(form: Form, config: Config) -> str:
    if form.format:
        reads = "read" if config.rules.predictors_read else "not read"
        return f"spec.predictor.{form.format}: predictors are {reads} by {config.rules.name}"
    return f"{form.kind.value}: " + {
        "model": "ServingRuntimes decide",
        "custom": "it brings its own containers, no runtime plays a part",
        "none": "there is nothing to serve",
    }.get(form.kind.value, "more than one thing to serve")


def _from_runtime(service: InferenceService, config: Config, found: Resolution) -> Iterator[Step]:
    assert found.runtime is not None
    rules, model = config.rules, service.spec.predictor.model
    chosen = found.rules[0] if found.rules else ""
    where = _UTILS if model is not None and model.runtime else f"{_API}/predictor_model.go"
    yield Step("runtime", f"{found.runtime.ref}, {chosen}", where)
    if found.server:
        by = rules.server_by.value if rules.server_by is not ServerBy.WEBHOOK else ""
        defaults = f"{_API}/inference_service_defaults.go"
        yield Step("defaults", f"those of {found.server}, by {by}", defaults)
    container = base_container(found.runtime, rules)
    how = f"{container.name or 'its first container'} of the runtime, the service's over it"
    yield Step("container", f"{how} ({rules.overlay.value})", _UTILS)
