"""Generated InferenceServices."""

from collections.abc import Callable
from typing import Any

from tests.differential import gen_models as models
from tests.differential import gen_parts as parts
from tests.differential.dice import Dice
from tests.differential.gen_config import runs_knative
from tests.differential.gen_models import Place
from tests.differential.gen_multinode import multinode
from tests.differential.shapes import SERVICE, SERVING, Manifest
from tests.differential.since import known_predictor
from tests.testbed.api import basic_object

_FINALIZER = "inferenceservice.finalizers"
AUTOSCALER = "serving.kserve.io/autoscalerClass"
_MODE = "serving.kserve.io/deploymentMode"
_MODES = {
    "Serverless": 20,
    "RawDeployment": 28,
    "Knative": 14,
    "Standard": 14,
    "ModelMesh": 10,
    "rawdeployment": 3,
    "nonsense": 5,
    "": 3,
}
_MEANT = {
    "serving.kserve.io/disable-auto-update": ("true",),
    "serving.kserve.io/stop": ("true", "false"),
    AUTOSCALER: ("hpa", "external", "none", "odd"),
    "autoscaling.knative.dev/minScale": ("0", "2"),
    "serving.kserve.io/enable-prometheus-scraping": ("true",),
    "serving.kserve.io/enable-metric-aggregation": ("true",),
    "modelFormat": ("sklearn",),
    "serving.kserve.io/secretName": ("keys",),
    "kubectl.kubernetes.io/last-applied-configuration": ("{}",),
    "serving.kserve.io/gpu-resource-types": ('["gpu.example/x"]',),
    "internal.serving.kserve.io/storage-initializer-sourceuri": ("gs://else/where",),
    "serving.knative.dev/creator": ("me",),
}
_LONG = "a-name-of-quite-some-length"


def service(dice: Dice, place: Place, number: int) -> tuple[Manifest, bool]:
    """Return a service, and whether it is to be stored past the webhooks."""
    kinds = {kind: often for kind, (often, since) in _KINDS.items() if place.version >= since}
    if place.version >= (0, 11):
        # They all end alike: without an image, and so without a Deployment.
        kinds[_stored_framework] /= 2
    kind: Callable[[Dice, Place], Manifest] = dice.weighed(kinds)
    made = basic_object(SERVING, SERVICE, _name(dice, number), place.namespace)
    made["spec"] = kind(dice, place)
    _add_metadata(dice, place, made["metadata"])
    if kind is multinode and dice.chance(90):
        annotations = made["metadata"].setdefault("annotations", {})
        annotations[AUTOSCALER] = dice.weighed({"none": 95, "external": 5})
    is_stored = kind in (_stored_framework, _stored_model)
    if is_stored and dice.chance(75):
        made["metadata"]["finalizers"] = [_FINALIZER]
    return made, is_stored


def _name(dice: Dice, number: int) -> str:
    return f"{_LONG}-{number}" if dice.chance(3) else f"s{number}"


def _add_metadata(dice: Dice, place: Place, metadata: Manifest) -> None:
    if dice.chance(35):
        metadata["labels"] = parts.labels(dice)
    annotations = parts.annotations(dice) if dice.chance(40) else {}
    if dice.chance(18):
        knative = {} if runs_knative(place.version) else {"Serverless": 2, "Knative": 1}
        annotations[_MODE] = dice.weighed(_MODES | knative)
    if dice.chance(18):
        key = dice.pick(list(_MEANT))
        annotations[key] = dice.pick(_MEANT[key])
    if annotations:
        metadata["annotations"] = annotations


def _predictor(dice: Dice, place: Place, implementation: Manifest) -> Manifest:
    """The implementation with what else a predictor may say."""
    pod = parts.with_volumes(dice, parts.pod(dice, 0.7), _containers(implementation))
    made = implementation | pod
    made |= {key: make(dice) for key, (often, make) in _EXTRAS.items() if dice.chance(often)}
    return known_predictor(place.release, made, dice)


def _containers(implementation: Manifest) -> list[Manifest]:
    return [
        c for part in implementation.values() for c in (part if isinstance(part, list) else [part])
    ]


def _model(dice: Dice, place: Place) -> Manifest:
    return {"predictor": _predictor(dice, place, {"model": models.model(dice, place)})}


def _framework(dice: Dice, place: Place) -> Manifest:
    return {"predictor": _predictor(dice, place, models.framework(dice, place))}


def _stored_framework(dice: Dice, place: Place) -> Manifest:
    return {"predictor": _predictor(dice, place, models.stored_framework(dice, place))}


def _stored_model(dice: Dice, place: Place) -> Manifest:
    return {"predictor": _predictor(dice, place, models.stored_model(dice, place))}


