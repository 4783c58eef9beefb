"""A cluster in a few words, and what a check finds in it."""

from __future__ import annotations

from typing import Any

import msgspec

from migrate.kserve.releases import parse_release
from migrate.kserve.runtimes import Runtime
from migrate.kserve.services import InferenceService
from migrate.planning.check.check import Check, check
from migrate.planning.check.waycheck import way_of
from tests.planning.clusters import service, snapshot

SKLEARN = {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://m/x"}
ARGS = ["--model_name={{.Name}}", "--model_dir=/mnt/models"]
Json = dict[str, Any]


def runtime(name: str, namespace: str = "team", **spec: Any) -> Runtime:
    container = spec.pop("container", {})
    base = {"name": "kserve-container", "image": "kserve/sklearnserver:v1", "args": ARGS}
    document = {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "supportedModelFormats": [{"name": "sklearn", "version": "1", "autoSelect": True}],
            "containers": [{**base, **container}],
            **spec,
        },
    }
    return msgspec.convert(document, Runtime)


def checked(
    *found: InferenceService | Runtime,
    release: str = "0.15.2",
    images: dict[str, str] | None = None,
    target: str = "",
    direct: bool = False,
    suppress: tuple[str, ...] = (),
    predictors: str = "{}",
) -> Check:
    services = [one for one in found if isinstance(one, InferenceService)]
    runtimes = [one for one in found if isinstance(one, Runtime)]
    made = snapshot(
        *services, images=images, release=release, predictors=predictors, runtimes=runtimes
    )
    way = way_of(made, parse_release(target), direct=direct) if target else ()
    return check(made, way, "", suppress)


def codes(made: Check) -> set[str]:
    return {one.code for one in made.everything}


IRIS = service("iris", model=SKLEARN)
CLUSTER = runtime("kserve-sklearnserver", "")
NAMELESS = {"args": ["--model_dir=/mnt/models"]}
