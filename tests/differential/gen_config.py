"""Generated texts for keys of the ConfigMap inferenceservice-config."""

import functools
import json

from tests.differential import gen_parts as parts
from tests.differential.dice import Dice
from tests.differential.shapes import Manifest, version_of
from tests.testbed.modules import documents, module_folder
from tests.testbed.releases import RELEASES

_FILE = "kserve.yaml"


def config(dice: Dice, release: str) -> dict[str, str]:
    """The keys that are replaced, often none."""
    version = version_of(release)
    found: dict[str, str] = {}
    if version < (0, 10) and dice.chance(65):
        found["predictors"] = _predictors(dice, release)
    if version >= (0, 11) and dice.chance(22):
        found["deploy"] = json.dumps({"defaultDeploymentMode": dice.pick(_modes(version))})
    if version >= (0, 14) and dice.chance(12):
        found["security"] = json.dumps({"autoMountServiceAccountToken": False})
    if version >= (0, 15) and dice.chance(20):
        found["inferenceService"] = json.dumps(dice.pick(_SERVICE_DEFAULTS))
    return found


def runs_knative(version: tuple[int, ...]) -> bool:
    """Whether the testbed's manager knows Knative's kinds.

    Those of 0.11 and 0.12 do if Serverless was the default when they started, and here it is not.
    """
    return not (0, 11) <= version < (0, 13)


def _modes(version: tuple[int, ...]) -> tuple[str, ...]:
    raw = ("RawDeployment",) * 6 + ("ModelMesh",)
    if not runs_knative(version):
        return raw
    both = ("Serverless",) * 7 + raw
    return both if version < (0, 16) else (*both, *(("Knative", "Standard") * 3))


_SERVICE_DEFAULTS: tuple[Manifest, ...] = (
    {
        "resource": {
            "cpuLimit": "3",
            "memoryLimit": "1Gi",
            "cpuRequest": "2",
            "memoryRequest": "1Gi",
        }
    },
    {"resource": {"cpuLimit": "", "memoryLimit": "", "cpuRequest": "", "memoryRequest": ""}},
    {"serviceAnnotationDisallowedList": ["note"], "serviceLabelDisallowedList": ["team"]},
    {},
)


def _predictors(dice: Dice, release: str) -> str:
    """The released text with changes; both protocols stay, or the controller would crash."""
    found: Manifest = json.loads(_released(release))
    for blocks in found.values():
        for block in blocks.values() if "v1" in blocks else [blocks]:
            if dice.chance(35):
                _edit_block(dice, block)
        if "v1" in blocks and dice.chance(8):
            # As the other frameworks have it; not read, or read beside the protocols.
            blocks.update({"image": parts.image(dice), "defaultGpuImageVersion": "7-gpu"})
    for name in ("pmml", "paddle", "triton"):
        if dice.chance(5):
            del found[name]
    if dice.chance(10):
        found["unheard-of"] = {"image": "reg.example/none"}
    return json.dumps(found, indent=dice.pick((None, 2)))


def _edit_block(dice: Dice, block: Manifest) -> None:
    block["image"] = parts.image(dice).partition("@")[0]
    if dice.chance(50):
        block["defaultImageVersion"] = dice.pick(("9.9", "v9", "", "latest"))
    if dice.chance(30):
        block["defaultGpuImageVersion"] = dice.pick(("9.9-gpu", "", "cuda"))
    if dice.chance(15):
        block["supportedFrameworks"] = dice.pick(([], ["other"], None))
    if dice.chance(15):
        block["multiModelServer"] = dice.chance(50)
    if dice.chance(15):
        block.pop(dice.pick(("image", "defaultImageVersion", "supportedFrameworks")), None)
    if dice.chance(10):
        block["IMAGE"] = parts.image(dice).partition("@")[0]


@functools.cache
def _released(release: str) -> str:
    folder = module_folder("github.com/kserve/kserve") / "install" / RELEASES[release].manifests
    for manifest in documents(folder / _FILE):
        if manifest["kind"] == "ConfigMap" and "predictors" in manifest.get("data", {}):
            return str(manifest["data"]["predictors"])
    raise LookupError(release)
