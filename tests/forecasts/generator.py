"""Generated clusters for forecasts: what is put in, and what people edit there before a plan."""

import copy
import json
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from tests.differential import gen_models as models
from tests.differential import gen_parts as parts
from tests.differential.dice import Dice
from tests.differential.gen_config import config
from tests.differential.gen_models import Place
from tests.differential.gen_runtimes import waves
from tests.differential.gen_services import service
from tests.differential.shapes import (
    RUNTIME,
    WITHOUT_RUNTIMES,
    Cluster,
    Manifest,
    key_of,
    version_of,
)
from tests.testbed.api import basic_object

T = TypeVar("T")
# Raised with every change of what a seed gives.
GENERATOR = 1
_FORMATS = (*models.FRAMEWORKS, "huggingface")
# 0.20.0 deletes the Deployment of a model's workers, writes it anew, and so on without end.
_RESTLESS_WORKERS = (0, 20)
SERVICES, _MORE = 42, 14
# Pins that make images which nobody can pull.
_NO_TAGS = ("", "a b")
# Wherever it goes, nothing of it tells what somebody else has edited.
REGISTRY = "registry.example.com:5000/ml"


@dataclass(frozen=True)
class Given:
    """A cluster, and the dice that go on with it."""

    cluster: Cluster
    dice: Dice


def given(release: str, seed: int, index: int, services: int = SERVICES) -> Given:
    """Return one cluster of a seed with ``services`` or a few more, of which many are refused."""
    dice = Dice(f"forecasts/{GENERATOR}/{release}/{seed}/{index}")
    namespaces = ["a", "b", "c"][: dice.weighed({1: 15, 2: 50, 3: 35})]
    runtimes = _runtimes(dice, release, namespaces)
    known = tuple(chain.from_iterable(runtimes))
    places = [Place(release, namespace, known) for namespace in namespaces]
    count = dice.between(services, services + _MORE)
    made = [service(dice, dice.pick(places), number) for number in range(count)]
    kept = [(manifest, is_stored) for manifest, is_stored in made if _is_told(manifest, release)]
    cluster = {
        "release": release,
        "seed": seed,
        "index": index,
        "config": _settings(dice, release),
        "runtimes": _plain(runtimes),
        "namespaces": namespaces,
        "services": _plain([manifest for manifest, _ in kept]),
        "unadmitted": [key_of(manifest) for manifest, is_stored in kept if is_stored],
    }
    return Given(cluster, dice)


def _plain(manifests: T) -> T:
    """Without the templates that only Go can fill in: of those no plan tells anything."""
    text = json.dumps(manifests)
    for program in parts.PROGRAMS:
        text = text.replace(json.dumps(program), json.dumps("{{.Name}}"))
    found: T = json.loads(text)
    return found


def _runtimes(dice: Dice, release: str, namespaces: list[str]) -> list[list[Manifest]]:
    """Never none at all: there would be nothing to change."""
    found = waves(dice, release, namespaces)
    while release != WITHOUT_RUNTIMES and sum(map(len, found)) < len(_FORMATS):
        found = waves(dice, release, namespaces)
    return found


def _settings(dice: Dice, release: str) -> dict[str, str]:
    """Without ModelMesh as the default, which would leave nobody to KServe.

    Nor with the same key twice, which Go reads in one way and others in another: kmigrate plans
    nothing there.
    """
    found = config(dice, release)
    kept = {key: text for key, text in found.items() if "ModelMesh" not in text}
    if "predictors" in kept:
        kept["predictors"] = json.dumps(json.loads(kept["predictors"], object_pairs_hook=_once))
    return kept


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    return {key: value for key, value in pairs if key != "IMAGE"}


def _is_told(manifest: Manifest, release: str) -> bool:
    """Not those that say twice what to run, or nothing, nor pins and workers of no use here."""
    predictor = manifest["spec"]["predictor"]
    if "workerSpec" in predictor and version_of(release) >= _RESTLESS_WORKERS:
        return False
    forms = [predictor[name] for name in (*_FORMATS, "model") if name in predictor]
    if any(form.get("runtimeVersion") in _NO_TAGS for form in forms):
        return False
    return len(forms or predictor.get("containers", ())) == 1


def edited_predictors(dice: Dice, text: str) -> str:
    """The text with one image changed, as somebody edits it who restarts nothing."""
    document: Manifest = json.loads(text)
    name = dice.pick([key for key in document if key in _FORMATS])
    entry = document[name]
    block = (
        entry[dice.pick([key for key in entry if key in ("v1", "v2")])] if "v1" in entry else entry
    )
    block["image"] = f"{REGISTRY}/edited-{name}"
    return json.dumps(document)


def edited_runtime(dice: Dice, runtime: Manifest) -> list[Manifest]:
    """The containers of a runtime with other values in the one that serves, an image mostly."""
    containers: list[Manifest] = copy.deepcopy(runtime["spec"]["containers"])
    named = [c for c in containers if c["name"] == "kserve-container"]
    for container in (named or containers)[:1]:
        edit = dice.weighed({"image": 65, "env": 15, "args": 20})
        if edit == "image":
            container["image"] = f"{REGISTRY}/edited:{dice.between(1, 9)}"
        if edit == "env":
            variable = {"name": "EDITED", "value": str(dice.below(9))}
            container["env"] = [*container.get("env", ()), variable]
        if edit == "args":
            container["args"] = [*container.get("args", ()), f"--edited={dice.below(9)}"]
    return containers


def hiding(dice: Dice, runtime: Manifest, namespace: str) -> Manifest:
    """A copy of a runtime in a namespace, edited; half of them for those alone that name it."""
    spec = copy.deepcopy(runtime["spec"]) | {"containers": edited_runtime(dice, runtime)}
    for entry in spec.get("supportedModelFormats", ()) if dice.chance(50) else ():
        entry["autoSelect"] = False
    name = runtime["metadata"]["name"]
    made = basic_object(runtime["apiVersion"], RUNTIME, name, namespace, spec=spec)
    if annotations := runtime["metadata"].get("annotations"):
        made["metadata"]["annotations"] = annotations
    return made
