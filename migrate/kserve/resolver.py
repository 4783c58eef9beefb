"""Which image the predictor of a service gets at its next reconcile, and why.

``Reconcile`` in ``controller.go`` and ``components/predictor.go`` below
``pkg/controller/v1beta1/inferenceservice``, KServe 0.7.0 to 0.20.0. From 0.8 on it has two
branches: the one for ``model`` asks ServingRuntimes (``modelform.py``); the one for the
framework form, which is all of 0.7, asks ``predictors`` (``legacy.py``).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from migrate.credentials import hidden_urls
from migrate.kserve import terms
from migrate.kserve.admission import admitted
from migrate.kserve.building import Pod
from migrate.kserve.canaries import canaries_of
from migrate.kserve.config import Config
from migrate.kserve.containers import Container, container_manifest, pod_manifest
from migrate.kserve.frameworks import with_agent_port
from migrate.kserve.legacy import is_unmarked, resolve_framework
from migrate.kserve.modelform import resolve_model
from migrate.kserve.modes import hidden_labels, mode_of
from migrate.kserve.multinode import with_env
from migrate.kserve.podmeta import pod_annotations, pod_labels
from migrate.kserve.predictors import PredictorsError
from migrate.kserve.refusals import refused_write
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.rules import Rules
from migrate.kserve.services import (
    Form,
    FormKind,
    Framework,
    InferenceService,
    Predictor,
    form_of,
    framework_field,
)
from migrate.kserve.storage import named_twice, refusal


def resolve(service: InferenceService, config: Config) -> Resolution:
    """Tell what the service's predictor gets at the next reconcile. Raise nothing."""
    if reason := left_alone(service, config):
        return Resolution(None, Verdict.NOT_RECONCILED, reason, rules=("left alone",))
    return resolve_anyway(service, config)


def resolve_anyway(service: InferenceService, config: Config) -> Resolution:
    """Tell what the predictor gets once the controller does not leave it alone any more."""
    predictors = config.predictors
    if isinstance(predictors, PredictorsError) and predictors.fault.go_fails:
        # controller.go:148-151 of 0.7.0: before anything else is looked at.
        return _broken(f"KServe cannot decode {predictors.message}")
    return _by_form(service, config)


def left_alone(service: InferenceService, config: Config) -> str:
    """Say why the controller does not touch the predictor; empty where it does."""
    rules, meta = config.rules, service.metadata
    if meta.deletion_timestamp:
        return "the service is being deleted"
    mode = mode_of(service, config.mode, rules)
    if mode == terms.MODEL_MESH:
        # controller.go:107 of 0.7.0, 116 of 0.8.0, 117 and 169 of 0.9.0.
        return "ModelMesh serves it, not KServe"
    keeps = rules.may_skip and meta.annotation(terms.DISABLE_AUTO_UPDATE) == "true"
    if keeps and service.status.is_ready:
        # controller.go:205-211 of 0.16.0: for every cause, edits of the spec included.
        return "disable-auto-update: while it is Ready, nothing is reconciled"
    if mode in rules.stops and is_stopped(service):
        return "it is stopped: its workload is taken away"
    return ""


def is_stopped(service: InferenceService) -> bool:
    """Tell whether a service asks for having no workload; not every release heeds that."""
    return (service.metadata.annotation(terms.STOP) or "").lower() == "true"


def _broken(reason: str) -> Resolution:
    return Resolution(None, Verdict.BROKEN, reason)


def _by_form(service: InferenceService, config: Config) -> Resolution:
    rules = config.rules
    if is_unmarked(service) and rules.converts_on_write:
        # The write of the finalizer goes through the webhook, and the rest follows its answer.
        service = admitted(service, config)
        if reason := refused_write(service, config):
            return _broken(f"its finalizer cannot be written: {reason}")
    form = form_of(service)
    if form.kind is FormKind.SEVERAL:
        return Resolution(None, Verdict.CANNOT_TELL, "its predictor says twice what to run")
    if reason := _unservable(service, form, config):
        return _broken(reason)
    if (refused := _storage(service, form, config)) is not None:
        return refused
    is_custom = form.kind is FormKind.CUSTOM
    found = _custom(service, rules) if is_custom else _imaged(service, form, config)
    return found if found.pod is None else _made(service, form, found, found.pod, config)


def _made(
    service: InferenceService, form: Form, found: Resolution, pod: Pod, config: Config
) -> Resolution:
    """Return what becomes of a pod that can be built: a workload, or nothing."""
    if form.kind is not FormKind.MODEL:
        own = (service.spec.predictor, service.metadata)
        notes = pod_annotations(None, *own, config.rules, config.hidden)
        labels = pod_labels(None, *own, config.rules, hidden_labels(service, config))
        pod = msgspec.structs.replace(pod, labels=labels, annotations=notes)
        found = msgspec.structs.replace(found, pod=pod)
    if reason := _unscalable(service, pod.annotations, config):
        return _broken(reason)
    return found


def _unscalable(service: InferenceService, notes: Mapping[str, str], config: Config) -> str:
    """Say why no Deployment can be made for lack of an autoscaler; empty where it can."""
    asked = notes.get(terms.AUTOSCALER)
    is_made = mode_of(service, config.mode, config.rules) == terms.STANDARD
    if not is_made or asked is None or asked in config.rules.autoscalers:
        return ""
    return (
        f"KServe {config.rules.name} knows no autoscaler class {asked!r}, and makes no Deployment"
    )


