"""Generated services that run on several nodes (from 0.15 on)."""

from tests.differential import gen_models as models
from tests.differential import gen_parts as parts
from tests.differential.dice import Dice
from tests.differential.gen_models import Place
from tests.differential.shapes import Manifest
from tests.differential.since import known_predictor

_RUNTIME = "kserve-huggingfaceserver-multinode"
_AMOUNTS: tuple[Manifest, ...] = (
    {"limits": {"nvidia.com/gpu": "1"}, "requests": {"nvidia.com/gpu": "1"}},
    {"limits": {"nvidia.com/gpu": "2"}, "requests": {"nvidia.com/gpu": "2"}},
    {"limits": {"nvidia.com/gpu": "4"}, "requests": {"nvidia.com/gpu": "4"}},
    {"limits": {"nvidia.com/gpu": "1"}},
    {"limits": {"amd.com/gpu": "1"}, "requests": {"amd.com/gpu": "1"}},
    {"limits": {"cpu": "4"}},
    {"limits": {"gpu.example/x": "1"}},
)


def multinode(dice: Dice, place: Place) -> Manifest:
    """A predictor with a ``workerSpec``; most of them with a runtime that has one, too."""
    model = models.model(dice, place)
    if dice.chance(75):
        model["modelFormat"] = {"name": "huggingface"}
        model["runtime"] = dice.pick(_with_workers(place))
        model.pop("protocolVersion", None)
    if dice.chance(30):
        model.pop("runtime", None)
    if dice.chance(95):
        model["storageUri"] = dice.weighed({"pvc://claim/model": 95, "oci://r/m:1": 5})
    if dice.chance(50):
        model["resources"] = dict(dice.pick(_AMOUNTS))
    predictor = {"model": model, "workerSpec": _worker(dice), **parts.pod(dice, 0.3)}
    return {"predictor": known_predictor(place.release, predictor, dice)}


def _with_workers(place: Place) -> list[str]:
    found = [r["metadata"]["name"] for r in place.visible() if "workerSpec" in r["spec"]]
    return [*found, _RUNTIME]


def _worker(dice: Dice) -> Manifest:
    made: Manifest = {}
    if dice.chance(50):
        made["pipelineParallelSize"] = dice.pick((1, 1, 2, 2, 2, 2, 2, 3, 3, 0))
    if dice.chance(50):
        made["tensorParallelSize"] = dice.pick((1, 2, 4))
    if dice.chance(50):
        own = parts.container(dice, 0.5) | {"name": "worker-container"}
        if dice.chance(60):
            own["resources"] = dict(dice.pick(_AMOUNTS))
        made["containers"] = [own] * (2 if dice.chance(3) else 1)
    return made | parts.pod(dice, 0.5)
