"""What happens to an image's tag: ``UpdateImageTag`` in ``utils/utils.go``, 0.8 to 0.20."""

from __future__ import annotations

import json

import pytest

from migrate.kserve import terms
from migrate.kserve.predictors import Predictors, decode
from migrate.kserve.tags import Tagged, is_gpu, server_for_tag, server_named, tagged
from tests.kserve.release import rules

GPU = {"nvidia.com/gpu": "1"}
TEXT = json.dumps(
    {
        "tensorflow": {"image": "tensorflow/serving", "defaultGpuImageVersion": "2.6.2-gpu"},
        "pytorch": {"image": "pytorch/torchserve-kfs", "defaultGpuImageVersion": "0.5.3-gpu"},
        "onnx": {"image": "onnx/server", "defaultGpuImageVersion": "unread"},
    }
)


def image(
    release: str,
    image: str,
    *,
    version: str | None = None,
    limits: dict[str, str] | None = None,
    server: str = "",
    text: str | None = None,
) -> Tagged:
    seen: Predictors | None = decode(text, rules(release)) if text else None
    return tagged(image, version, limits or {}, server, rules(release), seen)


REPLACED = [
    ("0.8", "a/b:1", "a/b:NEW"),
    ("0.8", "a/b", "a/b:NEW"),
    ("0.8", "host:5000/a/b:1", "host:NEW"),
    ("0.8", "a/b@sha256:0a", "a/b@sha256:NEW"),
    ("0.9", "a/b:1", "a/b:NEW"),
    ("0.9", "a/b", "a/b:NEW"),
    ("0.9", "host:5000/a/b:1.0-x_y", "host:5000/a/b:NEW"),
    ("0.9", "host:5000/a/b", "host:5000/a/b:NEW"),
    ("0.9", "a/b:", "a/b:NEW"),
    ("0.9", "", ":NEW"),
    ("0.15", "a/b@sha256:0a", "a/b@sha256:NEW"),
    ("0.20", "localhost:8888/tfserving:1.2.3", "localhost:8888/tfserving:NEW"),
]


@pytest.mark.parametrize(("release", "before", "after"), REPLACED)
def test_a_runtime_version_replaces_the_tag(release: str, before: str, after: str) -> None:
    found = image(release, before, version="NEW", limits=GPU, server=terms.TORCHSERVE, text=TEXT)
    assert found.image == after
    what = "all from the first colon" if release == "0.8" else "the last colon and the tag after it"
    assert found.rule == f"pin: {what}"


def test_an_empty_runtime_version_is_one() -> None:
    assert image("0.20", "a/b:1", version="").image == "a/b:"


def test_a_digest_keeps_all_from_0_16_on() -> None:
    found = image("0.16", "a/b@sha256:0a", version="NEW", limits=GPU, server=terms.TORCHSERVE)
    assert found == Tagged("a/b@sha256:0a", "digest-kept")
    assert image("0.16", "a/sha256:1", version="NEW").image == "a/sha256:NEW"


FROM_PREDICTORS = [
    ("tensorflow/serving:1", "tensorflow/serving:2.6.2-gpu"),
    ("tensorflow/serving", "tensorflow/serving:2.6.2-gpu"),
    ("pytorch/torchserve-kfs:1", "pytorch/torchserve-kfs:0.5.3-gpu"),
    ("onnx/server:1", None),
    ("mirror/tensorflow/serving:1", None),
    ("mirror:5000/tensorflow/serving:1", None),
]


@pytest.mark.parametrize("release", ["0.8", "0.9"])
@pytest.mark.parametrize(("before", "after"), FROM_PREDICTORS)
def test_up_to_0_9_a_gpu_takes_the_tag_of_predictors(
    release: str, before: str, after: str | None
) -> None:
    found = image(release, before, limits=GPU, server=terms.TENSORFLOW_SERVING, text=TEXT)
    assert found == (Tagged(after, "gpu-from-predictors") if after else Tagged(before))
    assert image(release, before, text=TEXT) == Tagged(before)
    assert image(release, before, limits=GPU) == Tagged(before)


