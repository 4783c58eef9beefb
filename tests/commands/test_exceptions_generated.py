"""Generated clusters: who is excepted gets what a plan for that alone would give, or stays."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.commands import making
from migrate.errors import BlockedError
from migrate.objects import ObjectRef
from migrate.planning.model.desired import Desired, Exempt, Options
from migrate.planning.model.plan import Plan
from migrate.planning.model.strategy import Scope, Strategy
from tests.commands.moving import apply, everything, rollback
from tests.commands.test_scope_service_generated import LEFT_OUT
from tests.commands.test_to_runtimes_generated import IMAGE, generated, gets, seen

OTHER = "registry.example.com/x/y:other"
Lots = dict[ObjectRef, Any]


def planned(found: MemoryCluster, name: str, image: str, scope: Scope, *but: Exempt) -> Plan | None:
    """A plan that may be applied."""
    wanted = Desired(runtime=name, image=image, exceptions=but)
    options = Options((wanted,), Strategy.TO_RUNTIMES, scope, accept=LEFT_OUT)
    try:
        made = making.plan(found, "kserve", options)
    except BlockedError:
        return None
    return None if made.blocking else made


def there_and_back(found: MemoryCluster, made: Plan) -> Lots:
    """What each service gets after the plan; then all is as it was."""
    at_first = everything(found)
    if not made.operations:
        return gets(seen(found))
    apply(found, made)
    after = gets(seen(found))
    rollback(found)
    assert everything(found) == at_first
    return after


def ends(lots: Lots) -> tuple[str, str]:
    """The first and the last namespace, which may be one."""
    places = sorted({ref.namespace for ref in lots})
    return places[0], places[-1]


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("release", ["0.11.2", "0.20.0"])
def test_who_is_excepted_gets_what_a_plan_for_that_alone_gives(release: str, scope: Scope) -> None:
    kept = other = 0
    for index in range(5):
        found, names = generated(release, index)
        before = gets(seen(found))
        stay, differs = ends(before)
        but = (Exempt(namespaces=(stay,)), Exempt(namespaces=(differs,), image=OTHER))
        for name in names[:4]:
            plans = [planned(found, name, image, scope) for image in (IMAGE, OTHER)]
            excepted = planned(found, name, IMAGE, scope, *but)
            if excepted is None or None in plans:
                continue
            after = there_and_back(found, excepted)
            plain, alone = (there_and_back(found, made) for made in plans if made)
            expected = {differs: alone, stay: before}  # the first exception decides
            for ref, lot in after.items():
                assert lot == expected.get(ref.namespace, plain)[ref], (index, name, ref)
            kept += any(plain[ref] != before[ref] for ref in before if ref.namespace == stay)
            other += any(after[ref] != plain[ref] for ref in before if ref.namespace != stay)
    assert kept
    assert other
