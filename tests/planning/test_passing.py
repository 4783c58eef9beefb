"""The releases on the way of an upgrade, and what the manifests of each leave."""

from __future__ import annotations

from migrate.kserve.releases import parse_release
from migrate.planning.stock.passing import passing
from migrate.planning.stock.stops import stops_of
from tests.planning.converting import old, upgraded
from tests.planning.copies import cluster, isvc, own


def test_each_release_meets_what_the_one_before_it_left() -> None:
    found = cluster("0.10.2", isvc("iris"))
    way = stops_of(parse_release("0.10.2"), parse_release("0.15.2"))
    passed = list(passing(found, way))
    assert [each.release for each in passed] == list(way)
    assert [each.snapshot.release for each in passed[1:]] == [each.release for each in passed[:-1]]


def test_who_is_alike_gets_the_same_once_written() -> None:
    services = [old("one"), old("two"), old("far", namespace="other")]
    (stop,) = passing(upgraded("0.8.0", *services), [parse_release("0.9.0")])
    refs = {ref.name: ref for ref in stop.after.services}
    one, two, far = (stop.once_written(refs[name]) for name in ("one", "two", "far"))
    assert one is two is far
    assert one.runtime is not None
    assert stop.after.shared(refs["one"]).runtime is None


def test_a_namespace_with_a_runtime_of_its_own_is_looked_at_by_itself() -> None:
    services = [old("one"), old("far", namespace="other")]
    snapshot = upgraded("0.8.0", *services, own=(own("mine"),))
    (stop,) = passing(snapshot, [parse_release("0.9.0")])
    found = {ref.name: stop.once_written(ref).runtime for ref in stop.after.services}
    names = {name: runtime and runtime.name for name, runtime in found.items()}
    assert names == {"one": "mine", "far": "kserve-sklearnserver"}


def test_who_is_in_the_model_form_is_not_converted_again() -> None:
    (stop,) = passing(cluster("0.15.2", isvc("iris")), [parse_release("0.16.0")])
    (ref,) = stop.after.services
    assert not stop.is_converted(ref)
    assert stop.once_written(ref) is stop.after.shared(ref)
