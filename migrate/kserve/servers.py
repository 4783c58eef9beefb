"""What MLServer, TorchServe and Triton get beside what their runtime says.

``SetRuntimeDefaults`` and what it calls in
``pkg/apis/serving/v1beta1/inference_service_defaults.go``, 0.9 to 0.20. 0.8 does the like at
admission, and stores it (``admission.py``). The defaults change the service in memory: its
container, its protocol, and its labels, which placeholders read and pods carry.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from migrate.kserve import terms
from migrate.kserve.metadata import Metadata
from migrate.kserve.rules import Rules, ServerBy
from migrate.kserve.services import InferenceService, Model
from migrate.kserve.tags import server_named

_CLASSES = {
    terms.XGBOOST: "mlserver_xgboost.XGBoostModel",
    terms.LIGHTGBM: "mlserver_lightgbm.LightGBMModel",
    terms.MLFLOW: "mlserver_mlflow.MLflowRuntime",
}
_SKLEARN_CLASS = "mlserver_sklearn.SKLearnModel"
_WITH_DEFAULTS = frozenset({terms.MLSERVER, terms.TORCHSERVE, terms.TRITONSERVER})


class Prepared(msgspec.Struct, frozen=True):
    """The model and the metadata of a service as they are when its container is made."""

    model: Model
    metadata: Metadata
    server: str = ""


def server_of(runtime: str, annotation: str | None, rules: Rules) -> str:
    """Return which server's defaults a runtime gets; "" for none.

    An annotation that is there, be it empty or unknown, rules the name out (0.17 on).
    """
    if rules.server_by is ServerBy.WEBHOOK:
        return ""
    if rules.server_by is ServerBy.ANNOTATION and annotation is not None:
        server = annotation
    else:
        server = server_named(runtime)
    return server if server in _WITH_DEFAULTS else ""


def prepared(service: InferenceService, model: Model, server: str, rules: Rules) -> Prepared:
    """Return the service's model and metadata with the defaults of its server."""
    if server == terms.MLSERVER:
        return _mlserver(service.metadata, model, rules)
    if server == terms.TORCHSERVE:
        return _torchserve(service.metadata, model, rules)
    if server == terms.TRITONSERVER:
        return Prepared(_triton(model), service.metadata, server)
    return Prepared(model, service.metadata)


def _mlserver(meta: Metadata, model: Model, rules: Rules) -> Prepared:
    env = list(model.env or ())
    known = {item.get("name") for item in env} if rules.env_if_absent else set()
    env += [item for item in mlserver_env(meta.name, model) if item["name"] not in known]
    changed = msgspec.structs.replace(
        model, env=env, protocol_version=_protocol(model, terms.PROTOCOL_V2)
    )
    labelled = with_labels(meta, {"modelClass": model_class(model.model_format.name)})
    return Prepared(changed, labelled, terms.MLSERVER)


def mlserver_env(name: str, model: Model, *, storage_counts: bool = True) -> list[dict[str, Any]]:
    """Return the variables that MLServer gets: where its one model is, or that it has none."""
    if model.storage_uri is None and (model.storage is None or not storage_counts):
        return [{"name": "MLSERVER_LOAD_MODELS_AT_STARTUP", "value": "false"}]
    return [
        {"name": "MLSERVER_MODEL_NAME", "value": name},
        {"name": "MLSERVER_MODEL_URI", "value": terms.MODEL_DIR},
    ]


def model_class(format_: str, *, knows_mlflow: bool = True) -> str:
    """Return the class by which MLServer serves a format: sklearn's for unknown ones."""
    if format_ == terms.MLFLOW and not knows_mlflow:
        return _SKLEARN_CLASS
    return _CLASSES.get(format_, _SKLEARN_CLASS)


def _torchserve(meta: Metadata, model: Model, rules: Rules) -> Prepared:
    protocol = _protocol(model, terms.PROTOCOL_V1)
    env = list(model.env or ())
    if rules.torchserve_env:
        env.append({"name": "PROTOCOL_VERSION", "value": protocol})
    changed = msgspec.structs.replace(model, env=env, protocol_version=protocol)
    label = {"serviceEnvelope": envelope(protocol, grpc_counts=rules.grpc_v2_envelope)}
    return Prepared(changed, with_labels(meta, label), terms.TORCHSERVE)


def envelope(protocol: str | None, *, grpc_counts: bool) -> str:
    """Return the envelope that TorchServe's handlers speak."""
    v2 = {terms.PROTOCOL_V2, terms.PROTOCOL_GRPC_V2} if grpc_counts else {terms.PROTOCOL_V2}
    return "kservev2" if protocol in v2 else "kserve"


def _triton(model: Model) -> Model:
    args: Iterable[str] = model.args or ()
    if model.storage_uri is None and model.storage is None:
        args = (*args, "--model-control-mode=explicit")
    protocol = _protocol(model, terms.PROTOCOL_V2)
    return msgspec.structs.replace(model, args=list(args), protocol_version=protocol)


def _protocol(model: Model, default: str) -> str:
    return default if model.protocol_version is None else model.protocol_version


def with_labels(meta: Metadata, labels: dict[str, str]) -> Metadata:
    """Return the metadata with these labels over its own."""
    return msgspec.structs.replace(meta, labels={**(meta.labels or {}), **labels})
