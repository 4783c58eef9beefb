"""Runtimes of another team in a namespace: of the same name, or in force and not yet taken up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.objects import ObjectRef
from migrate.planning.model.desired import Activate
from migrate.planning.model.plan import Finding, Outlook, Plan
from migrate.planning.world.snapshot import Snapshot
from tests.planning.copies import (
    OVER,
    RELEASES,
    SKLEARN,
    cluster,
    created,
    isvc,
    own,
    plan,
    woken_by,
)

EARLY = ("0.8.0", "0.9.0")
"""Releases that read no priority of runtimes."""
NEW = "registry.example.com/ml/sklearnserver:next"


def armed(release: str, **spec: Any) -> Snapshot:
    """Two services that run the cluster's image, and a runtime that takes one of them up next."""
    found = cluster(release, isvc("theirs", protocolVersion="v1"), isvc("ours", runtime=SKLEARN))
    formats = [{"name": "sklearn", "version": "1", "autoSelect": True, "priority": 7}]
    made = msgspec.convert(own("armed", spec={"supportedModelFormats": formats, **spec}), Runtime)
    return replace(found, runtimes=Runtimes([*found.runtimes.everywhere, made]))


def told(made: Plan, code: str) -> list[Finding]:
    return [finding for finding in made.findings if finding.code == code]


WISHES = pytest.mark.parametrize("sets", [(), (f"sklearn={NEW}",)])


@WISHES
@pytest.mark.parametrize("release", [each for each in RELEASES if each not in EARLY])
def test_who_is_asleep_on_the_former_is_told_and_left_asleep(
    release: str, sets: tuple[str, ...]
) -> None:
    made = plan(armed(release), *sets)
    rows = {row.service.name: row for row in made.forecast}
    assert (rows["theirs"].now, rows["theirs"].after_reconcile) == (OVER, "x:1")
    assert rows["theirs"].outlook is Outlook.CHANGES_ANYWAY
    assert not rows["theirs"].restarts
    assert woken_by(made) == ["ours"]
    [one] = told(made, "KM202")
    assert [ref.name for ref in one.objects] == ["theirs"]
    assert "not by this plan" in one.text
    assert created(made) == [f"team/{SKLEARN}"]
    assert not made.blocking


@pytest.mark.parametrize("release", ["0.15.2", "0.20.0"])
def test_a_restart_wakes_them_and_that_is_told(release: str) -> None:
    made = plan(armed(release), activate=Activate.RESTART)
    assert [row.service.name for row in made.forecast if row.restarts] == ["theirs"]
    [one] = told(made, "KM202")
    assert one.text.endswith("they change at the restart")


@WISHES
@pytest.mark.parametrize("release", EARLY)
def test_where_the_newest_wins_a_copy_would_take_them_and_is_refused(
    release: str, sets: tuple[str, ...]
) -> None:

    made = plan(armed(release), *sets)
    assert any("they use ServingRuntime team/armed" in one.text for one in told(made, "KM231"))
    assert made.blocking


ARGO = {
    "annotations": {
        "argocd.argoproj.io/tracking-id": f"app:serving.kserve.io/ServingRuntime:team/{SKLEARN}"
    }
}


@pytest.mark.parametrize(
    ("meta", "whose"), [({}, "made by somebody else"), (ARGO, "belongs to Argo CD")]
)
@pytest.mark.parametrize("release", RELEASES)
def test_one_of_the_same_name_is_never_touched_and_its_owner_is_named(
    release: str, meta: dict[str, Any], whose: str
) -> None:
    found = cluster(
        release, isvc("iris"), isvc("far", namespace="other"), own=(own(SKLEARN, **meta),)
    )
    made = plan(found, f"sklearn={NEW}")
    [one] = told(made, "KM230")
    assert whose in one.text
    assert one.blocks
    assert one.objects == (
        ObjectRef("serving.kserve.io/v1alpha1", "ServingRuntime", SKLEARN, "team"),
    )
    assert created(made) == [f"other/{SKLEARN}"]
