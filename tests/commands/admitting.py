"""A cluster in memory whose webhook converts services at each write, as that of KServe 0.9 does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.port import JsonPatch
from migrate.execute import record
from migrate.objects import Manifest, ObjectRef
from migrate.planning.back.rollback import Rollback
from migrate.planning.model.plan import Plan
from tests.commands import moving
from tests.planning.converting import REGISTRY, old, upgraded
from tests.planning.copies import installed

KIND = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService"}
FRAMEWORKS = ("sklearn", "xgboost", "tensorflow")


class Admitting(MemoryCluster):
    """``beside`` is what its webhook adds to the model, against all that is known of it."""

    def __init__(
        self, objects: Iterable[Manifest] = (), *, beside: dict[str, Any] | None = None, **more: Any
    ) -> None:
        super().__init__(objects, **more)
        self.beside = beside or {}

    def patch(
        self, ref: ObjectRef, patch: JsonPatch | Manifest, *, subresource: str = ""
    ) -> Manifest:
        stored = super().patch(ref, patch, subresource=subresource)
        if ref.kind != "InferenceService" or subresource:
            return stored
        return super().patch(ref, {"spec": {"predictor": self._model(stored)}})

    def would_patch(self, ref: ObjectRef, patch: JsonPatch | Manifest) -> Manifest | None:
        return Admitting(base=self, beside=self.beside).patch(ref, patch)

    def _model(self, stored: Manifest) -> dict[str, Any]:
        predictor = stored["spec"]["predictor"]
        found = next((name for name in FRAMEWORKS if name in predictor), "")
        model = {**predictor.get(found, {}), "modelFormat": {"name": found}, **self.beside}
        return {found: None, "model": model} if found else {}


def objects(*services: dict[str, Any], **images: str) -> list[Manifest]:
    """A cluster of 0.9.0 with these services, and repositories that are set in `predictors`."""
    config = upgraded("0.9.0", **images).config
    kept = [each for each in moving.objects("0.9.0") if each["kind"] in ("Namespace", "Deployment")]
    runtimes = installed("0.9.0", {})
    return [*kept, config, *runtimes, *({**KIND, **one} for one in services or (old("iris"),))]


SKLEARN, MLSERVER = f"{REGISTRY}/sklearnserver", f"{REGISTRY}/mlserver"
IRIS = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "iris", "team")
FAR = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "far", "other")


def two() -> Admitting:
    """A service in each of two namespaces, both on an image that is set in `predictors`."""
    return Admitting(objects(old("iris"), old("far", namespace="other"), sklearn_v1=SKLEARN))


def planned(found: MemoryCluster, **options: Any) -> Plan:
    """The plan that has services converted."""
    return moving.planned(found, **{"convert": True, **options})


def codes(made: Plan) -> dict[str, list[str]]:
    """The services of each finding."""
    return {f.code: [ref.name for ref in f.objects] for f in made.findings}


def forms(found: MemoryCluster) -> dict[str, str]:
    """The field of each predictor that says what to run."""
    listed = found.list("serving.kserve.io/v1beta1", "InferenceService", dict)
    return {one["metadata"]["name"]: next(iter(one["spec"]["predictor"])) for one in listed}


def kept(back: Rollback) -> list[str]:
    """What a rollback leaves because of a conversion."""
    return sorted(str(ref) for f in back.findings if f.code == "KM304" for ref in f.objects)


def state(found: MemoryCluster) -> str:
    """What the latest run is called."""
    return record.runs(found, "kserve")[-1].state
