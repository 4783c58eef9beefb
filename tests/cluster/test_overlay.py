"""A memory cluster over another one: copy on write, and not before."""

from collections.abc import Iterator
from typing import TypeVar

import msgspec
import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.errors import NotFoundError
from migrate.objects import Manifest, ObjectRef, ref_of
from tests.cluster.manifests import config_map, manifest, service

T = TypeVar("T")


class Typed(msgspec.Struct):
    spec: dict[str, int]


class Base(MemoryCluster):
    """A base that refuses writes and counts what is read."""

    def __init__(self, *objects: Manifest) -> None:
        super().__init__(objects)
        self.gets: list[ObjectRef] = []
        self.listed = 0
        self.lists: list[type] = []

    def apart(self) -> MemoryCluster:
        return self

    def get(self, ref: ObjectRef) -> Manifest:
        self.gets.append(ref)
        return super().get(ref)

    def list(
        self, api_version: str, kind: str, into: type[T], *, namespace: str = "", selector: str = ""
    ) -> Iterator[T]:
        self.lists.append(into)
        for each in super().list(api_version, kind, into, namespace=namespace, selector=selector):
            self.listed += 1
            yield each

    def create(self, manifest: Manifest) -> Manifest:
        assert manifest["kind"] == "SelfSubjectAccessReview", "the base is written"
        return {**manifest, "status": {"allowed": False, "reason": "the base says so"}}

    def patch(self, *_: object, **__: object) -> Manifest:
        pytest.fail("the base is written")

    def delete(self, *_: object, **__: object) -> None:
        pytest.fail("the base is written")


@pytest.fixture
def base() -> Base:
    services = (service(f"s-{number}", "team", spec={"n": number}) for number in range(100))
    return Base(config_map("a", "team", data={"k": "v"}), *services)


A = ref_of(config_map("a", "team"))


def test_the_base_keeps_its_state(base: Base) -> None:
    overlay, before = MemoryCluster(base=base), base.get(A)
    written = overlay.patch(A, {"data": {"k": "w"}})
    meta = written["metadata"]
    overlay.create(config_map("b", "team"))
    overlay.delete(A, uid=meta["uid"], resource_version=meta["resourceVersion"])
    assert base.get(A) == before
    with pytest.raises(NotFoundError):
        base.get(ref_of(config_map("b", "team")))


def test_a_change_of_the_base_is_seen_until_the_object_is_written() -> None:
    base = MemoryCluster([config_map("a", "team"), config_map("b", "team")])
    overlay = MemoryCluster(base=base)
    overlay.patch(A, {"data": {"mine": "1"}})
    for name in "ab":
        base.patch(ref_of(config_map(name, "team")), {"data": {"theirs": "2"}})
    assert overlay.get(A)["data"] == {"mine": "1"}
    assert overlay.get(ref_of(config_map("b", "team")))["data"] == {"theirs": "2"}


def test_the_identity_comes_from_the_base(base: Base) -> None:
    before = base.get(A)["metadata"]
    after = MemoryCluster(base=base).patch(A, {"data": {"k": "w"}})["metadata"]
    assert after["uid"] == before["uid"]
    assert int(after["resourceVersion"]) > int(before["resourceVersion"])


def test_what_was_written_is_no_longer_asked_for(base: Base) -> None:
    overlay = MemoryCluster(base=base)
    overlay.patch(A, {"data": {"k": "w"}})
    base.gets.clear()
    overlay.get(A)
    overlay.patch(A, {"data": {"k": "x"}})
    assert base.gets == []


def test_a_list_passes_through_one_by_one(base: Base) -> None:
    overlay = MemoryCluster(base=base)
    overlay.create(service("new", "team", spec={}))
    found = overlay.list("serving.kserve.io/v1beta1", "InferenceService", dict)
    next(found)
    assert base.listed < 5
    assert len(list(found)) == 100


def test_a_list_of_a_kind_that_nobody_wrote_is_decoded_by_the_base(base: Base) -> None:
    overlay = MemoryCluster(base=base)
    overlay.create(config_map("b", "team"))
    list(overlay.list("serving.kserve.io/v1beta1", "InferenceService", Typed))
    assert base.lists == [Typed]


def test_overlays_can_be_stacked(base: Base) -> None:
    lower = MemoryCluster(base=base)
    upper = MemoryCluster(base=lower)
    lower.patch(A, {"data": {"k": "lower"}})
    upper.patch(A, {"data": {"l": "upper"}})
    assert lower.get(A)["data"] == {"k": "lower"}
    assert upper.get(A)["data"] == {"k": "lower", "l": "upper"}


def test_an_access_review_is_a_question_to_the_base(base: Base) -> None:
    kind = "SelfSubjectAccessReview"
    review = manifest("authorization.k8s.io/v1", kind, "", "", None, {"spec": {}})
    answer = MemoryCluster(base=base).create(review)
    assert answer["status"] == {"allowed": False, "reason": "the base says so"}


def test_nobody_acts_on_it(base: Base) -> None:
    assert MemoryCluster(base=base).controllers_act is False


def test_another_process_reads_from_the_base_as_long_as_nothing_is_written(base: Base) -> None:
    upper = MemoryCluster(base=base)
    assert upper.apart() is base
    upper.create(config_map("new", "team"))
    assert upper.apart() is None
    assert MemoryCluster().apart() is None
