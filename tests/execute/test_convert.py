"""Writing an object as it is: once, and only while that is still to be done."""

from __future__ import annotations

from typing import Any

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.port import JsonPatch
from migrate.execute.convert import convert
from migrate.execute.wake import AGAIN, waking_again
from migrate.objects import Manifest, ObjectRef
from migrate.operations.describe import describe_activation
from migrate.operations.model import Activation, Convert, Holds, Wake
from tests.execute.clock import FakeClock

SERVICE = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "iris", "team")
MODEL = "/spec/predictor/model"


class Watched(MemoryCluster):
    """Keeps the patches that it was sent."""

    def __init__(self, *objects: Manifest) -> None:
        super().__init__(objects)
        self.patches: list[tuple[ObjectRef, object, str]] = []

    def patch(
        self, ref: ObjectRef, patch: JsonPatch | Manifest, *, subresource: str = ""
    ) -> Manifest:
        self.patches.append((ref, patch, subresource))
        return super().patch(ref, patch, subresource=subresource)


def service(**predictor: Any) -> Manifest:
    return {
        "apiVersion": SERVICE.api_version,
        "kind": SERVICE.kind,
        "metadata": {"name": SERVICE.name, "namespace": SERVICE.namespace},
        "spec": {"predictor": predictor},
    }


def test_it_is_written_without_a_change() -> None:
    cluster = Watched(service(sklearn={"storageUri": "gs://m"}))
    before = cluster.get(SERVICE)
    convert(cluster, SERVICE, MODEL)
    assert cluster.patches == [(SERVICE, {}, "")]
    assert cluster.get(SERVICE) == before


def test_one_that_is_converted_is_not_written() -> None:
    cluster = Watched(service(model={"modelFormat": {"name": "sklearn"}}))
    convert(cluster, SERVICE, MODEL)
    assert cluster.patches == []


def test_one_that_has_gone_is_not_written() -> None:
    cluster = Watched()
    convert(cluster, SERVICE, MODEL)
    assert cluster.patches == []


def test_what_was_converted_is_woken_when_it_does_not_move() -> None:
    clock, said = FakeClock(), list[Activation]()
    again = waking_again([Convert(SERVICE, MODEL)], clock, lambda: None, said.extend)
    clock.sleep(AGAIN)
    again([Holds(SERVICE, MODEL, None, SERVICE)])
    assert said == [Wake(SERVICE)]


def test_people_are_told_in_one_line() -> None:
    told = describe_activation(Convert(SERVICE, MODEL))
    assert told == "! convert InferenceService team/iris"
