"""Which leaves of ``predictors`` must change for an image."""

from __future__ import annotations

import pytest

from migrate.kserve.image import parse_image
from migrate.kserve.leaves import TargetError, check_target, leaf_pointers, settings
from migrate.kserve.predictors import decode
from tests.kserve.release import rules

TEXT = """{"tensorflow": {"image": "a/tf", "defaultImageVersion": "1",
"defaultGpuImageVersion": "1-gpu"}, "sklearn": {"v1": {"image": "a/sk"}}}"""


def test_a_gpu_has_a_version_of_its_own() -> None:
    seen = decode(TEXT, rules("0.9"))
    changed = settings(seen, "tensorflow", "", parse_image("a/tf:2-gpu"), gpu=True)
    told = [(leaf.pointer, leaf.value, new) for leaf, new in changed]
    assert told == [("/tensorflow/defaultGpuImageVersion", "1-gpu", "2-gpu")]
    without = settings(seen, "tensorflow", "", parse_image("b/tf:1"))
    assert [leaf.pointer for leaf, _ in without] == ["/tensorflow/image"]


def test_where_there_is_no_entry_nothing_is_read() -> None:
    image, version = leaf_pointers(decode(TEXT, rules("0.9")), "sklearn", "v2")
    assert (image.pointer, image.value, image.present) == ("/sklearn/v2/image", "", False)
    assert (version.pointer, version.value) == ("/sklearn/v2/defaultImageVersion", "")


def test_only_two_formats_have_images_for_gpus() -> None:
    check_target(rules("0.9"), "onnx")
    with pytest.raises(TargetError, match="no image for GPUs for onnx"):
        check_target(rules("0.9"), "onnx", gpu=True)


def test_what_is_not_read_is_refused_with_the_release() -> None:
    with pytest.raises(TargetError, match=r"KServe 0\.9 has no predictors entry 'mlflow'"):
        leaf_pointers(decode(TEXT, rules("0.9")), "mlflow")
