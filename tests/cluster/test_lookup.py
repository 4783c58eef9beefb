"""Many objects with few requests: which are read one by one, and which by lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from migrate.cluster.lookup import FEW, each_of
from migrate.cluster.memory import MemoryCluster
from migrate.errors import ForbiddenError, NotFoundError, UnreachableError
from migrate.objects import Manifest, ObjectRef, ref_of
from tests.execute.counting import CountingCluster

MANY = FEW + 1


def config_map(name: str, namespace: str) -> Manifest:
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


def in_one(count: int) -> list[Manifest]:
    return [config_map(f"c{number}", "team") for number in range(count)]


def in_many(count: int) -> list[Manifest]:
    return [config_map("c", f"team-{number}") for number in range(count)]


def found(cluster: CountingCluster, refs: list[ObjectRef]) -> dict[ObjectRef, Manifest | None]:
    return {ref: read() for ref, read in each_of(cluster, refs)}


def counting(objects: list[Manifest], held: Callable[..., None] = lambda *_: None) -> Any:
    return CountingCluster(MemoryCluster(objects), held)


@pytest.mark.parametrize(
    ("objects", "asked"),
    [
        (in_one(FEW), {("get", "ConfigMap"): FEW}),
        (in_one(MANY), {("list", "ConfigMap"): 1}),
        ([*in_one(MANY), *in_many(FEW - 1)], {("list", "ConfigMap"): FEW}),
        (in_many(MANY), {("list", "ConfigMap"): 1}),
    ],
)
def test_few_are_read_and_many_are_listed(objects: list[Manifest], asked: dict[Any, int]) -> None:
    cluster = counting([*objects, config_map("another", "team")])
    refs = [ref_of(one) for one in objects]
    read = found(cluster, [*refs, *refs])
    assert {ref: one and ref_of(one) for ref, one in read.items()} == {ref: ref for ref in refs}
    assert cluster.asked == asked


@pytest.mark.parametrize("count", [FEW - 1, MANY])
def test_what_is_not_there_is_none(count: int) -> None:
    absent = ref_of(config_map("absent", "team"))
    refs = [absent, *map(ref_of, in_one(count))]
    assert [ref for ref, one in found(counting(in_one(count)), refs).items() if one is None] == [
        absent
    ]


def refusing(error: Exception, *, after: int = 0) -> Callable[[str, ObjectRef], None]:
    """Refuse lists, but for the first ones."""
    lists = list[ObjectRef]()

    def held(verb: str, ref: ObjectRef) -> None:
        if verb == "list":
            lists.append(ref)
            if len(lists) > after:
                raise error

    return held


@pytest.mark.parametrize("after", [0, 1])
def test_who_may_not_list_reads_what_is_left(after: int) -> None:
    objects = [*in_one(MANY), *in_many(2)]
    refs = [ref_of(one) for one in objects]
    cluster = counting(objects, refusing(ForbiddenError("no"), after=after))
    assert all(found(cluster, refs).values())
    assert cluster.asked["get", "ConfigMap"] == (2 if after else MANY + 2)


def test_a_list_that_breaks_is_told_of_each_object_that_it_did_not_reach() -> None:
    objects = [*in_one(MANY), *in_many(2)]
    refs = [ref_of(one) for one in objects]
    cluster = counting(objects, refusing(UnreachableError("cut"), after=1))
    reads = list(each_of(cluster, refs))
    assert sorted(ref.namespace for ref, _ in reads[MANY:]) == ["team-0", "team-1"]
    assert reads[0][1]() is not None
    for _, read in reads[MANY:]:
        with pytest.raises(UnreachableError):
            read()


def test_of_a_kind_that_is_not_served_there_is_none() -> None:
    refs = [ref_of(one) for one in in_one(MANY)]
    cluster = counting([], refusing(NotFoundError("not served")))
    assert not any(found(cluster, refs).values())


@pytest.mark.parametrize(
    ("there", "hidden", "is_none"),
    [
        ([], (), True),
        ([{"deletionTimestamp": "2026-01-01T00:00:00Z", "resourceVersion": "1"}], (), True),
        ([{}], (), False),
        ([], ("Namespace",), False),
    ],
)
def test_what_may_not_be_read_is_not_there_only_where_its_namespace_is_going(
    there: list[Any], hidden: tuple[str, ...], *, is_none: bool
) -> None:
    def held(_verb: str, ref: ObjectRef) -> None:
        if ref.kind in ("ConfigMap", *hidden):
            raise ForbiddenError(f"cannot get {ref.kind}")

    kind = {"apiVersion": "v1", "kind": "Namespace"}
    spaces = [{**kind, "metadata": {"name": "team", **meta}} for meta in there]
    cluster = counting([config_map("c", "team"), *spaces], held)
    ref = ref_of(config_map("c", "team"))
    if is_none:
        assert found(cluster, [ref]) == {ref: None}
    else:
        with pytest.raises(ForbiddenError, match="cannot get ConfigMap"):
            found(cluster, [ref])