def _custom(dice: Dice, place: Place) -> Manifest:
    own = parts.container(dice) | {"image": parts.image(dice)}
    own["name"] = dice.pick(("kserve-container", "mine", "kserve-container"))
    more = [_sidecar(dice)] if dice.chance(20) else []
    return {"predictor": _predictor(dice, place, {"containers": [own, *more]})}


def _beside(dice: Dice, place: Place) -> Manifest:
    """A predictor with containers of its own beside the model."""
    form = models.framework if dice.chance(20) else _only_model
    implementation = form(dice, place) | {"containers": [_sidecar(dice)]}
    return {"predictor": _predictor(dice, place, implementation)}


def _with_transformer(dice: Dice, place: Place) -> Manifest:
    form = _framework if place.version < (0, 8) or dice.chance(40) else _model
    own = parts.container(dice, 0.5) | {"name": "kserve-container", "image": parts.image(dice)}
    return form(dice, place) | {"transformer": {"containers": [own]}}


def _with_explainer(dice: Dice, place: Place) -> Manifest:
    form = _framework if place.version < (0, 8) or dice.chance(40) else _model
    return form(dice, place) | {"explainer": {"art": {"type": "SquareAttack"}}}


def _two(dice: Dice, place: Place) -> Manifest:
    implementation = models.framework(dice, place) | models.framework(dice, place)
    if place.version >= (0, 8) and dice.chance(40):
        implementation |= _only_model(dice, place)
    return {"predictor": _predictor(dice, place, implementation)}


def _none(dice: Dice, place: Place) -> Manifest:
    return {"predictor": _predictor(dice, place, {})}


def _with_canary(dice: Dice, place: Place) -> Manifest:
    """Canaries of 0.20: predictors of their own beside the stable one."""
    stable = _model(dice, place)
    if dice.chance(20):
        stable["predictor"]["name"] = dice.pick(("stable", "next"))
    names = dice.some(("next", "later", "Bad_Name"), 1, 2)
    return stable | {"canary": [_canary(dice, place, name) for name in names]}


def _canary(dice: Dice, place: Place, name: str) -> Manifest:
    predictor: Manifest = {"name": name, "model": models.model(dice, place)}
    if dice.chance(30):
        predictor |= parts.pod(dice, 1) | {"labels": parts.labels(dice)}
    if dice.chance(20):
        predictor["minReplicas"] = 1
    return {"predictor": predictor, "trafficPercent": dice.pick((0, 10, 60))}


def _only_model(dice: Dice, place: Place) -> Manifest:
    return {"model": models.model(dice, place)}


def _sidecar(dice: Dice) -> Manifest:
    name = dice.weighed({"transformer-container": 88, "side": 6, "kserve-container": 6})
    return parts.container(dice, 0.8) | {"name": name, "image": parts.image(dice)}


# How often, and from which release on.
_KINDS: dict[Callable[[Dice, Place], Manifest], tuple[float, tuple[int, ...]]] = {
    _model: (46, (0, 8)),
    _framework: (24, (0,)),
    _stored_framework: (9, (0,)),
    _stored_model: (3, (0, 9)),
    _custom: (5, (0,)),
    _beside: (5, (0, 13)),
    _with_transformer: (4, (0,)),
    _with_explainer: (1, (0,)),
    _two: (1.5, (0,)),
    _none: (1, (0,)),
    multinode: (9, (0, 15)),
    _with_canary: (7, (0, 20)),
}

_EXTRAS: dict[str, tuple[float, Callable[[Dice], Any]]] = {
    "labels": (9, parts.labels),
    "annotations": (9, parts.annotations),
    "minReplicas": (8, lambda dice: dice.pick((0, 1, 2))),
    "maxReplicas": (6, lambda dice: dice.pick((2, 3))),
    "containerConcurrency": (6, lambda dice: dice.pick((0, 1, 5))),
    "timeout": (4, lambda _: 30),
    "canaryTrafficPercent": (5, lambda dice: dice.pick((0, 10, 100))),
    "serviceAccountName": (5, lambda _: "sa"),
    "logger": (3, lambda _: {"mode": "all", "url": "http://log.example"}),
    "batcher": (3, lambda _: {"maxBatchSize": 32, "maxLatency": 5}),
    "initContainers": (2, lambda dice: [{"name": "init", "image": parts.image(dice)}]),
    "terminationGracePeriodSeconds": (2, lambda _: 20),
    "schedulerName": (2, lambda _: "mine"),
    "priorityClassName": (2, lambda _: "high"),
    "hostIPC": (1, lambda _: True),
}
