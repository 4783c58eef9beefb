"""Writes of a service that KServe's validating webhook refuses, as far as serving goes.

``ValidateCreate`` and what it calls in
``pkg/apis/serving/v1beta1/inference_service_validation.go``. Names, autoscaling and whatever else
has nothing to do with images is not looked at: no refusal found is no promise.
"""

from __future__ import annotations

from collections.abc import Iterator

from migrate.kserve import terms
from migrate.kserve.config import Config
from migrate.kserve.containers import Container
from migrate.kserve.pins import refusal_now
from migrate.kserve.predictors import Predictors
from migrate.kserve.rules import Rules
from migrate.kserve.services import FRAMEWORKS, Framework, InferenceService, Predictor
from migrate.kserve.storage import refusal as storage_refusal

PYTHONPATH = "PYTHONPATH"


def refused_write(service: InferenceService, config: Config) -> str:
    """Say why any write of the service as it is will be refused; empty where nothing is known.

    The service is as the webhook's defaults leave it (``admission.admitted``).
    """
    return next(_refusals(service, config), "")


def _refusals(service: InferenceService, config: Config) -> Iterator[str]:
    rules, predictor = config.rules, service.spec.predictor
    if len(list(_implementations(predictor, rules))) != 1:
        yield "its predictor must say exactly once what to run"
    if rules.refuses_pythonpath and any(map(sets_pythonpath, _containers(predictor))):
        yield f"it sets {PYTHONPATH}"
    if rules.uses_workers and predictor.worker_spec is not None:
        yield from _workers(service, rules)
    if isinstance(config.predictors, Predictors):
        yield from filter(None, [refusal_now(service, config.predictors, rules)])
    if not rules.judges_storage and _is_elsewhere(predictor, rules):
        yield "its storageUri is none that this release knows"
    if rules.refuses_container_name and any(spec.name for spec in specs_of(predictor)):
        yield "the container of its model has a name (0.7 stored one in every service)"
    mode = service.metadata.annotation(terms.DEPLOYMENT_MODE)
    if rules.canaries and service.spec.canary and mode != terms.STANDARD:
        yield "canaries need the annotation of Standard mode"


def _implementations(predictor: Predictor, rules: Rules) -> Iterator[str]:
    named = [name for name in FRAMEWORKS if getattr(predictor, name) is not None]
    named += ["model"] if predictor.model is not None else []
    yield from named
    containers = predictor.containers or []
    if not rules.custom_by_name:
        # 0.8 on lets containers beside a model pass, as long as none is the model's.
        yield from ["containers"] * bool(containers and not named)
    else:
        yield from (c.name or "" for c in containers if c.name == terms.CONTAINER)
        if containers and not named and all(c.name != terms.CONTAINER for c in containers):
            yield "containers"


def _containers(predictor: Predictor) -> Iterator[Container]:
    yield from specs_of(predictor)
    yield from predictor.containers or ()
    yield from (predictor.worker_spec.containers or ()) if predictor.worker_spec else ()


def sets_pythonpath(container: Container) -> bool:
    """Tell whether a container sets the variable that 0.18 and later refuse."""
    return any(item.get("name") == PYTHONPATH for item in container.env or ())


def _workers(service: InferenceService, rules: Rules) -> Iterator[str]:
    """``validateMultiNodeVariables``."""
    workers, model = service.spec.predictor.worker_spec, service.spec.predictor.model
    assert workers is not None
    if len(workers.containers or ()) > 1:
        yield "its workerSpec has several containers"
    if model is not None:
        local = {"pvc", "oci"} if rules.oci_is_local else {"pvc"}
        if (model.storage_uri or "").partition("://")[0] not in local:
            yield f"many nodes need a storageUri of {' or '.join(sorted(local))}"
        if service.metadata.annotation(terms.AUTOSCALER) != "none":
            yield "many nodes need the autoscaler class none"
    sizes = (workers.pipeline_parallel_size, workers.tensor_parallel_size)
    if any(size is not None and size < 1 for size in sizes):
        yield "a parallel size is below 1"


def _is_elsewhere(predictor: Predictor, rules: Rules) -> bool:
    return any(bool(storage_refusal(spec, (), rules)) for spec in specs_of(predictor))


def specs_of(predictor: Predictor) -> Iterator[Framework]:
    """Yield the fields of a predictor that say what to serve and where it is."""
    specs = (getattr(predictor, name) for name in (*FRAMEWORKS, "model"))
    yield from (spec for spec in specs if spec is not None)
