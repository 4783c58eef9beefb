"""Which runtime a model gets: ``GetSupportingRuntimes`` in ``predictor_model.go``, 0.8 to 0.20."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import msgspec
import pytest

from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.kserve.selection import (
    STABLE,
    Candidate,
    Selection,
    Wish,
    select,
)
from tests.kserve.release import rules, runtime

OLD, NEW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def one(
    name: str, *protocols: str, namespace: str = "", created: str = OLD, **spec: Any
) -> Runtime:
    """A runtime that is selected for sklearn."""
    found = runtime("sklearn", "x:1", name, namespace, protocolVersions=list(protocols), **spec)
    meta = msgspec.structs.replace(found.metadata, creation_timestamp=created)
    return msgspec.structs.replace(found, metadata=meta)


def first(name: str, priority: int | None, **more: Any) -> Runtime:
    """A runtime with a priority for sklearn."""
    formats = [{"name": "sklearn", "autoSelect": True, "priority": priority}]
    return one(name, supportedModelFormats=formats, **more)


def chosen(release: str, *runtimes: Runtime, **wish: Any) -> Selection:
    return select(Wish("n", "sklearn", **wish), Runtimes(runtimes), rules(release))


def order(selection: Selection) -> list[str]:
    return [candidate.runtime.name for candidate in selection.candidates]


def test_the_namespace_comes_first_whatever_else() -> None:
    own, cluster = first("own", 1, namespace="n"), first("cluster", 9, created=NEW)
    found = chosen("0.20", cluster, own)
    assert found.runtime == own
    assert (found.rule, found.ambiguous) == ("the only one of the namespace that fits", ())
    reason = "ServingRuntime n/own is in the namespace, which comes first"
    assert found.candidates == (Candidate(own), Candidate(cluster, reason))


def test_runtimes_of_other_namespaces_do_not_count() -> None:
    found = chosen("0.20", one("x", namespace="other"))
    assert found == Selection(())
    assert found.runtime is None


def test_the_only_one_that_fits_is_taken_and_the_others_say_why_not() -> None:
    fit, other = one("fit"), one("other", disabled=True)
    found = chosen("0.20", other, fit)
    assert (found.runtime, found.rule) == (fit, "the only one of the cluster that fits")
    assert found.candidates == (Candidate(fit), Candidate(other, "it is disabled"))


def test_nothing_is_taken_where_nothing_fits() -> None:
    found = chosen("0.20", one("a", disabled=True))
    assert (found.runtime, order(found), found.rule) == (None, ["a"], "")


@pytest.mark.parametrize("release", ["0.9", "0.10", "0.11", "0.20"])
@pytest.mark.parametrize("namespace", ["", "n"])
@pytest.mark.parametrize(
    ("rule", "wins", "loses"),
    [
        ("its name", one("a"), one("b")),
        ("created later", one("b", created=NEW), one("a", created=OLD)),
        ("a lower protocol", one("b", "v2", "v1"), one("a", "v2", created=NEW)),
        ("a lower protocol", one("b", "v2", "grpc-v2"), one("a", created=NEW)),
    ],
)
def test_the_order_is_protocol_age_name(
    release: str, namespace: str, rule: str, wins: Runtime, loses: Runtime
) -> None:
    """``sortServingRuntimeList``."""
    pair = [_in(namespace, wins), _in(namespace, loses)]
    for runtimes in permutations(pair):
        found = chosen(release, *runtimes, protocol="v2")
        assert order(found) == [wins.name, loses.name]
        where = "namespace" if namespace else "cluster"
        assert found.rule == f"first of the {where}: {rule}"
        assert found.candidates[1].lost == f"{pair[0].ref} comes first: {rule}"
        assert not found.ambiguous


def _in(namespace: str, of: Runtime) -> Runtime:
    meta = msgspec.structs.replace(of.metadata, namespace=namespace)
    return msgspec.structs.replace(of, metadata=meta)


@pytest.mark.parametrize(("wins", "loses"), [(2, 1), (1, None), (0, None), (1, 0), (None, -1)])
def test_a_higher_priority_comes_first_from_0_11_on(wins: int | None, loses: int | None) -> None:
    """``sortSupportedRuntimeByPriority``: none at all is below any; a negative one is one."""
    high, low = first("b", wins), first("a", loses, created=NEW)
    if wins is None:
        high, low = first("b", loses), first("a", wins, created=NEW)
    for runtimes in permutations([high, low]):
        found = chosen("0.11", *runtimes)
        assert (order(found), found.rule[-17:]) == (["b", "a"], "a higher priority")
        assert order(chosen("0.10", *runtimes)) == ["a", "b"]


def test_equals_in_priority_keep_their_order() -> None:
    pair = [first("b", 1, created=NEW), first("a", 1, created=OLD)]
    assert order(chosen("0.11", *pair)) == order(chosen("0.11", *pair[::-1])) == ["b", "a"]


def test_more_than_twelve_of_one_priority_have_no_order() -> None:
    """Go's ``sort.Slice`` keeps the order of equals only where it sorts by insertion."""
    names = [f"r{number:02}" for number in range(STABLE + 1)]
    equal = [first(name, 1) for name in names]
    found = chosen("0.11", *equal)
    assert found.ambiguous == tuple(names[1:])
    assert chosen("0.11", *equal[:-1]).ambiguous == ()
    assert chosen("0.10", *equal).ambiguous == ()
    top = first("z", 2)
    assert chosen("0.11", *equal, top).ambiguous == ()
    below = chosen("0.11", *equal[:2], *(first(name, 0) for name in names[2:]))
    assert below.ambiguous == (names[1],)


def test_0_8_keeps_no_order() -> None:
    pair = [one("b"), one("a", created=NEW)]
    found = chosen("0.8", *pair)
    assert order(found) == ["b", "a"]
    assert found.ambiguous == ("a",)
    assert found.rule == "first of the cluster: by no rule"
    assert found.candidates[1].lost == "ClusterServingRuntime b comes first: by no rule"
    assert chosen("0.8", one("b"), one("a")).rule == "first of the cluster: by no rule"
    assert chosen("0.8", one("b")).ambiguous == ()


def test_ambiguous_are_only_those_of_the_same_place() -> None:
    found = chosen("0.8", one("a", namespace="n"), one("b"), one("c"))
    assert found.ambiguous == ()
