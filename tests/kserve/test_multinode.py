"""A model on many nodes: ``multiNodeProcess`` in ``components/predictor.go``, 0.15 to 0.20."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from migrate.kserve.building import BuildError, Pod
from migrate.kserve.multinode import Nodal, Nodes, with_env, with_gpus, with_workers
from migrate.kserve.runtimes import Runtime
from migrate.objects import Manifest
from tests.kserve.release import rules, runtime, service

WORKER = {"name": "worker-container", "image": "w:1"}


def many(worker: dict[str, Any] | None = None, **spec: Any) -> Runtime:
    """A runtime whose workers have one container."""
    offered = {"containers": [{**WORKER, **(worker or {})}], **spec.pop("workerSpec", {})}
    return runtime("vLLM", "h:1", workerSpec=offered, **spec)


def gpus(count: int | str, kind: str = "nvidia.com/gpu") -> dict[str, Any]:
    return {"resources": {"requests": {kind: count}}} if count else {}


def laid(
    of: Runtime,
    asked: dict[str, Any],
    release: str = "0.20",
    head: dict[str, Any] | None = None,
    uri: str = "",
    **predictor: Any,
) -> Nodal:
    container = {"name": "kserve-container", "image": "h:1", **(head or {})}
    pod = Pod((container, {"name": "side"}), {"nodeSelector": {"a": "b"}}, {"l": "1"}, {"a": "1"})
    found = service({"workerSpec": asked, **predictor}, generation=7)
    return with_workers(pod, of, found, uri, rules(release))


def env(container: Manifest) -> dict[str, str]:
    return {item["name"]: item["value"] for item in container["env"]}


SIZES = {"pipelineParallelSize": 2, "tensorParallelSize": 4}
# By Go's computeRayNodeAndGPUs: GPUs that head and worker request, pipeline * tensor, the answer.
RAY = [
    (0, 0, 2, 4, Nodes(8, 1, 1)),
    (0, 0, 1, 1, Nodes(1, 1, 1)),
    (2, 0, 2, 4, Nodes(7, 1, 2)),
    (8, 0, 2, 4, Nodes(1, 1, 8)),
    (9, 0, 2, 4, Nodes(1, 1, 9)),
    (7, 0, 2, 4, Nodes(2, 1, 7)),
    (0, 4, 2, 4, Nodes(2, 4, 4)),
    (0, 3, 2, 4, Nodes(3, 3, 2)),
    (0, 8, 2, 4, Nodes(1, 0, 8)),
    (0, 9, 2, 4, Nodes(1, 0, 8)),
    (4, 4, 2, 4, Nodes(2, 4, 4)),
    (5, 4, 2, 4, Nodes(2, 4, 5)),
    (8, 4, 2, 4, Nodes(1, 0, 8)),
    (9, 1, 2, 4, Nodes(1, 0, 8)),
    (1, 8, 2, 4, Nodes(1, 0, 8)),
]


@pytest.mark.parametrize(("head", "worker", "pipeline", "tensor", "nodes"), RAY)
def test_ray_gets_so_many_nodes_that_all_gpus_are_found(
    head: int, worker: int, pipeline: int, tensor: int, nodes: Nodes
) -> None:
    """``computeRayNodeAndGPUs``."""
    asked = {"pipelineParallelSize": pipeline, "tensorParallelSize": tensor}
    found = laid(many(gpus(worker)), asked, head=gpus(head))
    assert found.nodes == nodes
    assert env(found.head.container)["RAY_NODE_COUNT"] == str(nodes.count)
    assert env(found.head.container)["REQUEST_GPU_COUNT"] == str(nodes.head)
    assert env(found.worker.container)["RAY_NODE_COUNT"] == str(nodes.count)
    assert env(found.worker.container)["REQUEST_GPU_COUNT"] == str(nodes.worker)


@pytest.mark.parametrize(("head", "worker"), [(1, 4), (3, 4), (1, 3)])
def test_too_few_gpus_are_refused(head: int, worker: int) -> None:
    rest = worker * (math.ceil(8 / worker) - 1)
    told = f"8 GPUs are asked for: the head has {head}, the workers {rest}$"
    with pytest.raises(BuildError, match=told):
        laid(many(gpus(worker)), SIZES, head=gpus(head))


@pytest.mark.parametrize("kind", ["nvidia.com/gpu", "amd.com/gpu", "intel.com/gpu"])
def test_gpus_of_all_makers_count(kind: str) -> None:
    assert laid(many(gpus("4", kind)), SIZES).nodes == Nodes(2, 4, 4)
    assert laid(many(gpus("4", "habana.ai/gaudi")), SIZES).nodes == Nodes(2, 4, 4)
    assert laid(many(gpus("4", "other/gpu")), SIZES).nodes == Nodes(8, 1, 1)


def test_limits_alone_are_no_request() -> None:
    found = laid(many({"resources": {"limits": {"nvidia.com/gpu": "4"}}}), SIZES)
    assert found.nodes == Nodes(8, 1, 1)


@pytest.mark.parametrize(
    ("asked", "offered", "sizes"),
    [
        ({}, {}, ("1", "1")),
        ({}, {"pipelineParallelSize": 3}, ("3", "1")),
        ({}, {"tensorParallelSize": 3}, ("1", "3")),
        ({"pipelineParallelSize": 2}, {"pipelineParallelSize": 3}, ("2", "1")),
        ({"tensorParallelSize": 2}, {"tensorParallelSize": 3}, ("1", "2")),
    ],
)
def test_sizes_are_those_of_the_service_else_of_the_runtime_else_one(
    asked: dict[str, int], offered: dict[str, int], sizes: tuple[str, str]
) -> None:
    told = env(laid(many(workerSpec=offered), asked).head.container)
    assert (told["PIPELINE_PARALLEL_SIZE"], told["TENSOR_PARALLEL_SIZE"]) == sizes


MP = {"multinode/executor-backend": "mp"}


@pytest.mark.parametrize("release", ["0.17", "0.18", "0.20"])
def test_mp_takes_the_sizes_as_they_are_from_0_18_on(release: str) -> None:
    """``computeMpNodeAndGPUs``."""
    ray = Nodes(8, 1, 1)
    found = laid(many(annotations=MP), SIZES, release)
    assert found.nodes == (ray if release == "0.17" else Nodes(2, 4, 4))
    other = {"multinode/executor-backend": "ray"}
    assert laid(many(annotations=other), SIZES, release).nodes == ray
    assert laid(many(annotations=None), SIZES, release).nodes == ray


@pytest.mark.parametrize("release", ["0.15", "0.18"])
@pytest.mark.parametrize("called", ["", "blue"])
def test_head_and_workers_are_told_of_each_other(release: str, called: str) -> None:
    found = laid(many(), SIZES, release, name=called)
    sizes = {"PIPELINE_PARALLEL_SIZE": "2", "TENSOR_PARALLEL_SIZE": "4"}
    count = {"RAY_NODE_COUNT": "8", "REQUEST_GPU_COUNT": "1"}
    assert env(found.head.container) == {**sizes, **count, "MODEL_NAME": "s"}
    names = {"ISVC_NAME": "s", "HEAD_SVC": "s-head-7"}
    workers = f"s-{called}-workers-7" if called else "s-workers-7"
    if release == "0.18":
        names = {**sizes, **names, "WORKER_SVC": workers}
    assert env(found.worker.container) == {**count, **names}


def test_the_name_of_the_head_is_that_of_the_service_without_its_suffix() -> None:
    """``GetHeadServiceName`` in ``pkg/constants/constants.go``."""
    of = service({"workerSpec": {}}, name="x-predictor", generation=2)
    pod = Pod(({"name": "kserve-container"},))
    told = env(with_workers(pod, many(), of, "", rules("0.20")).worker.container)
    assert (told["HEAD_SVC"], told["ISVC_NAME"]) == ("x-head-2", "x-predictor")


@pytest.mark.parametrize(
    ("uri", "since"),
    [("pvc://claim/m", "0.15"), ("oci://image", "0.16"), ("gs://pvc", None), ("pvc", "0.15")],
)
def test_a_model_on_a_volume_is_at_a_directory(uri: str, since: str | None) -> None:
    for release in ("0.15", "0.16", "0.20"):
        told = env(laid(many(), {}, release, uri=uri).head.container).get("MODEL_DIR")
        is_local = since is not None and rules(release).name >= since
        assert told == ("/mnt/models" if is_local else None)


def test_the_rest_of_the_pods_stays() -> None:
    offered = {"nodeSelector": {"of": "runtime"}, "containers": [WORKER, {"name": "lost"}]}
    own = {"nodeSelector": {"own": "1"}, "containers": [{"image": "mine:1", "args": ["--x"]}]}
    found = laid(many(workerSpec=offered), own)
    assert found.worker.fields == {"nodeSelector": {"of": "runtime", "own": "1"}}
    assert [c["image"] for c in found.worker.containers] == ["mine:1"]
    assert found.worker.container["args"] == ["--x"]
    assert found.head.containers[1:] == ({"name": "side"},)
    assert (found.head.labels, found.head.annotations) == ({"l": "1"}, {"a": "1"})
    assert found.head.fields == {"nodeSelector": {"a": "b"}}


def test_a_runtime_must_have_workers_too() -> None:
    with pytest.raises(BuildError, match="has no workerSpec"):
        laid(runtime("vLLM", "h:1"), {})
    for containers in ([], [{"name": "kserve-container"}]):
        without = runtime("vLLM", "h:1", workerSpec={"containers": containers})
        with pytest.raises(BuildError, match="no container named worker-container"):
            laid(without, {})


GPU, AMD = "nvidia.com/gpu", "amd.com/gpu"


@pytest.mark.parametrize(
    ("resources", "limits", "requests"),
    [
        ({}, {GPU: "4"}, {GPU: "4"}),
        ({"limits": {"cpu": "1"}}, {"cpu": "1", GPU: "4"}, {GPU: "4"}),
        ({"limits": {AMD: "1"}}, {AMD: "4"}, {AMD: "4"}),
        ({"requests": {AMD: 1}}, {AMD: "4"}, {AMD: "4"}),
        ({"limits": {AMD: "0"}}, {AMD: "0", GPU: "4"}, {GPU: "4"}),
        ({"limits": {AMD: 1, GPU: 1}}, {AMD: 1, GPU: "4"}, {GPU: "4"}),
        ({"limits": {"odd/gpu": 1}}, {"odd/gpu": 1, GPU: "4"}, {GPU: "4"}),
    ],
)
def test_deployments_get_the_gpus_under_the_name_that_is_there(
    resources: dict[str, Any], limits: dict[str, Any], requests: dict[str, Any]
) -> None:
    """``addGPUResourceToDeployment`` in ``reconcilers/deployment``."""
    container = {"name": "c", "resources": {**resources, "claims": []}}
    pods = Pod((container, {"name": "side"})), Pod(({"name": "w"},))
    head, worker = with_gpus(*pods, Nodes(2, 3, 4))
    told = {"claims": [], "limits": limits, "requests": requests}
    assert head.containers == ({"name": "c", "resources": told}, {"name": "side"})
    assert worker.container["resources"] == {"limits": {GPU: "3"}, "requests": {GPU: "3"}}


def test_more_kinds_of_gpus_are_taken_from_an_annotation() -> None:
    """``UpdateGPUResourceTypeListByAnnotation`` in ``pkg/utils/utils.go``."""
    container = {"name": "c", "resources": {"limits": {"odd/gpu": 1}}}
    kinds = {"serving.kserve.io/gpu-resource-types": '["other/gpu", "odd/gpu"]'}
    head, worker = with_gpus(
        Pod((container,), annotations=kinds), Pod(({"name": "w"},)), Nodes(2, 3, 4)
    )
    assert head.container["resources"] == {"limits": {"odd/gpu": "4"}, "requests": {"odd/gpu": "4"}}
    assert worker.container["resources"]["limits"] == {GPU: "3"}


@pytest.mark.parametrize("text", ["odd/gpu", "[]", '[""]', "[1]", "{}"])
def test_other_kinds_of_gpus_than_a_list_of_names_are_refused(text: str) -> None:
    pod = Pod(({"name": "c"},), annotations={"serving.kserve.io/gpu-resource-types": text})
    with pytest.raises(BuildError, match="gpu-resource-types"):
        with_gpus(pod, Pod(({"name": "w"},)), Nodes(2, 3, 4))


def test_variables_are_overwritten_in_their_place_else_appended() -> None:
    """``AddEnvVarToPodSpec`` in ``utils/utils.go``."""
    given = {"name": "c", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    changed = with_env(given, {"A": "x", "C": "y"})
    told = [{"name": "A", "value": "x"}, {"name": "B", "value": "2"}, {"name": "C", "value": "y"}]
    assert changed == {"name": "c", "env": told}
    assert given["env"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    assert with_env({}, {"A": "1"}) == {"env": [{"name": "A", "value": "1"}]}
    assert msgspec.to_builtins(with_env({"env": []}, {})) == {"env": []}
