"""Changes that people make to runtimes, awkward ones included."""

import copy
from collections.abc import Callable

from tests.differential import gen_parts as parts
from tests.differential.dice import Dice
from tests.differential.shapes import Manifest
from tests.differential.since import known_runtime

FORMATS = (
    "sklearn",
    "xgboost",
    "tensorflow",
    "pytorch",
    "triton",
    "onnx",
    "pmml",
    "lightgbm",
    "paddle",
    "mlflow",
    "huggingface",
    "tensorrt",
    "vLLM",
    "custom",
)
VERSIONS = ("1", "1.0", "2", "0", "3", "4")
PROTOCOLS: tuple[list[str], ...] = (
    ["v1"],
    ["v2"],
    ["v1", "v2"],
    ["v2", "v1"],
    ["grpc-v2", "v2"],
    ["v2", "grpc-v2"],
    ["grpc-v1"],
    [],
    ["odd"],
)


def edited(dice: Dice, release: str, runtime: Manifest) -> Manifest:
    """One to three changes, as people make them."""
    changed = copy.deepcopy(runtime)
    for _ in range(dice.weighed({1: 60, 2: 30, 3: 10})):
        edit: Callable[[Dice, Manifest], None] = dice.weighed(_EDITS)
        edit(dice, changed["spec"])
    changed["spec"] = parts.with_volumes(dice, changed["spec"], changed["spec"]["containers"])
    changed["spec"] = known_runtime(release, changed["spec"], dice)
    return changed


def _edit_container(dice: Dice, spec: Manifest) -> None:
    for container in spec["containers"][:1]:
        container.update(parts.container(dice, 0.8))
        container["name"] = container.get("name") or "kserve-container"
        if dice.chance(60):
            container["image"] = parts.image(dice)


def _edit_image(dice: Dice, spec: Manifest) -> None:
    for container in spec["containers"][:1]:
        container["image"] = parts.image(dice)


def _edit_values(dice: Dice, spec: Manifest) -> None:
    for container in spec["containers"][:1]:
        container["env"] = container.get("env", []) + parts.env(dice)
        container["args"] = container.get("args", []) + parts.args(dice)


def _edit_switches(dice: Dice, spec: Manifest) -> None:
    spec[dice.pick(("disabled", "multiModel"))] = dice.chance(80)


def _edit_protocols(dice: Dice, spec: Manifest) -> None:
    spec["protocolVersions"] = dice.pick(PROTOCOLS)


def _edit_formats(dice: Dice, spec: Manifest) -> None:
    for entry in spec.get("supportedModelFormats", []):
        change = dice.pick(("autoSelect", "priority", "unset", "version", "nothing"))
        if change == "autoSelect":
            entry["autoSelect"] = not entry.get("autoSelect", False)
        if change == "priority":
            entry["priority"] = dice.between(1, 3)
        if change == "unset":
            entry.pop("priority", None)
        if change == "version":
            entry["version"] = dice.pick(VERSIONS)


def _edit_more_formats(dice: Dice, spec: Manifest) -> None:
    spec["supportedModelFormats"] = [
        *spec.get("supportedModelFormats", []),
        format_entry(dice, dice.pick(FORMATS)),
    ]


def _edit_pod(dice: Dice, spec: Manifest) -> None:
    spec.update(parts.pod(dice, 4))
    spec["labels"] = spec.get("labels", {}) | parts.labels(dice)
    spec["annotations"] = spec.get("annotations", {}) | parts.annotations(dice)


def _edit_more_containers(dice: Dice, spec: Manifest) -> None:
    name = dice.pick(("sidecar", "transformer-container", "kserve-container-2"))
    more = parts.container(dice, 0.7) | {"name": name, "image": parts.image(dice)}
    at = dice.below(len(spec["containers"]) + 1)
    spec["containers"] = [*spec["containers"][:at], more, *spec["containers"][at:]]


def _edit_container_name(dice: Dice, spec: Manifest) -> None:
    for container in spec["containers"][:1]:
        container["name"] = dice.pick(("server", "kserve_container", "transformer-container"))


def _edit_adapter(dice: Dice, spec: Manifest) -> None:
    spec["builtInAdapter"] = {"serverType": dice.pick(("mlserver", "triton")), "memBufferBytes": 1}


def _edit_worker(dice: Dice, spec: Manifest) -> None:
    worker = parts.container(dice, 0.7) | {"name": "worker-container", "image": parts.image(dice)}
    sizes = {"pipelineParallelSize": dice.between(1, 3), "tensorParallelSize": dice.between(1, 2)}
    kept = {key: size for key, size in sizes.items() if dice.chance(80)}
    spec["workerSpec"] = kept | {"containers": [worker]} | parts.pod(dice, 0.6)


def _edit_forbidden(_dice: Dice, spec: Manifest) -> None:
    """A variable that 0.18 and later refuse."""
    for container in spec["containers"][:1]:
        container["env"] = [*container.get("env", []), {"name": "PYTHONPATH", "value": "/x"}]


def _edit_no_containers(_dice: Dice, spec: Manifest) -> None:
    spec["containers"] = []


_EDITS: dict[Callable[[Dice, Manifest], None], float] = {
    _edit_container: 18,
    _edit_image: 18,
    _edit_values: 14,
    _edit_switches: 7,
    _edit_protocols: 8,
    _edit_formats: 10,
    _edit_more_formats: 4,
    _edit_pod: 9,
    _edit_more_containers: 6,
    _edit_container_name: 2,
    _edit_adapter: 1,
    _edit_worker: 3,
    _edit_forbidden: 1,
    _edit_no_containers: 1,
}


def format_entry(dice: Dice, name: str) -> Manifest:
    made: Manifest = {"name": name}
    if dice.chance(60):
        made["version"] = dice.pick(VERSIONS)
    if dice.chance(75):
        made["autoSelect"] = dice.chance(88)
    if dice.chance(50):
        made["priority"] = dice.between(1, 4)
    return made
