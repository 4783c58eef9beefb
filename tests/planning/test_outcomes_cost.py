"""What it costs to say where the services of a large run stand."""

from __future__ import annotations

from time import process_time

import msgspec
import pytest

from migrate.objects import ObjectRef
from migrate.operations.classify import Standing
from migrate.operations.model import Create, Direction, Operation, Wake
from migrate.planning.back.outcomes import Journey, Outcome, Seen, outcomes
from migrate.planning.model.plan import Plan, Stage
from migrate.planning.world.copies import copy_ref
from tests.commands.moving import cluster, planned
from tests.planning.copies import SKLEARN

FEW, MANY = 1000, 10_000


def large(number: int, *, has_objects: bool) -> Plan:
    """A plan of so many services, each on a copy, or all on runtimes that it leaves alone."""
    made = planned(cluster())
    row = msgspec.structs.replace(made.forecast[0], restarts=False)
    copies = [copy_ref(SKLEARN, f"team-{at}") for at in range(number)]
    services = [
        ObjectRef(row.service.api_version, row.service.kind, f"m{at}", copies[at].namespace)
        for at in range(number)
    ]
    rows = (
        msgspec.structs.replace(
            row,
            service=ref,
            runtime=None,
            runtime_after_plan=copies[at] if has_objects else None,
        )
        for at, ref in enumerate(services)
    )
    stage = Stage(tuple(range(len(copies))), tuple(map(Wake, services)))
    return msgspec.structs.replace(
        made,
        operations=tuple(Operation(copy, Create({}), "") for copy in copies),
        forecast=tuple(rows),
        apply=(stage,),
        rollback=(stage,),
    )


def seconds(plan: Plan) -> float:
    """The processor's time for telling all of its services, none of which KServe says anything."""
    standings = {operation.target: Standing.APPLIED for operation in plan.operations}
    seen = {row.service: Seen() for row in plan.forecast}
    journey = Journey(Direction.APPLY, is_finished=True)
    began = process_time()
    told = list(outcomes(plan, journey, standings, seen))
    ended = process_time()
    assert len(told) == len(plan.forecast)
    assert {one.standing for one in told} == {Standing.APPLIED}
    assert {one.actuation for one in told} == {Outcome.SUCCEEDED}
    return ended - began


@pytest.mark.parametrize("has_objects", [True, False])
def test_ten_times_the_services_cost_no_hundred_times_the_work(*, has_objects: bool) -> None:
    few, many = (large(number, has_objects=has_objects) for number in (FEW, MANY))
    least = min(seconds(few) for _ in range(5))
    assert min(seconds(many) for _ in range(3)) < 30 * least
