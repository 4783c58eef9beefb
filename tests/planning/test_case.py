"""What a wish reaches: runtimes of the cluster stay as they are where namespaces get copies."""

from __future__ import annotations

from functools import partial

from migrate.planning.change.expand import source_ref
from migrate.planning.model.targets import targets_of
from migrate.planning.model.typed import parse_set
from migrate.planning.world.case import Case
from migrate.planning.world.copies import copy_ref
from migrate.planning.world.forecast import forecast
from migrate.planning.world.worlds import world_of
from tests.planning.copies import SKLEARN, cluster, isvc


def test_a_wish_does_not_reach_who_stays_on_the_runtime_of_the_cluster() -> None:
    found = cluster("0.16.0", isvc("iris", protocolVersion="v1"))
    assert found.rules is not None
    now = world_of(found, found.rules)
    targets = targets_of([parse_set(f"runtime/{SKLEARN}=a/b:c")], now.config)
    (row,) = forecast(now, now, now, found.workloads)
    assert row.runtime_after_plan == source_ref(SKLEARN)
    made = partial(Case, found, now, now, {}, targets, [row], (), (), ())
    elsewhere = copy_ref(SKLEARN, "other")
    apart = made(copies=frozenset({elsewhere}), carried={elsewhere: targets})
    assert list(apart.reaching(row)) == []
    assert list(made().reaching(row)) == list(targets)
