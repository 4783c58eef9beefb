"""A model on many nodes: what head and workers are told of each other.

``multiNodeProcess`` and what it calls in ``components/predictor.go``, and
``addGPUResourceToDeployment`` in ``reconcilers/deployment``, below
``pkg/controller/v1beta1/inferenceservice``, KServe 0.15 to 0.20.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

import msgspec

from migrate.kserve import terms
from migrate.kserve.building import BuildError, Pod, merged_container, merged_fields
from migrate.kserve.containers import Container
from migrate.kserve.rules import Rules
from migrate.kserve.runtimes import Runtime
from migrate.kserve.services import InferenceService, WorkerSpec
from migrate.objects import Manifest

GPUS = (terms.GPU, "amd.com/gpu", "intel.com/gpu", "habana.ai/gaudi")
"""``DefaultGPUResourceTypeList`` in ``pkg/constants/constants.go``."""

EXECUTOR = "multinode/executor-backend"


class Nodes(msgspec.Struct, frozen=True):
    """How many nodes there are, and how many GPUs each kind of them has."""

    count: int
    worker: int
    head: int


class Nodal(NamedTuple):
    """The pods of head and workers, and what is asked for them."""

    head: Pod
    worker: Pod
    nodes: Nodes


class Sizes(msgspec.Struct, frozen=True):
    """The sizes of a model's parallel parts: those of the service, else the runtime's, else 1."""

    pipeline: int
    tensor: int


def with_workers(
    head: Pod, runtime: Runtime, service: InferenceService, uri: str, rules: Rules
) -> Nodal:
    """Return the pods of head and workers. Raise BuildError where KServe refuses.

    ``uri`` is the storage URI of the model.
    """
    asked, offered = service.spec.predictor.worker_spec, runtime.spec.worker_spec
    assert asked is not None
    if offered is None:
        raise BuildError(f"{runtime.ref} has no workerSpec, and the service has one")
    sizes = Sizes(
        asked.pipeline_parallel_size or offered.pipeline_parallel_size or 1,
        asked.tensor_parallel_size or offered.tensor_parallel_size or 1,
    )
    worker = _worker(runtime, offered, asked, rules)
    nodes = _nodes(runtime, head.container, worker, sizes, rules)
    head_env = {**_size_env(sizes), **_node_env(nodes.count, nodes.head)}
    head_env |= {"MODEL_NAME": service.metadata.name, **_model_dir(uri, rules)}
    worker_env = _node_env(nodes.count, nodes.worker)
    worker_env |= _size_env(sizes) if rules.mp_executor else {}
    worker_env |= _names(service, rules)
    fields = merged_fields(offered, asked, rules)
    return Nodal(
        _changed(head, with_env(head.container, head_env)),
        Pod((with_env(worker, worker_env),), fields),
        nodes,
    )


def with_gpus(head: Pod, worker: Pod, nodes: Nodes) -> tuple[Pod, Pod]:
    """Return both pods with their GPUs, as their Deployments get them.

    In Knative mode there are no workers, and the head gets none. Raise BuildError where the
    annotation that names more kinds of GPUs is not what KServe takes.
    """
    kinds = (*GPUS, *_more_kinds(head.annotations.get(terms.GPU_KINDS, "")))
    pods = ((head, nodes.head), (worker, nodes.worker))
    with_, also = (_changed(pod, _with_gpus(pod.container, count, kinds)) for pod, count in pods)
    return with_, also


def _more_kinds(text: str) -> list[str]:
    """``IsValidCustomGPUArray`` in ``pkg/utils/utils.go``."""
    try:
        found = msgspec.json.decode(text, type=list[str]) if text else []
    except msgspec.DecodeError:
        found = [""]
    if text and not all(found or [""]):
        raise BuildError(f"{terms.GPU_KINDS}: expected a JSON list of names, found {text!r}")
    return found


def _changed(pod: Pod, container: Manifest) -> Pod:
    return msgspec.structs.replace(pod, containers=(container, *pod.containers[1:]))


def _worker(runtime: Runtime, offered: WorkerSpec, asked: WorkerSpec, rules: Rules) -> Manifest:
    containers = offered.containers or []
    base = next((c for c in containers if c.name == terms.WORKER_CONTAINER), None)
    if base is None:
        raise BuildError(f"{runtime.ref} has no container named {terms.WORKER_CONTAINER}")
    own = asked.containers[0] if asked.containers else Container()
    return merged_container(base, own, rules)


def _nodes(runtime: Runtime, head: Manifest, worker: Manifest, sizes: Sizes, rules: Rules) -> Nodes:
    if rules.mp_executor and (runtime.spec.annotations or {}).get(EXECUTOR) == "mp":
        return Nodes(sizes.pipeline, sizes.tensor, sizes.tensor)
    return _ray_nodes(_gpus(head), _gpus(worker), sizes.pipeline * sizes.tensor)


def _ray_nodes(head: int, worker: int, total: int) -> Nodes:
    """``computeRayNodeAndGPUs``: so many workers that all GPUs are found."""
    if worker > 0:
        count = math.ceil(total / worker)
        if head > 0 and math.ceil(total / head) == 1:
            count = 1
        head = head or total - worker * (count - 1)
        worker, head = (0, total) if count == 1 else (worker, head)
        return _enough(Nodes(count, worker, head), total)
    if head > 0:
        rest = total - head
        return _enough(Nodes(rest + 1 if rest > 0 else 1, 1, head), total)
    return Nodes(total, 1, 1)


def _enough(nodes: Nodes, total: int) -> Nodes:
    if total > nodes.head + nodes.worker * (nodes.count - 1):
        raise BuildError(
            f"{total} GPUs are asked for: the head has {nodes.head}, "
            f"the workers {nodes.worker * (nodes.count - 1)}"
        )
    return nodes


def _gpus(container: Manifest) -> int:
    requests = container.get("resources", {}).get("requests") or {}
    found = (requests[name] for name in GPUS if name in requests)
    return int(_whole(next(found, 0)))


def _whole(quantity: object) -> str:
    digits = re.match(r"\d+", str(quantity))
    return digits.group() if digits else "0"


def _with_gpus(container: Manifest, count: int, kinds: tuple[str, ...]) -> Manifest:
    resources = container.get("resources", {})
    lists = [resources.get(key) or {} for key in ("limits", "requests")]
    name = next((g for g in kinds if any(_whole(of.get(g, 0)) != "0" for of in lists)), GPUS[0])
    limits, requests = ({**of, name: str(count)} for of in lists)
    return {**container, "resources": {**resources, "limits": limits, "requests": requests}}


def _size_env(sizes: Sizes) -> dict[str, str]:
    return {
        "PIPELINE_PARALLEL_SIZE": str(sizes.pipeline),
        "TENSOR_PARALLEL_SIZE": str(sizes.tensor),
    }


def _node_env(count: int, gpus: int) -> dict[str, str]:
    return {"RAY_NODE_COUNT": str(count), "REQUEST_GPU_COUNT": str(gpus)}


def _model_dir(uri: str, rules: Rules) -> dict[str, str]:
    local = {"pvc", "oci"} if rules.oci_is_local else {"pvc"}
    return {"MODEL_DIR": terms.MODEL_DIR} if uri.partition("://")[0] in local else {}


def _names(service: InferenceService, rules: Rules) -> dict[str, str]:
    name, generation = service.metadata.name, service.metadata.generation
    names = {
        "ISVC_NAME": name,
        "HEAD_SVC": f"{name.removesuffix('-predictor')}-head-{generation}",
    }
    if rules.mp_executor:
        middle = f"-{service.spec.predictor.name}" if service.spec.predictor.name else ""
        names["WORKER_SVC"] = f"{name}{middle}-workers-{generation}"
    return names


def with_env(container: Manifest, values: dict[str, str]) -> Manifest:
    """Return the container with these variables: overwritten in their place, else appended.

    ``AddEnvVarToPodSpec`` in ``utils/utils.go``.
    """
    env = [dict(item) for item in container.get("env", [])]
    for name, value in values.items():
        found = next((item for item in env if item.get("name") == name), None)
        if found is None:
            env.append({"name": name, "value": value})
        else:
            found["value"] = value
    return {**container, "env": env}