def _imaged(service: InferenceService, form: Form, config: Config) -> Resolution:
    model, predictors = service.spec.predictor.model, config.predictors
    if model is not None:
        return resolve_model(service, model, config)
    if isinstance(predictors, PredictorsError):
        return Resolution(None, Verdict.CANNOT_TELL, predictors.message)
    return resolve_framework(service, form.format, predictors, config.rules)


def _unservable(service: InferenceService, form: Form, config: Config) -> str:
    """Say why the controller fails before it asks for an image; empty where it does not."""
    rules, predictor = config.rules, service.spec.predictor
    if form.kind is FormKind.NONE or not _knows(form, rules):
        # GetImplementation takes the first of an empty list.
        return f"its predictor has nothing that KServe {rules.name} knows"
    if reason := _no_workload(service, config):
        return reason
    if form.kind is FormKind.CUSTOM:
        return _bad_containers(predictor, rules)
    if rules.stores_mode and named_twice(predictor.model or framework_field(service, form.format)):
        return "it has a storageUri and a storage.path: KServe takes only one"
    return ""


def _knows(form: Form, rules: Rules) -> bool:
    if form.kind is FormKind.MODEL:
        return rules.knows_model
    return form.format != terms.HUGGINGFACE or rules.knows_huggingface


def _bad_containers(predictor: Predictor, rules: Rules) -> str:
    names = [c.name for c in predictor.containers or ()]
    if rules.custom_by_name and terms.CONTAINER in names[1:]:
        return f"{terms.CONTAINER} is not its first container: KServe puts it there a second time"
    if rules.custom_by_name and terms.CONTAINER not in names:
        return f"KServe dereferences nil: no container is named {terms.CONTAINER}"
    if rules.uses_workers and predictor.worker_spec is not None:
        return "KServe dereferences nil: a workerSpec, and no runtime that has one"
    return ""


def _no_workload(service: InferenceService, config: Config) -> str:
    """Say why nothing can be made for the mode of a service; empty where it can."""
    rules = config.rules
    if mode_of(service, config.mode, rules) != terms.STANDARD:
        return "" if config.has_knative else "its mode is Knative, which is not installed"
    own = (service.spec.predictor.annotations or {}).get(terms.DEPLOYMENT_MODE)
    word = own or service.metadata.annotation(terms.DEPLOYMENT_MODE)
    if not rules.mode_by_annotation or not word or word in (terms.STANDARD, terms.RAW_DEPLOYMENT):
        return ""
    return f"its mode is Standard, its annotation says {word!r}: KServe makes no Deployment then"


def _stored(predictor: Predictor, form: Form) -> Framework:
    """Return what says where the model is: for own containers the variable STORAGE_URI."""
    if form.kind is not FormKind.CUSTOM:
        found = predictor.model or getattr(predictor, form.format)
        assert isinstance(found, Framework)
        return found
    first = (predictor.containers or [Container()])[0]
    uris = (e.get("value") for e in first.env or () if e.get("name") == "STORAGE_URI")
    return Framework(storage_uri=next(uris, None))


def _storage(service: InferenceService, form: Form, config: Config) -> Resolution | None:
    """Return what becomes of a service whose model is where KServe may not take it from."""
    spec = _stored(service.spec.predictor, form)
    if not (config.rules.judges_storage or is_unmarked(service)):
        return None
    reason = refusal(spec, config.storage, config.rules)
    if reason is None:
        uri = hidden_urls(str(spec.storage_uri))
        unread = f"{uri}: whether a ClusterStorageContainer takes it cannot be told"
        return Resolution(None, Verdict.CANNOT_TELL, unread)
    return _broken(reason) if reason else None


def _custom(service: InferenceService, rules: Rules) -> Resolution:
    """Return a predictor of its own containers: the one that serves takes the first place."""
    predictor, meta = service.spec.predictor, service.metadata
    containers = predictor.containers or [Container()]
    named = (c for c in containers if c.name == terms.CONTAINER and rules.custom_by_name)
    chosen = next(named, containers[0])
    first, *others = (container_manifest(c) for c in (chosen, *containers[1:]))
    made = [with_agent_port(first, predictor, rules), *others]
    if rules.name_env:
        made = [with_env(c, {"INFERENCE_SERVICE_NAME": meta.name}) for c in made]
    pod = Pod(tuple(made), pod_manifest(predictor))
    reason = "the image of its own container"
    return Resolution(chosen.image or "", Verdict.CUSTOM, reason, pod=pod)


def resolve_canaries(service: InferenceService, config: Config) -> dict[str, Resolution]:
    """Tell what each canary of ``spec.canary`` gets, by its name; 0.20 in Standard mode only.

    ``reconcileCanaryDeployments`` in ``components/predictor.go`` of 0.20.0: they come after the
    predictor itself, one after the other, and the first that fails keeps the rest from it.
    """
    if not config.rules.canaries or mode_of(service, config.mode, config.rules) != terms.STANDARD:
        return {}
    stable = resolve(service, config)
    found: dict[str, Resolution] = {}
    if stable.image is None:
        return {}
    held_back = Resolution(None, Verdict.BROKEN, "an earlier canary fails")
    for one in canaries_of(stable.held or service):
        fails = any(other.image is None for other in found.values())
        found[one.name] = held_back if fails else _canary(one.service, config)
    return found


def _canary(service: InferenceService | None, config: Config) -> Resolution:
    if service is None:
        return _broken("what it lays over the predictor has fields of the wrong type")
    return resolve(service, config)
