"""Between any two writes any service may be reconciled: what it gets then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import pytest

from migrate.objects import ObjectRef
from migrate.operations.invert import invert
from migrate.operations.model import Operation
from migrate.planning.model.plan import Plan, Stage
from migrate.planning.world.changed import carried_out
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of
from tests.planning.copies import MLSERVER, SKLEARN, cluster, installed, isvc, plan

RELEASES = ("0.9.0", "0.11.2", "0.15.2", "0.20.0")
FORMATS = ("sklearn", "xgboost", "lightgbm", "tensorflow", "pytorch", "onnx", "pmml", "paddle")
OURS = "registry.example.com/x/server:ours"
NEW = "registry.example.com/x/server:next"


def everybody() -> list[dict[str, object]]:
    """A service for each format and protocol."""
    asked = [{}, {"protocolVersion": "v1"}, {"protocolVersion": "v2"}]
    return [
        isvc(f"{format_}-{at}", format_, **protocol)
        for format_ in FORMATS
        for at, protocol in enumerate(asked)
    ]


def moments(made: Plan, stages: Sequence[Stage]) -> Iterator[list[Operation]]:
    """Yield what may be written at a moment: whole stages, and any part of the next one."""
    done: list[Operation] = []
    for stage in stages:
        coming = [made.operations[at] for at in stage.operations]
        for some in (*((one,) for one in coming), *combinations(coming, 2)):
            yield [*done, *some]
        done.extend(coming)
        yield list(done)


def gets(found: Snapshot) -> dict[ObjectRef, object]:
    """What each service gets, if it is reconciled now."""
    assert found.rules is not None
    resolved = world_of(found, found.rules).resolved
    return {ref: (one.image, one.pod) for ref, one in resolved.items()}


@pytest.mark.parametrize("release", RELEASES)
def test_at_no_moment_does_a_move_give_anybody_other_pods(release: str) -> None:
    names = [each["metadata"]["name"] for each in installed(release, {})]
    sets = [dict.fromkeys(names, OURS), *({name: OURS} for name in names)]
    seen = 0
    for images in sets:
        found = cluster(release, *everybody(), images=images)
        made, before = plan(found), gets(found)
        assert not made.blocking
        for written in moments(made, made.apply):
            assert gets(carried_out(found, written)) == before, [str(o.target) for o in written]
            seen += 1
        after = carried_out(found, made.operations)
        for written in moments(made, made.rollback):
            back = [invert(operation) for operation in written]
            assert gets(carried_out(after, back)) == before, [str(o.target) for o in written]
    assert seen > len(names)


@pytest.mark.parametrize("release", RELEASES)
def test_at_no_moment_does_anybody_get_what_was_wanted_for_another_runtime(release: str) -> None:
    found = cluster(release, *everybody(), images={})
    wanted = {SKLEARN: NEW, MLSERVER: OURS}
    made = plan(found, *(f"runtime/{name}={image}" for name, image in wanted.items()))
    assert not made.blocking
    rows = {row.service: row for row in made.forecast}
    before = gets(found)
    for written in moments(made, made.apply):
        for ref, got in gets(carried_out(found, written)).items():
            assert isinstance(got, tuple)
            allowed = (before[ref][0], rows[ref].after_plan)  # type: ignore[index]
            assert got[0] in allowed, (str(ref), [str(o.target) for o in written])
