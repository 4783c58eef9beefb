"""Who restarts by a plan, and who at some later reconcile without it: one answer everywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from migrate.kserve.rollouts import Rollout
from migrate.kserve.running import Running
from migrate.kserve.services import ServiceStatus
from migrate.objects import ObjectRef
from migrate.planning.back.rollback import Rollback, plan_rollback
from migrate.planning.back.summary import summarised, summarised_back
from migrate.planning.hold.make import make_plan
from migrate.planning.model.desired import Activate, Options, Selection
from migrate.planning.model.plan import Forecast, Outlook, Plan
from migrate.planning.model.typed import merged, parse_set
from migrate.planning.world.snapshot import Snapshot
from migrate.report.text import plan_lines
from migrate.report.wide import wide_lines
from tests.planning.clusters import codes
from tests.planning.runtimes import MLSERVER, OTHER, STOCK, model, world
from tests.planning.test_activation import applied, live
from tests.planning.test_rollouts import written

SET = f"sklearn={OTHER}"
EACH, RESTART, NONE = Activate.EACH, Activate.RESTART, Activate.NONE
DRIFTED = "seldonio/mlserver:0"


def running(*services: Any, release: str = "0.15.2", **images: str) -> Snapshot:
    """Services with workloads of one pod; ``rows`` runs what its runtime does not say."""
    found = world(*services, release=release)
    told = Rollout(pods=1, surge=1)
    at = {"iris": STOCK, "rows": DRIFTED, **images}
    workloads = {
        ObjectRef("serving.knative.dev/v1", "Service", f"{s.metadata.name}-predictor", "team"): (
            Running(at[s.metadata.name], rollout=told)
        )
        for s in services
    }
    return replace(found, workloads=workloads)


def naming(service: Any, runtime: str) -> Any:
    """The service with the name of its runtime in its status, as from 0.16 on."""
    status = ServiceStatus(cluster_serving_runtime_name=runtime)
    return msgspec.structs.replace(service, status=status)


ROWS = model("rows", "xgboost", protocolVersion="v2")
BOTH = (model("iris"), ROWS)


def plan(found: Snapshot, *sets: str, **options: Any) -> Plan:
    return make_plan(found, Options(merged(map(parse_set, sets)), **options))


def restarting(made: Plan | Rollback) -> list[str]:
    return [row.service.name for row in made.forecast if row.restarts]


def row(made: Plan, name: str) -> Forecast:
    [found] = [each for each in made.forecast if each.service.name == name]
    return found


@pytest.mark.parametrize(
    ("release", "how", "names"),
    [
        ("0.15.2", RESTART, ["iris", "rows"]),
        ("0.15.2", EACH, ["iris"]),
        ("0.15.2", NONE, ["iris"]),
        ("0.16.0", EACH, ["iris", "rows"]),  # there an edit has every service reconciled
        ("0.17.0", EACH, ["iris"]),
        ("0.20.0", RESTART, ["iris", "rows"]),
    ],
)
def test_who_restarts(release: str, how: Activate, names: list[str]) -> None:
    made = plan(running(*BOTH, release=release), SET, activate=how)
    assert row(made, "rows").outlook is Outlook.CHANGES_ANYWAY
    assert restarting(made) == names
    told = summarised(made)
    assert (told.restarts, told.anyway, told.later) == (len(names), len(names) - 1, 2 - len(names))
    assert told.pods == len(names)
    limited = plan(running(*BOTH, release=release), SET, activate=how, max_restarts=1)
    assert ("KM212" in [found.code for found in limited.findings]) is (len(names) > 1)


@pytest.mark.parametrize("named", [MLSERVER["metadata"]["name"], "kserve-sklearnserver"])
def test_an_edit_wakes_whose_status_names_the_runtime(named: str) -> None:
    """From 0.17 on; also one that has an image of its own, and so does not move by the plan."""
    own = model("rows", image="own:1", runtime="kserve-sklearnserver")
    found = running(model("iris"), naming(own, named), release="0.20.0")
    made = plan(found, SET, activate=EACH)
    assert row(made, "rows").outlook is Outlook.CHANGES_ANYWAY
    assert ("rows" in restarting(made)) is (named == "kserve-sklearnserver")


def test_what_is_set_already_acts_on_those_that_still_lag_behind() -> None:
    """Somebody set it before and woke nobody: each wakes them, and no others."""
    found = running(*BOTH, model("own", image="own:1"), own="own:0")
    after = applied(found, plan(found, SET, activate=NONE))
    made = plan(after, SET, activate=EACH)
    assert not made.operations
    woken = [a.target.name for stage in made.apply for a in stage.activations]
    assert woken == restarting(made) == ["iris"]
    assert not plan(after, SET, activate=NONE).has_work


def test_without_a_change_nobody_restarts_by_it() -> None:
    made = plan(running(*BOTH))
    assert restarting(made) == []
    assert (summarised(made).restarts, summarised(made).later) == (0, 1)


@pytest.mark.parametrize(
    ("how", "text", "finding"),
    [
        (RESTART, "restarting with this, as at the next reconcile anyway", "at the restart"),
        (EACH, "restarting at the next reconcile anyway, not by this", "not by this plan"),
    ],
)
def test_people_are_told_when(how: Activate, text: str, finding: str) -> None:
    made = plan(running(*BOTH), SET, activate=how)
    shown = "\n".join(plan_lines(made, "c"))
    assert f"1 InferenceService {text}:" in shown
    [anyway] = [f for f in made.findings if f.code == "KM202"]
    assert finding in anyway.text
    later = how is EACH
    assert ("1 at the next reconcile anyway" in " ".join(shown.split())) is later
    assert ("later" in "\n".join(wide_lines(made, "c"))) is later


def test_outside_the_selection_who_is_reconciled_for_the_edit_is_found() -> None:
    meant = Selection(formats=("sklearn",))
    for release, found in (("0.16.0", ["rows"]), ("0.17.0", None)):
        made = plan(running(*BOTH, release=release), SET, activate=EACH, selection=meant)
        assert codes(made).get("KM215") == found
        shown = " ".join("\n".join(plan_lines(made, "c")).split())
        assert ("1 InferenceService outside the selection, not moved by this" in shown) is (
            found is None
        )


@pytest.mark.parametrize(
    ("release", "how", "names"),
    [
        ("0.15.2", RESTART, ["kserve-mlserver", "kserve-sklearnserver"]),
        ("0.15.2", EACH, ["kserve-sklearnserver"]),
        ("0.15.2", NONE, ["kserve-sklearnserver"]),
        ("0.16.0", EACH, ["kserve-mlserver", "kserve-sklearnserver"]),
    ],
)
def test_the_runtimes_of_who_is_reached_are_sealed(
    release: str, how: Activate, names: list[str]
) -> None:
    made = plan(running(*BOTH, release=release), SET, activate=how)
    assert [seal.target.name for seal in made.seals] == names


def test_the_runtime_of_who_is_woken_is_sealed() -> None:
    made = plan(written(world(model("iris")), image=OTHER), SET, activate=EACH)
    assert row(made, "iris").outlook is Outlook.RUNS_ALREADY
    assert [seal.target.name for seal in made.seals] == ["kserve-sklearnserver"]


def test_a_rollback_counts_whom_it_reaches() -> None:
    for how, names in ((RESTART, ["iris", "rows"]), (EACH, ["iris"])):
        found = running(*BOTH)
        made = plan(found, SET, activate=how)
        after = applied(running(*BOTH, iris=OTHER), made)
        back = plan_rollback(made, after, live(after))
        assert restarting(back) == names
        assert summarised_back(back).later == 2 - len(names)
