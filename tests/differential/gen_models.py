"""Generated predictors that name a model: in the ``model`` form and in the framework form."""

from dataclasses import dataclass

from tests.differential import gen_parts as parts
from tests.differential.dice import Dice
from tests.differential.gen_edits import FORMATS, VERSIONS
from tests.differential.shapes import CLUSTER_RUNTIME, Manifest, version_of

FRAMEWORKS = (
    "sklearn",
    "xgboost",
    "tensorflow",
    "pytorch",
    "triton",
    "onnx",
    "pmml",
    "lightgbm",
    "paddle",
)
_ODD_FORMATS = ("SKLearn", "unknown", "vllm", "Triton", "tensorflow ", "autogluon")
_PROTOCOLS = {
    None: 54,
    "v1": 15,
    "v2": 16,
    "grpc-v2": 6,
    "grpc-v1": 4,
    "v3": 2,
    "V2": 1,
    "": 2,
}
_VERSIONS: dict[str | None, float] = {None: 62, **dict.fromkeys(VERSIONS, 6.0), "": 2}
_RUNTIME_VERSIONS = ("1.0", "v0.7.0", "2.6.2", "0.5.3-gpu", "latest", "9", "", "a b")
_STORAGES: dict[str, float] = {
    "gs://models/iris": 60,
    "s3://bucket/a/b": 8,
    "pvc://claim/model": 7,
    "https://host.example/m.tar.gz": 4,
    "hf://org/model": 4,
    "odd://x": 1.5,
    "/mnt/local": 1,
    "": 0.5,
}


@dataclass(frozen=True)
class Place:
    """Where a service goes: the release, its namespace, and the runtimes that it may name."""

    release: str
    namespace: str
    runtimes: tuple[Manifest, ...]

    @property
    def version(self) -> tuple[int, ...]:
        return version_of(self.release)

    def visible(self) -> list[Manifest]:
        """The runtimes of the cluster and of this namespace."""
        return [
            runtime
            for runtime in self.runtimes
            if runtime["kind"] == CLUSTER_RUNTIME
            or runtime["metadata"]["namespace"] == self.namespace
        ]


def model(dice: Dice, place: Place) -> Manifest:
    """The ``model`` form; half of them name a runtime, most of these one that fits."""
    visible = place.visible()
    runtime = dice.pick(visible) if visible and dice.chance(90) else None
    is_named = dice.chance(46)
    made = _common(dice, place) | {"modelFormat": _format(dice, runtime, is_named=is_named)}
    protocols = runtime["spec"].get("protocolVersions") if runtime else None
    if "protocolVersion" in made and protocols and dice.chance(65):
        made["protocolVersion"] = dice.pick(protocols)
    if is_named:
        fitting = runtime["metadata"]["name"] if runtime else "there-is-none"
        made["runtime"] = _runtime_name(dice, place, fitting)
    return made


def framework(dice: Dice, place: Place) -> Manifest:
    """The framework form of any framework that the release has a field for, as a predictor."""
    names = FRAMEWORKS if place.version < (0, 12) else (*FRAMEWORKS, "huggingface")
    return {dice.pick(names): _common(dice, place)}


def stored_framework(dice: Dice, place: Place) -> Manifest:
    """The framework form as a release up to 0.7 stored it, its defaults written out."""
    made = _common(dice, place)
    # Without it the old controllers, which do not expect that, would end.
    made.setdefault("runtimeVersion", dice.pick(("v0.7.0", "1.14.0", "0.2.1", "21.09-py3")))
    if dice.chance(60):
        made.setdefault("protocolVersion", "v1")
    if dice.chance(70):
        amounts = {"cpu": "1", "memory": "2Gi"}
        made.setdefault("resources", {"limits": amounts, "requests": amounts})
    if dice.chance(70):
        made["name"] = "kserve-container"
    return {dice.pick(FRAMEWORKS): made}


def stored_model(dice: Dice, place: Place) -> Manifest:
    """The ``model`` form as 0.8 stored it: the runtime named, MLServer's environment written."""
    made = _common(dice, place)
    name = dice.pick(("sklearn", "xgboost", "lightgbm"))
    made |= {"modelFormat": {"name": name}, "runtime": "kserve-mlserver"}
    made["env"] = [*made.get("env", []), *(_MLSERVER_ENV * dice.pick((1, 1, 2)))]
    return {"model": made}


_MLSERVER_ENV = (
    {"name": "MLSERVER_MODEL_NAME", "value": "{{.Name}}"},
    {"name": "MLSERVER_MODEL_URI", "value": "/mnt/models"},
)


def _common(dice: Dice, place: Place) -> Manifest:
    """What both forms have: a container, and the fields of a model."""
    made = parts.container(dice)
    if place.version >= (0, 18) and dice.chance(2):
        made["env"] = [{"name": "PYTHONPATH", "value": "/x"}]
    protocol = dice.weighed(_PROTOCOLS)
    if protocol is not None:
        made["protocolVersion"] = protocol
    if dice.chance(28):
        made["runtimeVersion"] = dice.pick(_RUNTIME_VERSIONS)
    if dice.chance(86):
        uri = dice.weighed(_STORAGES)
        made["storageUri"] = uri if place.version >= (0, 12) else uri.replace("hf:", "gs:")
    elif dice.chance(40):
        made["storage"] = dict(dice.pick(_STORAGE_SPECS))
    return made


_STORAGE_SPECS: tuple[Manifest, ...] = (
    {"key": "local", "path": "a/b"},
    {"path": "a/b", "parameters": {"type": "s3", "bucket": "x"}},
    {"key": "local"},
)


def _format(dice: Dice, runtime: Manifest | None, *, is_named: bool) -> Manifest:
    entries = runtime["spec"].get("supportedModelFormats") if runtime else None
    if entries and not is_named and dice.chance(75):
        entries = [entry for entry in entries if entry.get("autoSelect")] or entries
    if entries and dice.chance(85):
        entry = dice.pick(entries)
        version = entry.get("version") if dice.chance(40) else None
        return _named(entry["name"], dice.pick(VERSIONS) if dice.chance(9) else version)
    name = dice.pick(_ODD_FORMATS) if dice.chance(12) else dice.pick(FORMATS)
    return _named(name, dice.weighed(_VERSIONS))


def _named(name: str, version: str | None) -> Manifest:
    return {"name": name} if version is None else {"name": name, "version": version}


def _runtime_name(dice: Dice, place: Place, fitting: str) -> str:
    others = [runtime["metadata"]["name"] for runtime in place.runtimes] or ["there-is-none"]
    names = {fitting: 86, dice.pick(others): 10, "there-is-none": 3, "": 1}
    return str(dice.weighed(names))
