"""The container of a service in the framework form, without its image.

``GetContainer`` in ``predictor_*.go`` below ``pkg/apis/serving/v1beta1``, 0.7.0 to 0.9.0:
arguments are the server's own, then the service's; variables are the service's, then those
of the server. From 0.10 on it is the service's container as it stands.
"""

from __future__ import annotations

import math
import posixpath
from collections.abc import Callable

import msgspec

from migrate.kserve import terms
from migrate.kserve.containers import container_manifest
from migrate.kserve.pins import image_key
from migrate.kserve.predictors import Entry
from migrate.kserve.quantities import quantity
from migrate.kserve.rules import Rules
from migrate.kserve.servers import envelope, model_class
from migrate.kserve.services import Framework, Predictor, has_gpu
from migrate.objects import Manifest


class Part(msgspec.Struct, frozen=True):
    """What a server's arguments are made of; ``timeout`` is in seconds."""

    name: str
    spec: Framework
    predictor: Predictor
    timeout: int


def framework_container(
    name: str, format_: str, predictor: Predictor, entry: Entry, rules: Rules
) -> Manifest:
    """Return the container of a framework field as the releases that read predictors make it.

    ``name`` is that of the service. ``entry`` gives the timeout. Raise QuantityError where
    the limit on CPUs is no number.
    """
    spec = getattr(predictor, format_)
    timeout = entry.default_timeout if predictor.timeout is None else predictor.timeout
    part = Part(name, spec, predictor, timeout)
    container = container_manifest(spec)
    container["name"] = terms.CONTAINER
    args = [*_arguments(format_, part, rules), *(spec.args or ())]
    env = [*container.get("env", ()), *_variables(format_, part, rules)]
    if format_ == terms.TENSORFLOW:
        container["command"] = ["/usr/bin/tensorflow_model_server"]
    return {**container, **({"args": args} if args else {}), **({"env": env} if env else {})}


def with_agent_port(container: Manifest, predictor: Predictor, rules: Rules) -> Manifest:
    """Return the container with the agent's port, where 0.7 gives it that."""
    has_agent = predictor.logger is not None or predictor.batcher is not None
    if rules.agent_port and has_agent and not container.get("ports"):
        return {**container, "ports": [{"containerPort": 9081}]}
    return container


def _is_mlserver(format_: str, spec: Framework, rules: Rules) -> bool:
    is_v2 = image_key(format_, spec, rules) == terms.PROTOCOL_V2
    return format_ in (terms.SKLEARN, terms.XGBOOST) and is_v2


def _arguments(format_: str, part: Part, rules: Rules) -> list[str]:
    if _is_mlserver(format_, part.spec, rules):
        return []
    if format_ == terms.PYTORCH and image_key(format_, part.spec, rules) == terms.PROTOCOL_V1:
        return _pytorch_server(part)
    return _SERVERS[format_](part)


def _python_server(part: Part) -> list[str]:
    return [f"--model_name={part.name}", f"--model_dir={terms.MODEL_DIR}", "--http_port=8080"]


def _with_workers(part: Part) -> list[str]:
    return [*_python_server(part), *_workers(part)]


def _with_threads(part: Part) -> list[str]:
    limits = (part.spec.resources or {}).get("limits") or {}
    threads = math.ceil(quantity(str(limits.get("cpu", 0))))
    return [*_python_server(part), f"--nthread={threads}", *_workers(part)]


def _workers(part: Part) -> list[str]:
    given = any(arg.startswith("--workers") for arg in part.spec.args or ())
    count = part.predictor.container_concurrency
    return [] if given or count is None else [f"--workers={count}"]


def _pytorch_server(part: Part) -> list[str]:
    name, model_dir, port = _python_server(part)
    workers = ["--workers=1"] if has_gpu(part.spec) else _workers(part)
    return [name, f"--model_class_name={part.spec.model_class_name}", model_dir, port, *workers]


def _torchserve(_: Part) -> list[str]:
    config = f"{terms.MODEL_DIR}/config/config.properties"
    store = f"{terms.MODEL_DIR}/model-store"
    return ["torchserve", "--start", f"--model-store={store}", f"--ts-config={config}"]


def _tensorflow(part: Part) -> list[str]:
    return [
        *("--port=9000", "--rest_api_port=8080", f"--model_name={part.name}"),
        f"--model_base_path={terms.MODEL_DIR}",
        f"--rest_api_timeout_in_ms={1000 * part.timeout}",
    ]


def _triton(part: Part) -> list[str]:
    count = part.predictor.container_concurrency
    return [
        *("tritonserver", f"--model-store={terms.MODEL_DIR}", "--grpc-port=9000"),
        *("--http-port=8080", "--allow-grpc=true", "--allow-http=true"),
        *([f"--http-thread-count={count}"] if count else []),
        *(["--model-control-mode=explicit"] if part.spec.storage_uri is None else []),
    ]


def _onnx(part: Part) -> list[str]:
    uri = part.spec.storage_uri or ""
    last = posixpath.basename(uri.rstrip("/")) if "." in posixpath.basename(uri) else ""
    path = f"{terms.MODEL_DIR}/{last or 'model.onnx'}"
    return [f"--model_path={path}", "--http_port=8080", "--grpc_port=9000"]


_SERVERS: dict[str, Callable[[Part], list[str]]] = {
    terms.SKLEARN: _with_workers,
    terms.XGBOOST: _with_threads,
    terms.LIGHTGBM: _with_threads,
    terms.PMML: _python_server,
    terms.PADDLE: _with_workers,
    terms.PYTORCH: _torchserve,
    terms.TENSORFLOW: _tensorflow,
    terms.TRITON: _triton,
    terms.ONNX: _onnx,
}


def _variables(format_: str, part: Part, rules: Rules) -> list[dict[str, str]]:
    if format_ == terms.PYTORCH and format_ not in rules.nested:
        is_v1 = part.spec.protocol_version in (None, terms.PROTOCOL_V1)
        protocol = terms.PROTOCOL_V1 if is_v1 else terms.PROTOCOL_V2
        return [{"name": "TS_SERVICE_ENVELOPE", "value": envelope(protocol, grpc_counts=False)}]
    if not _is_mlserver(format_, part.spec, rules):
        return []
    model = [("MLSERVER_MODEL_NAME", part.name), ("MLSERVER_MODEL_URI", terms.MODEL_DIR)]
    is_one = part.spec.storage_uri is not None
    values = [
        *(("MLSERVER_HTTP_PORT", "8080"), ("MLSERVER_GRPC_PORT", "9000")),
        ("MODELS_DIR", terms.MODEL_DIR),
        *([] if is_one else [("MLSERVER_LOAD_MODELS_AT_STARTUP", "false")]),
        ("MLSERVER_MODEL_IMPLEMENTATION", model_class(format_)),
        *(model if is_one else []),
    ]
    return [{"name": name, "value": value} for name, value in values]
