"""What is left of a run is judged by the rules of the release that runs now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrate.errors import BlockedError
from migrate.kserve.releases import parse_release
from migrate.objects import Manifest, ObjectRef
from migrate.operations.model import Convert, Holds, Restart
from migrate.operations.patching import apply_edits
from migrate.planning.back.across import is_across, rejudged
from migrate.planning.back.rollback import plan_rollback
from migrate.planning.hold.make import make_plan
from migrate.planning.model.desired import Activate, Options
from migrate.planning.model.plan import Plan
from migrate.planning.model.typed import merged, parse_set
from migrate.planning.stock.upgraded import upgraded
from migrate.planning.world.snapshot import Snapshot
from tests.planning import clusters
from tests.planning.converting import SKLEARN as REPOSITORY
from tests.planning.converting import converting, old
from tests.planning.converting import upgraded as written_by_0_7
from tests.planning.copies import OVER, SKLEARN, applied, cluster, isvc, own, plan

CONFIG = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")


def under(found: Snapshot, release: str) -> Snapshot:
    """The cluster under another release, as its released manifests leave it."""
    return upgraded(found, parse_release(release))


def live(found: Snapshot, made: Plan) -> dict[ObjectRef, Manifest | None]:
    """The objects of a plan as they are."""
    whole = {found.config_ref: found.config, **found.originals}
    return {op.target: whole.get(op.target) for op in made.operations}


def judged(found: Snapshot, made: Plan, *accepted: str) -> Plan:
    return rejudged(made, found, live(found, made), accepted)


def codes(made: Plan) -> dict[str, list[str]]:
    return {f.code: [ref.name for ref in f.objects] for f in made.findings}


def test_operations_and_waves_are_as_recorded_and_the_release_is_told() -> None:
    found = cluster("0.9.0", isvc("iris"), isvc("far", namespace="other"))
    made = plan(found, wave_size=1)
    again = judged(under(found, "0.10.2"), made)
    assert codes(again) == {"KM553": []}
    assert (again.release, again.operations) == ("0.10.2", made.operations)
    assert [s.operations for s in again.apply] == [s.operations for s in made.apply]
    assert again.activations == made.activations
    images = {row.service.name: row.after_plan for row in again.forecast}
    assert images == {"iris": OVER, "far": OVER}
    assert not is_across(again, under(found, "0.10.2").rules)


def test_waits_are_those_of_the_release_that_runs() -> None:
    """0.16 says in the status which runtime a service uses, 0.15 does not; what runs is another."""
    found = cluster("0.15.2", isvc("iris"))
    made = plan(found)
    assert not any("servingRuntimeName" in path for path in waits(made))
    again = judged(under(found, "0.16.0"), made)
    assert "/status/servingRuntimeName" in waits(again)


def waits(made: Plan) -> list[str]:
    conditions = (one for stage in made.apply for one in stage.conditions)
    return [one.path for one in conditions if isinstance(one, Holds)]


def test_the_controller_that_runs_now_is_restarted() -> None:
    found = cluster("0.8.0", isvc("iris"))
    made = plan(found, activate=Activate.RESTART)
    now = ObjectRef("apps/v1", "Deployment", "kserve-controller-manager", "kserve")
    later = replace(under(found, "0.9.0"), controllers=(now,))
    restarts = [act.target for act in judged(later, made).activations if isinstance(act, Restart)]
    assert restarts == [now]
    assert made.activations != ()


def test_who_would_get_another_image_is_an_error_unless_accepted() -> None:
    found = cluster("0.9.0", isvc("iris"), isvc("two"))
    made = plan(found)
    pinned = isvc("two", runtimeVersion="mine")
    later = under(cluster("0.9.0", isvc("iris"), pinned), "0.10.2")
    again = judged(later, made)
    assert codes(again)["KM554"] == ["two"]
    assert again.blocking
    assert not judged(later, made, "KM554").blocking
    assert not judged(later, made, "KM554=team/two").blocking


def test_who_was_not_to_move_and_would_by_what_is_left_is_an_error() -> None:
    """0.10 knows no priority: the newest runtime of a namespace comes first, here the copy."""
    formats = [{"name": "sklearn", "version": "1", "autoSelect": True, "priority": 5}]
    theirs = own("theirs", spec={"supportedModelFormats": formats})
    services = (isvc("named", runtime=SKLEARN), isvc("free"))
    found = cluster("0.11.2", *services, own=(theirs,))
    made = plan(found)
    assert not made.blocking
    assert [row.service.name for row in made.forecast if row.runtime_after_plan is None] == []
    again = judged(under(found, "0.10.2"), made)
    assert codes(again)["KM555"] == ["free"]
    assert again.blocking


def test_what_is_done_is_not_asked_again() -> None:
    """The whole plan stands: an edit that the release does not read would else be refused."""
    found = clusters.snapshot(clusters.IRIS, images=clusters.NOW)
    made = clusters.plan(found, "sklearn=r/s:v0.7.0")
    pending = under(found, "0.10.2")
    with pytest.raises(BlockedError, match=r"KServe 0\.10 does not read predictors") as caught:
        judged(pending, made)
    assert "kmigrate rollback" in caught.value.hint
    assert "KServe 0.7.0" in caught.value.hint
    [operation] = made.operations
    done = {operation.target: edited(found, made)}
    again = rejudged(made, pending, done)
    assert codes(again)["KM554"] == ["iris"]


def edited(found: Snapshot, made: Plan) -> Manifest:
    [operation] = made.operations
    return apply_edits(operation.change.edits, found.config)  # type: ignore[union-attr]


def test_runtimes_cannot_be_made_where_there_are_none() -> None:
    found = cluster("0.9.0", isvc("iris"))
    made = plan(found)
    with pytest.raises(BlockedError, match=r"KServe 0\.7 has no ServingRuntimes \(Serving"):
        judged(under(found, "0.7.0"), made)


def test_a_pin_in_the_framework_form_cannot_be_written_where_that_converts() -> None:
    found = clusters.snapshot(clusters.IRIS, images=clusters.NOW)
    made = clusters.plan(found, "sklearn=r/s:t", repin=True)
    with pytest.raises(BlockedError, match="converts a service at any write"):
        judged(under(found, "0.9.0"), made)


def test_nothing_is_judged_where_the_release_is_not_known() -> None:
    found = cluster("0.9.0", isvc("iris"))
    unknown = replace(found, release=None, rules=None)
    with pytest.raises(BlockedError, match="is not known"):
        judged(unknown, plan(found))


def test_conversions_that_are_left_are_foretold_by_the_webhook_that_runs() -> None:
    found = written_by_0_7("0.9.0", old("iris"), sklearn_v1=REPOSITORY)
    made = converting(found)
    later = under(found, "0.10.2")
    again = judged(later, made)
    assert not again.blocking, again.findings
    [row] = again.forecast
    assert row.after_plan == f"{REPOSITORY}:v0.7.0"
    assert any(isinstance(act, Convert) for act in again.activations)
    assert "/spec/predictor/model/modelFormat/name" in waits(again)


@pytest.mark.parametrize("release", ["0.10.2", "0.11.2", "0.16.0"])
def test_a_rollback_takes_the_copies_away_and_tells_what_they_go_back_to(release: str) -> None:
    found = cluster("0.9.0", isvc("iris"))
    made = plan(found)
    later = under(applied(found, made), release)
    back = plan_rollback(made, later, live(later, made))
    told = {f.code: [ref.name for ref in f.objects] for f in back.findings}
    assert told["KM302"] == ["iris"]
    assert told["KM553"] == []
    [row] = back.forecast
    assert row.after_plan not in (None, OVER)
    assert [op.target.name for wave in back.waves for op in wave.operations] == [SKLEARN]


def test_under_the_same_rules_a_runtime_that_was_changed_forbids_it_as_ever() -> None:
    found = cluster("0.9.0", isvc("iris"))
    made = plan(found)
    later = under(applied(found, made), "0.9.0")
    with pytest.raises(BlockedError, match="changed since the run"):
        plan_rollback(made, later, live(later, made))


def test_pins_that_cannot_be_written_stay_and_are_told() -> None:
    found = clusters.snapshot(clusters.IRIS, images=clusters.NOW)
    made = clusters.plan(found, "sklearn=r/s:t", repin=True)
    moved = clusters.service("iris", sklearn={"runtimeVersion": "t"})
    later = under(clusters.snapshot(moved, images={"iris": "r/s:t"}), "0.9.0")
    back = plan_rollback(made, later, {later.config_ref: later.config})
    told = {f.code: [ref.name for ref in f.objects] for f in back.findings}
    assert told["KM556"] == ["iris"]
    assert [ref.name for ref in back.stays] == ["iris"]
    kinds = {op.target.kind for wave in back.waves for op in wave.operations}
    assert "InferenceService" not in kinds


def test_an_edit_that_was_to_be_held_back_is_refused_where_it_acts_at_once() -> None:
    """From 0.16 on KServe reconciles the services of a ClusterServingRuntime that is edited."""
    found = cluster("0.15.2", isvc("iris"), images={})
    wanted = merged([parse_set(f"runtime/{SKLEARN}=registry.example.com/ml/next:v1")])
    made = make_plan(found, Options(wanted, activate=Activate.NONE))
    assert made.operations
    with pytest.raises(BlockedError, match="acts on an edited runtime at once"):
        judged(under(found, "0.16.0"), made)
    assert judged(under(found, "0.14.1"), made).operations == made.operations
