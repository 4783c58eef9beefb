"""Copies from which somebody took the label by which kmigrate finds its own, taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.errors import Exit
from migrate.kserve import terms
from migrate.objects import ObjectRef
from migrate.planning.world.copies import copy_ref
from tests.commands.admitting import planned as converting
from tests.commands.admitting import two
from tests.commands.editing import COPY, FAR, NAME
from tests.commands.moving import NEW, apply, cluster, everything, planned, runtimes
from tests.commands.verbs import Verbs
from tests.planning.copies import SKLEARN

MLSERVER = "kserve-mlserver"

Open = Callable[[MemoryCluster], Verbs]
NEXT, OURS = (f"registry.example.com/ml/sklearnserver:{tag}" for tag in ("next", "ours"))


@pytest.fixture
def verbs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Open:
    return lambda found: Verbs(found, monkeypatch, capsys)


def unlabelled(found: MemoryCluster, ref: ObjectRef) -> None:
    found.patch(ref, {"metadata": {"labels": {terms.MANAGED_BY: None}}})


def services_in(said: str) -> str:
    """The part of a preview that tells who is restarted by the rollback."""
    told = said.partition("restarting by this:")[2].partition("Findings:")[0]
    assert told, said
    return told


def test_the_preview_knows_that_it_goes(verbs: Open) -> None:
    found = cluster("0.16.0")
    apply(found, planned(found, NEW))
    unlabelled(found, FAR)
    flags = ("-n", "other", "--force-field", f"ServingRuntime/other/{SKLEARN}")
    code, _, said = verbs(found)("rollback", "-y", *flags)
    assert (code, runtimes(found)) == (Exit.OK, [f"team/{n}" for n in (MLSERVER, SKLEARN)])
    assert f"after rollback: {OURS}" in services_in(said)


@pytest.mark.parametrize("wishes", [(), (NEW,)])
def test_whom_it_would_take_is_refused_with_the_way_out(
    verbs: Open, wishes: tuple[str, ...]
) -> None:
    found = cluster()
    apply(found, planned(found, *wishes))
    unlabelled(found, COPY)
    code, _, said = verbs(found)("rollback", "-y")
    assert (code, f"--force-field {NAME}" in said) == (Exit.BLOCKED, True)
    assert verbs(found)("rollback", "-y", "--force-field", NAME)[0] == Exit.OK
    assert everything(found) == everything(cluster())


def test_one_that_a_later_run_edited_is_known_to_be_set_back(verbs: Open) -> None:
    found = cluster("0.16.0")
    apply(found, planned(found))
    apply(found, planned(found, NEW))
    unlabelled(found, FAR)
    _, _, said = verbs(found)("rollback", "-y", "-n", "other")
    assert f"after rollback: {OURS}" in services_in(said)
    assert f"next reconcile: {NEXT}" in services_in(said)


def test_one_that_a_converted_service_needs_stays_though_it_is_forced(verbs: Open) -> None:
    found = two()
    apply(found, converting(found))
    unlabelled(found, copy_ref(SKLEARN, "other"))
    before = runtimes(found)
    code, _, said = verbs(found)("rollback", "-y", "--force-field", "ServingRuntime/*")
    assert (code, runtimes(found)) == (Exit.OK, before), said
