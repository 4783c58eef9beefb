"""What KServe does to the tag of a runtime's image.

``UpdateImageTag`` in ``controller/v1beta1/inferenceservice/utils/utils.go``, 0.8 to 0.20. It
runs last, over the merged container, and so over an image of the service's own as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from migrate.kserve import terms
from migrate.kserve.predictors import Predictors
from migrate.kserve.rules import Rules, TagRule

_TAG = re.compile(r":[A-Za-z0-9_.\-]*\Z")


class Tagged(msgspec.Struct, frozen=True):
    """An image, and the rule that gave it its tag; no rule where it stayed as it was."""

    image: str
    rule: str = ""


def tagged(
    image: str,
    version: str | None,
    limits: Mapping[str, object],
    server: str,
    rules: Rules,
    predictors: Predictors | None,
) -> Tagged:
    """Return the image that the container gets.

    ``version`` is the ``runtimeVersion`` of the service, ``limits`` those of the merged
    container, ``server`` what kind of server the runtime is for this purpose.
    """
    if rules.keeps_digest and "@sha256:" in image:
        return Tagged(image, "digest-kept")
    if version is not None:
        return Tagged(_pinned(image, version, rules), f"pin: {rules.tag_rule}")
    if is_gpu(limits, rules):
        return _with_gpu(image, server, rules, predictors)
    return _without_gpu(image, server, rules)


def is_gpu(limits: Mapping[str, object], rules: Rules) -> bool:
    """Tell whether these limits mean a GPU: ``IsGPUEnabled`` in ``pkg/utils/utils.go``."""
    if terms.GPU in limits:
        return True
    return rules.mig_is_gpu and any(name.startswith(terms.MIG_GPU) for name in limits)


def server_for_tag(runtime: str, annotation: str | None, rules: Rules) -> str:
    """Return what kind of server a runtime is, as far as its image's tag goes.

    Up to 0.19 its name alone decides; in 0.20 the annotation server-type, else the name.
    """
    if rules.suffix_by_annotation and annotation:
        return annotation
    return server_named(runtime)


def server_named(runtime: str) -> str:
    """Return the kind of server that a runtime's name stands for; "" for other names."""
    server = runtime.removeprefix("kserve-")
    return server if server != runtime and server in _NAMED else ""


_NAMED = frozenset(
    (
        *(terms.MLSERVER, terms.TORCHSERVE, terms.TRITONSERVER),
        *(terms.TENSORFLOW_SERVING, terms.HUGGINGFACE_SERVER, terms.VLLM_SERVER),
    )
)


def _pinned(image: str, version: str, rules: Rules) -> str:
    if rules.tag_rule is TagRule.FIRST_COLON:
        return f"{image.partition(':')[0]}:{version}"
    tag = _TAG.search(image)
    return (image[: tag.start()] if tag else image) + f":{version}"


def _with_gpu(image: str, server: str, rules: Rules, predictors: Predictors | None) -> Tagged:
    if rules.gpu_tag_from_predictors:
        return _from_predictors(image, predictors)
    if server in rules.gpu_suffix and _TAG.search(image) and not image.endswith(terms.GPU_SUFFIX):
        return Tagged(image + terms.GPU_SUFFIX, "gpu-suffix")
    return Tagged(image)


def _from_predictors(image: str, predictors: Predictors | None) -> Tagged:
    name = image.partition(":")[0]
    for format_ in (terms.TENSORFLOW, terms.PYTORCH):
        entry = predictors.entry(format_) if predictors else None
        if entry is not None and entry.image == name:
            return Tagged(f"{name}:{entry.default_gpu_image_version}", "gpu-from-predictors")
    return Tagged(image)


def _without_gpu(image: str, server: str, rules: Rules) -> Tagged:
    tag = _TAG.search(image)
    if tag is None or server not in rules.cpu_repository:
        return Tagged(image)
    name = image[: tag.start()]
    if name.endswith(terms.CPU_SUFFIX):
        return Tagged(image)
    return Tagged(f"{name}{terms.CPU_SUFFIX}{tag.group()}", "cpu-repository")
