"""Which fields the CRDs of a release know, so that most of what is generated is kept."""

from collections.abc import Mapping
from typing import Any

from tests.differential.dice import Dice
from tests.differential.shapes import Manifest, version_of

# The release that brought a field of a runtime's spec.
_RUNTIME = {
    "protocolVersions": (0, 9),
    "volumes": (0, 9),
    "labels": (0, 10),
    "annotations": (0, 10),
    "imagePullSecrets": (0, 10),
    "hostIPC": (0, 14),
    "workerSpec": (0, 15),
    "schedulerName": (0, 17),
}
# 0.8 had a container of its own, with few fields.
_RUNTIME_CONTAINER = dict.fromkeys(
    (
        "ports",
        "volumeMounts",
        "securityContext",
        "envFrom",
        "lifecycle",
        "terminationMessagePath",
        "startupProbe",
    ),
    (0, 9),
)
_PREDICTOR = {
    "model": (0, 8),
    "huggingface": (0, 12),
    "initContainers": (0, 10),
    "labels": (0, 11),
    "annotations": (0, 11),
    "workerSpec": (0, 15),
    "scaleTarget": (0, 9),
    "name": (0, 20),
}
# How often in a hundred a field that the release does not know is sent all the same.
_KEPT = 4


def known(
    release: str, fields: Manifest, since: Mapping[str, tuple[int, ...]], dice: Dice
) -> Manifest:
    """Without the fields that the release does not know, but for a few."""
    version = version_of(release)
    return {
        key: value
        for key, value in fields.items()
        if version >= since.get(key, (0,)) or dice.chance(_KEPT)
    }


def known_runtime(release: str, spec: Manifest, dice: Dice) -> Manifest:
    """A runtime's spec as far as the release knows it."""
    kept = known(release, spec, _RUNTIME, dice)
    containers: list[Any] = kept.get("containers", [])
    return kept | {"containers": [known(release, c, _RUNTIME_CONTAINER, dice) for c in containers]}


def known_predictor(release: str, predictor: Manifest, dice: Dice) -> Manifest:
    """A predictor as far as the release knows it."""
    return known(release, predictor, _PREDICTOR, dice)
