"""The releases on the way of an upgrade, and what the manifests of each leave."""

from __future__ import annotations

import pytest

from migrate.errors import UsageError
from migrate.kserve.releases import parse_release
from migrate.planning.stops import releases_to, stops
from tests.planning.converting import old, upgraded
from tests.planning.copies import cluster, isvc, own


def way(origin: str, target: str) -> list[str]:
    return [str(each) for each in releases_to(parse_release(origin), parse_release(target))]


@pytest.mark.parametrize(
    ("origin", "target", "expected"),
    [
        ("0.7.0", "0.8.0", ["0.8.0"]),
        ("0.7.0", "0.9.0", ["0.8.0", "0.9.0"]),
        ("0.9.0", "0.11.1", ["0.10.2", "0.11.1"]),
        ("0.10.0", "0.10.2", ["0.10.2"]),
        ("0.15.2", "0.19.0", ["0.16.0", "0.17.1", "0.18.1", "0.19.0"]),
    ],
)
def test_the_newest_known_patch_of_each_minor_is_passed(
    origin: str, target: str, expected: list[str]
) -> None:
    assert way(origin, target) == expected


@pytest.mark.parametrize(
    ("origin", "target"), [("0.15.2", "0.9.0"), ("0.15.2", "0.15.2"), ("0.20.0", "0.21.0")]
)
def test_a_release_that_is_older_the_same_or_not_known_is_refused(origin: str, target: str) -> None:
    with pytest.raises(UsageError, match=f"newer than {origin}") as told:
        way(origin, target)
    assert ("none is known" in told.value.hint) == (origin == "0.20.0")
    assert "0.9.0" not in told.value.hint


def test_what_a_release_on_the_way_brings_stays() -> None:
    """0.14 ships a runtime of its own for OpenVINO, and 0.15 none."""
    found = cluster("0.10.2", isvc("iris"))
    target = parse_release("0.15.2")
    passed = list(stops(found, releases_to(parse_release("0.10.2"), target)))
    (direct,) = stops(found, [target])
    names = [set(each.after.config.runtimes.of("")) for each in (passed[-1], direct)]
    assert names[0] > names[1]
    assert [each.snapshot.release for each in passed[1:]] == [each.release for each in passed[:-1]]


def test_who_is_alike_gets_the_same_once_written() -> None:
    services = [old("one"), old("two"), old("far", namespace="other")]
    (stop,) = stops(upgraded("0.8.0", *services), [parse_release("0.9.0")])
    refs = {ref.name: ref for ref in stop.after.services}
    one, two, far = (stop.once_written(refs[name]) for name in ("one", "two", "far"))
    assert one is two is far
    assert one.runtime is not None
    assert stop.after.shared(refs["one"]).runtime is None


def test_a_namespace_with_a_runtime_of_its_own_is_looked_at_by_itself() -> None:
    services = [old("one"), old("far", namespace="other")]
    snapshot = upgraded("0.8.0", *services, own=(own("mine"),))
    (stop,) = stops(snapshot, [parse_release("0.9.0")])
    found = {ref.name: stop.once_written(ref).runtime for ref in stop.after.services}
    names = {name: runtime and runtime.name for name, runtime in found.items()}
    assert names == {"one": "mine", "far": "kserve-sklearnserver"}


def test_who_is_in_the_model_form_is_not_converted_again() -> None:
    (stop,) = stops(cluster("0.15.2", isvc("iris")), [parse_release("0.16.0")])
    (ref,) = stop.after.services
    assert not stop.is_converted(ref)
    assert stop.once_written(ref) is stop.after.shared(ref)
