"""Generated clusters: a pin gives what a change in place would give, and nobody else moves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.commands import making
from migrate.errors import BlockedError
from migrate.kserve.admission import admitted
from migrate.objects import ObjectRef
from migrate.operations.model import Patch
from migrate.planning.model import codes
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Plan
from migrate.planning.model.strategy import Scope
from migrate.planning.world.changed import carried_out
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of
from tests.commands.moving import apply, everything, planned, rollback
from tests.commands.test_to_runtimes_generated import IMAGE, generated, gets, seen
from tests.planning.copies import RELEASES

LEFT_OUT = (codes.NOT_PINNED, codes.LOST_NAME, codes.NOT_OURS, codes.PINNED, codes.SERVED_AS_MODEL)
"""Findings that may be accepted here: who cannot be pinned stays, and images are not run."""


def tried(found: MemoryCluster, *sets: str) -> Plan | None:
    """A plan that may be applied, and pins somebody."""
    try:
        made = planned(found, *sets, scope=Scope.SERVICE, accept=LEFT_OUT)
    except BlockedError:
        return None
    return made if _pinned(made) and not made.blocking else None


def _pinned(made: Plan) -> set[ObjectRef]:
    return {op.target for op in made.operations if isinstance(op.change, Patch)}


def stored(found: Snapshot, services: set[ObjectRef]) -> Snapshot:
    """The cluster after a write of these services that changes nothing by itself."""
    assert found.rules is not None
    config = world_of(found, found.rules).config
    again = [admitted(found.services[ref], config) for ref in services]
    return replace(found, services=found.services.changed(again))


def in_place(found: MemoryCluster, sets: tuple[str, ...]) -> Snapshot:
    made = making.plan(found, "kserve", making.options(sets, "", Options(accept=LEFT_OUT)))
    return carried_out(seen(found), made.operations)


@pytest.mark.parametrize("release", RELEASES)
def test_a_pin_gives_what_a_change_in_place_would_give(release: str) -> None:
    rounds = 0
    for index in range(4):
        found, names = generated(release, index)
        for sets in ((), *((f"runtime/{name}={IMAGE}",) for name in names[:3])):
            made = tried(found, *sets)
            if made is None:
                continue
            pins, before, at_first = _pinned(made), gets(seen(found)), everything(found)
            wished = in_place(found, sets)
            unwritten, written = gets(wished), gets(stored(wished, pins))
            apply(found, made)
            after = gets(stored(seen(found), pins))
            for ref in before:
                expected = (unwritten, written) if ref in pins else (before,)
                assert after[ref] in [one[ref] for one in expected], (index, sets, ref)
            assert not _pinned(planned(found, *sets, scope=Scope.SERVICE, accept=LEFT_OUT))
            rollback(found)
            assert everything(found) == at_first
            rounds += 1
    assert rounds
