"""The ``predictors`` that the releases ship, as each release reads them.

Taken from the released manifests: ``install/vX/kserve.yaml`` in the module
``github.com/kserve/kserve`` at v0.20.0 (0.7.0, 0.8.0 "restored", 0.9.0 "install"), the same
file at the tag v0.8.0 itself ("tagged"), and ``charts/kserve/templates/configmap.yaml`` at
the tag v0.9.0 ("chart"). ``kserve_kubeflow.yaml`` beside them says the same, with one
exception: at the tag v0.7.0 the GPU version of pytorch v1 is ``latest-gpu`` ("kubeflow").

``config/configmap/inferenceservice.yaml`` at the tag v0.7.0 says what "kubeflow" does, at v0.8.0
what "tagged" does, at v0.9.0 what "install" does.

Only what the release reads is a row. Hence 0.8 and 0.9 have none for pytorch: the released
texts nest it under v1 and v2, where these releases do not look (``unread``), or give no image. An
entry without a row has no image and no versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Row(NamedTuple):
    """An entry: its image and the versions for services without and with a GPU."""

    image: str
    version: str = ""
    gpu_version: str = ""


class Variant(NamedTuple):
    """What one manifest of a release ships; rows are keyed by format and "", "v1" or "v2".

    ``unread`` are those in a shape that this release does not read.
    """

    release: str
    name: str
    rows: dict[tuple[str, str], Row]
    unread: Mapping[tuple[str, str], Row] = MappingProxyType({})


_MLSERVER = "docker.io/seldonio/mlserver"
_TORCHSERVE = "pytorch/torchserve-kfs"
_SAME_SINCE_0_7 = {
    ("onnx", ""): Row("mcr.microsoft.com/onnxruntime/server", "v1.0.0"),
    ("triton", ""): Row("nvcr.io/nvidia/tritonserver", "21.09-py3"),
}


def _rows(own: str, mlserver: str, tensorflow: str) -> dict[tuple[str, str], Row]:
    """Return the rows that a release has, given three versions."""
    return {
        ("tensorflow", ""): Row("tensorflow/serving", tensorflow, f"{tensorflow}-gpu"),
        ("sklearn", "v1"): Row("kserve/sklearnserver", own),
        ("sklearn", "v2"): Row(_MLSERVER, mlserver),
        ("xgboost", "v1"): Row("kserve/xgbserver", own),
        ("xgboost", "v2"): Row(_MLSERVER, mlserver),
        ("pmml", ""): Row("kserve/pmmlserver", own),
        ("lightgbm", ""): Row("kserve/lgbserver", own),
        ("paddle", ""): Row("kserve/paddleserver", own),
        **_SAME_SINCE_0_7,
    }


def _with_pytorch(gpu_version: str) -> dict[tuple[str, str], Row]:
    return {
        **_rows("v0.7.0", "0.2.1", "1.14.0"),
        ("pytorch", "v1"): Row("kserve/pytorchserver", "v0.7.0", gpu_version),
        ("pytorch", "v2"): Row(_TORCHSERVE, "0.4.1", "0.4.1-gpu"),
    }


def _nested_pytorch(repository: str, version: str) -> dict[tuple[str, str], Row]:
    row = Row(repository, version, f"{version}-gpu")
    return {("pytorch", "v1"): row, ("pytorch", "v2"): row}


VARIANTS = (
    Variant("0.7.0", "install", _with_pytorch("v0.7.0-gpu")),
    Variant("0.7.0", "kubeflow", _with_pytorch("latest-gpu")),
    Variant("0.8.0", "tagged", {}),
    Variant(
        "0.8.0",
        "restored",
        _rows("v0.8.0", "0.5.3", "2.6.2"),
        _nested_pytorch("kserve/torchserve-kfs", "0.5.3"),
    ),
    # hack/generate-install.sh of 0.9.0 left `latest` in the released file.
    Variant(
        "0.9.0",
        "install",
        _rows("latest", "1.0.0", "2.6.2"),
        _nested_pytorch(_TORCHSERVE, "0.6.0"),
    ),
    Variant("0.9.0", "chart", {}),
)


RELEASED = ("install", "restored")
"""The variants that are in the released manifests as they can be had today."""


def variants_of(release: str) -> tuple[Variant, ...]:
    """Return what is known to be shipped with a release such as ``0.9.0``; maybe nothing."""
    return tuple(variant for variant in VARIANTS if variant.release == release)