SUFFIXED = {
    terms.TENSORFLOW_SERVING: ["0.10", "0.14", "0.15", "0.20"],
    terms.TORCHSERVE: ["0.10", "0.14", "0.15", "0.20"],
    terms.HUGGINGFACE_SERVER: ["0.15", "0.20"],
}


@pytest.mark.parametrize("server", [*SUFFIXED, terms.TRITONSERVER, terms.VLLM_SERVER, ""])
@pytest.mark.parametrize("release", ["0.10", "0.14", "0.15", "0.20"])
def test_from_0_10_on_a_gpu_appends_to_the_tag(release: str, server: str) -> None:
    found = image(release, "host:5000/a:1.14.0", limits=GPU, server=server, text=TEXT)
    if release in SUFFIXED.get(server, []):
        assert found == Tagged("host:5000/a:1.14.0-gpu", "gpu-suffix")
    else:
        assert found == Tagged("host:5000/a:1.14.0")


@pytest.mark.parametrize("before", ["a/b:1-gpu", "a/b", "host:5000/a/b", "a/b-gpu"])
def test_nothing_is_appended_to_no_tag_nor_twice(before: str) -> None:
    assert image("0.15", before, limits=GPU, server=terms.TORCHSERVE) == Tagged(before)


FOR_CPUS = [
    ("vllm/vllm-openai:latest", "vllm/vllm-openai-cpu:latest"),
    ("localhost:8888/vllm/vllm-openai:v0.5.0", "localhost:8888/vllm/vllm-openai-cpu:v0.5.0"),
    ("vllm/vllm-openai-cpu:v0.5.0", None),
    ("vllm/vllm-openai", None),
    ("vllm/vllm-openai@sha256:0a", None),
]


@pytest.mark.parametrize(("before", "after"), FOR_CPUS)
def test_vllm_without_a_gpu_comes_from_another_repository_in_0_20(
    before: str, after: str | None
) -> None:
    """Scenarios ``VLLMServer…`` of ``TestUpdateImageTag`` in ``utils_test.go``, 0.20.0."""
    found = image("0.20", before, server=terms.VLLM_SERVER)
    assert found.image == (after or before)
    assert (found.rule == "cpu-repository") is (after is not None)
    assert image("0.20", before, limits=GPU, server=terms.VLLM_SERVER).image == before
    assert image("0.19", before, server=terms.VLLM_SERVER).image == before
    assert image("0.20", before, server=terms.TORCHSERVE).image == before


@pytest.mark.parametrize(
    ("limit", "known"),
    [("nvidia.com/gpu", True), ("nvidia.com/mig-1g.5gb", False), ("amd.com/gpu", None)],
)
def test_a_slice_of_a_gpu_is_one_from_0_16_on(limit: str, known: bool | None) -> None:
    """``IsGPUEnabled`` in ``pkg/utils/utils.go``."""
    assert is_gpu({"cpu": "1", limit: "0"}, rules("0.16")) is (known is not None)
    assert is_gpu({"cpu": "1", limit: "0"}, rules("0.15")) is bool(known)
    assert not is_gpu({}, rules("0.16"))


NAMED = [
    ("kserve-mlserver", "mlserver"),
    ("kserve-torchserve", "torchserve"),
    ("kserve-tritonserver", "tritonserver"),
    ("kserve-tensorflow-serving", "tensorflow-serving"),
    ("kserve-huggingfaceserver", "huggingfaceserver"),
    ("kserve-vllmserver", "vllmserver"),
    ("kserve-sklearnserver", ""),
    ("kserve-huggingfaceserver-multinode", ""),
    ("mlserver", ""),
    ("kserve-kserve-mlserver", ""),
    ("mlserver-kserve-", ""),
]


@pytest.mark.parametrize(("runtime", "server"), NAMED)
def test_a_runtime_of_a_stock_name_is_that_server(runtime: str, server: str) -> None:
    assert server_named(runtime) == server
    assert server_for_tag(runtime, "torchserve", rules("0.19")) == server
    assert server_for_tag(runtime, None, rules("0.20")) == server
    assert server_for_tag(runtime, "", rules("0.20")) == server
    assert server_for_tag(runtime, "torchserve", rules("0.20")) == "torchserve"
    assert server_for_tag(runtime, "anything", rules("0.20")) == "anything"
