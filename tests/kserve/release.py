"""Short ways to the rules and to the texts that KServe ships, for the tests of this room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from migrate.kserve.config import Config
from migrate.kserve.predictors import Predictors, PredictorsError, decode
from migrate.kserve.releases import parse_release
from migrate.kserve.resolution import Resolution
from migrate.kserve.resolver import resolve as resolve_under
from migrate.kserve.rules import Rules
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.kserve.services import InferenceService
from migrate.kserve.table import rules_for

SHIPPED = Path(__file__).parent / "cases" / "predictors"
NAMES = sorted(path.stem for path in SHIPPED.glob("*.json"))


def rules(release: str) -> Rules:
    found = rules_for(parse_release(release))
    assert found is not None
    return found


def shipped_text(name: str) -> str:
    return (SHIPPED / f"{name}.json").read_text(encoding="utf-8")


def shipped(name: str) -> Predictors:
    """What the release named first in ``0.7.0-install`` sees in its own text."""
    return decode(shipped_text(name), rules(name.split("-", maxsplit=1)[0]))


PIN = {"runtimeVersion": "OLD"}
GPU = {"limits": {"nvidia.com/gpu": "1"}}


def service(predictor: dict[str, Any], **metadata: Any) -> InferenceService:
    """A service that has been reconciled before."""
    known = {"name": "s", "namespace": "n", "finalizers": ["inferenceservice.finalizers"]}
    document = {"metadata": {**known, **metadata}, "spec": {"predictor": predictor}}
    return msgspec.convert(document, InferenceService)


def resolve(
    of: InferenceService,
    predictors: Predictors | PredictorsError,
    release: Rules,
    *runtimes: Runtime,
    mode: str = "Knative",
) -> Resolution:
    return resolve_under(of, Config(release, predictors, Runtimes(runtimes), mode))


def runtime(
    format_: str, image: str, name: str = "ours", namespace: str = "", **spec: Any
) -> Runtime:
    """A runtime that is selected for a format, with one container."""
    document = {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "supportedModelFormats": [{"name": format_, "autoSelect": True}],
            "containers": [{"name": "kserve-container", "image": image}],
            **spec,
        },
    }
    return msgspec.convert(document, Runtime)


def told(name: str, predictor: dict[str, Any], **metadata: Any) -> Resolution:
    """What happens to a service under the text that a release ships, as ``0.7.0-install``."""
    release = name.split("-", maxsplit=1)[0]
    return resolve(service(predictor, **metadata), shipped(name), rules(release))
