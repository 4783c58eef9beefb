"""Generated runtimes: what a release ships, edited, copied into namespaces, and others."""

import copy

from tests.differential import gen_parts as parts
from tests.differential.dice import Dice
from tests.differential.gen_edits import FORMATS, PROTOCOLS, edited, format_entry
from tests.differential.shapes import (
    CLUSTER_RUNTIME,
    RUNTIME,
    SERVING_ALPHA,
    WITHOUT_RUNTIMES,
    Manifest,
)
from tests.differential.since import known_runtime
from tests.differential.stock import stock
from tests.testbed.api import basic_object

SERVER_TYPE = "serving.kserve.io/server-type"
_TYPES = ("mlserver", "torchserve", "tritonserver", "huggingfaceserver", "vllmserver", "", "other")
# So many runtimes of one format that Go sorts them by another algorithm.
_CROWD = 13


def waves(dice: Dice, release: str, namespaces: list[str]) -> list[list[Manifest]]:
    """All runtimes of a cluster, those of a later wave created in a later second."""
    if release == WITHOUT_RUNTIMES:
        return []
    found = _cluster_runtimes(dice, release)
    for namespace in namespaces:
        if dice.chance(70):
            found += _namespaced(dice, release, namespace)
    dealt: list[list[Manifest]] = [[] for _ in range(dice.weighed({1: 30, 2: 50, 3: 20}))]
    for runtime in found:
        is_early = runtime["kind"] == CLUSTER_RUNTIME and dice.chance(80)
        dealt[0 if is_early else dice.below(len(dealt))].append(runtime)
    return [wave for wave in dealt if wave]


def _cluster_runtimes(dice: Dice, release: str) -> list[Manifest]:
    released = [_fresh(runtime, CLUSTER_RUNTIME) for runtime in stock(release)]
    style = dice.weighed({"stock": 36, "edited": 42, "some": 18, "none": 4})
    if style == "edited":
        released = [edited(dice, release, r) if dice.chance(40) else r for r in released]
    if style == "some":
        released = dice.some(released, 1, len(released) - 1)
    if style == "none":
        released = []
    count = dice.weighed({0: 55, 1: 25, 2: 20})
    return released + [_own(dice, release, f"own-{number}") for number in range(count)]


def _namespaced(dice: Dice, release: str, namespace: str) -> list[Manifest]:
    if dice.chance(9):
        name = dice.pick(FORMATS)
        count = _CROWD + dice.below(3)
        found = [_crowded(dice, release, name, number) for number in range(count)]
    else:
        originals = dice.some(stock(release), 1, 4)
        found = [_copied(dice, release, runtime) for runtime in originals]
        if dice.chance(35):
            found.append(_own(dice, release, dice.pick(("own-0", "team-own"))))
        if dice.chance(15):
            found.append(_renamed(dice, release, dice.pick(originals)))
    return [_in_namespace(runtime, namespace) for runtime in found]


def _copied(dice: Dice, release: str, original: Manifest) -> Manifest:
    """A copy under the same name: identical, or edited, or told apart by its metadata."""
    copied = _fresh(original, CLUSTER_RUNTIME)
    if dice.chance(72):
        copied = edited(dice, release, copied)
    if dice.chance(25):
        copied["metadata"].pop("annotations", None)
    elif dice.chance(25):
        copied["metadata"]["annotations"] = {SERVER_TYPE: dice.pick(_TYPES)}
    return copied


def _renamed(dice: Dice, release: str, original: Manifest) -> Manifest:
    renamed = _copied(dice, release, original)
    renamed["metadata"]["name"] += "-team"
    return renamed


def _own(dice: Dice, release: str, name: str) -> Manifest:
    """A runtime that nobody ships, for one or two formats."""
    names = dice.some(FORMATS, 1, 2)
    formats = [format_entry(dice, n) for n in names]
    if dice.chance(25):
        formats.append(format_entry(dice, names[0]))
    spec: Manifest = {
        "supportedModelFormats": formats,
        "protocolVersions": dice.pick(PROTOCOLS),
        "containers": [_main_container(dice)],
        **parts.pod(dice, 0.6),
    }
    spec = parts.with_volumes(dice, spec, spec["containers"])
    own = basic_object(SERVING_ALPHA, CLUSTER_RUNTIME, name)
    own["spec"] = known_runtime(release, spec, dice)
    if dice.chance(20):
        own["metadata"]["annotations"] = {SERVER_TYPE: dice.pick(_TYPES)}
    return edited(dice, release, own) if dice.chance(30) else own


def _crowded(dice: Dice, release: str, model_format: str, number: int) -> Manifest:
    own = _own(dice, release, f"crowd-{dice.below(90) + 10}-{number}")
    entry = {"name": model_format, "autoSelect": True}
    priority = dice.pick((None, 1, 1, 2))
    own["spec"]["supportedModelFormats"] = [entry | ({"priority": priority} if priority else {})]
    # Equal protocols would make the webhook refuse equal priorities.
    if priority and dice.chance(70):
        own["spec"].pop("protocolVersions", None)
    return own


def _main_container(dice: Dice) -> Manifest:
    own = parts.container(dice) | {"name": "kserve-container", "image": parts.image(dice)}
    if dice.chance(4):
        del own["image"]
    return own


def _fresh(runtime: Manifest, kind: str) -> Manifest:
    """The runtime as a user would send it."""
    metadata = {k: v for k, v in runtime["metadata"].items() if k in ("name", "annotations")}
    fresh = {"apiVersion": SERVING_ALPHA, "kind": kind, "metadata": metadata}
    return copy.deepcopy({**fresh, "spec": runtime["spec"]})


def _in_namespace(runtime: Manifest, namespace: str) -> Manifest:
    metadata = runtime["metadata"] | {"namespace": namespace}
    return runtime | {"kind": RUNTIME, "metadata": metadata}
