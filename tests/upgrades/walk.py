"""The long way as data: the releases on it, what people make and set under each of them.

Services are named NAMESPACE/NAME. What was made under one release stays for all later ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.testbed.api import Manifest, basic_object
from tests.testbed.kserve import SERVING

REGISTRY: Final = "registry.example.com/ml"
"""Without a port: KServe 0.8 cuts an image at its first colon, where there is a pin."""
MODE: Final = "serving.kserve.io/deploymentMode"
PREDICTORS: Final = {
    ("sklearn", "v1"): f"{REGISTRY}/sklearnserver",
    ("sklearn", "v2"): f"{REGISTRY}/mlserver",
    ("xgboost", "v1"): f"{REGISTRY}/xgbserver",
}
"""The repositories that the administrator sets in `predictors`, where a release reads it."""
RUNTIMES: Final = {
    "kserve-sklearnserver": f"{REGISTRY}/sklearnserver",
    "kserve-mlserver": f"{REGISTRY}/mlserver",
    "kserve-xgbserver": f"{REGISTRY}/xgbserver",
}
"""The repositories that the administrator sets in ClusterServingRuntimes, where there are some."""
_ENV: Final = [{"name": "OMP_NUM_THREADS", "value": "2"}]


@dataclass(frozen=True)
class Made:
    """One service that somebody makes: ``predictor`` is its `spec.predictor`.

    ``mode`` is its own annotation, empty for none.
    """

    name: str
    predictor: Mapping[str, Any]
    mode: str = ""

    @property
    def manifest(self) -> Manifest:
        namespace, _, own = self.name.partition("/")
        found = basic_object(
            SERVING, "InferenceService", own, namespace, spec={"predictor": dict(self.predictor)}
        )
        if self.mode:
            found["metadata"]["annotations"] = {MODE: self.mode}
        return found


@dataclass(frozen=True)
class Step:
    """One release of the way, and who makes services under it."""

    release: str
    made: tuple[Made, ...] = ()
    predictors: Mapping[tuple[str, str], str] = field(default_factory=dict)
    runtimes: Mapping[str, str] = field(default_factory=dict)


def framework(name: str, kind: str, mode: str = "", **more: Any) -> Made:
    """Return a service in the framework form."""
    own = name.partition("/")[2]
    return Made(name, {kind: {"storageUri": f"gs://models/{own}", **more}}, mode)


def model(name: str, kind: str, mode: str = "", **more: Any) -> Made:
    """Return a service in the model form."""
    own = name.partition("/")[2]
    body = {"modelFormat": {"name": kind}, "storageUri": f"gs://models/{own}", **more}
    return Made(name, {"model": body}, mode)


UNDER_0_7: Final = (
    framework("team-a/iris", "sklearn"),
    framework("team-a/two", "sklearn", protocolVersion="v2"),
    framework("team-b/prices", "xgboost", env=_ENV),
    framework("team-b/trees", "lightgbm"),
    framework("team-c/torch", "pytorch"),
    framework("team-c/flow", "tensorflow"),
    Made("team-c/own", {"containers": [{"name": "kserve-container", "image": "own/server:v1"}]}),
)
"""Seven kinds; the first three follow what the administrator set."""

WAY: Final = (
    Step("0.7.0", UNDER_0_7, PREDICTORS),
    Step(
        "0.8.0",
        (framework("team-a/early", "sklearn"), model("team-b/rates", "xgboost", env=_ENV)),
        PREDICTORS,
        RUNTIMES,
    ),
    Step(
        "0.9.0",
        (
            framework("team-a/fresh", "sklearn", env=_ENV),
            framework("team-b/bushes", "lightgbm"),
            model("team-a/twice", "sklearn", protocolVersion="v2"),
        ),
        PREDICTORS,
        RUNTIMES,
    ),
    Step("0.10.2", (model("team-a/model", "sklearn", env=_ENV),), runtimes=RUNTIMES),
    Step(
        "0.11.2",
        (
            model("team-a/raw", "sklearn", "RawDeployment"),
            model("team-b/rated", "xgboost"),
            model("team-b/leaves", "lightgbm", "RawDeployment"),
        ),
        runtimes=RUNTIMES,
    ),
    Step(
        "0.15.2",
        (
            model("team-a/plain", "sklearn", "RawDeployment", env=_ENV),
            model("team-a/thrice", "sklearn", protocolVersion="v2"),
        ),
        runtimes=RUNTIMES,
    ),
    Step("0.16.0", (model("team-b/last", "xgboost", "Standard"),), runtimes=RUNTIMES),
    Step("0.20.0"),
)
"""From 0.11 on some of the new services are raw by their own annotation."""


def way_through(*releases: str) -> tuple[Step, ...]:
    """Return the steps of the way that these releases are."""
    return tuple(step for step in WAY if step.release in releases)
