"""What a rollback to a checkpoint leaves as it is, and tells: what others did since."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from migrate.objects import ObjectRef
from tests.commands.reconciling import reconcile
from tests.commands.restoring import RUNTIMES, gone, runtime, service
from tests.planning.copies import OVER
from tests.planning.restoring import (
    OURS,
    checkpoint,
    cluster,
    codes,
    copy,
    image,
    planned,
    service_ref,
    steps,
)


def test_whose_image_is_another_by_a_change_of_others_is_told() -> None:
    """With the pin, which its owner wrote, the former runtime gives another tag."""
    found = cluster()
    known = checkpoint(found)
    copy(found, "x/copied:1")
    found.patch(service_ref("iris"), {"spec": {"predictor": {"model": {"runtimeVersion": "v9"}}}})
    reconcile(found)
    made = planned(found, known)
    lost = {"iris": OVER.replace("ours", "v9")}
    assert {r.service.name: r.after_plan for r in made.forecast if r.former != r.after_plan} == lost
    assert (codes(made)["KM308"], codes(made)["KM302"]) == (["iris"], ["iris"])
    assert not made.blocking


def test_who_has_the_former_image_and_would_lose_it_blocks_the_plan() -> None:
    found = cluster()
    known = checkpoint(found)
    copy(found, OVER)
    found.patch(service_ref("iris"), {"spec": {"predictor": {"model": {"runtimeVersion": "v9"}}}})
    made = planned(found, known)
    assert [one.code for one in made.blocking] == ["KM306"]
    assert not planned(found, known, accept=("KM306=team/iris",)).blocking


def test_a_copy_stays_without_which_nobody_gets_a_runtime() -> None:
    found = cluster()
    known = checkpoint(found)
    late = service("late", "own-format")
    late["metadata"]["namespace"] = "team"
    found.create(late)
    made_since = runtime("ours", "x/own:1", "team", **OURS)
    made_since["spec"]["supportedModelFormats"] = [{"name": "own-format", "autoSelect": True}]
    found.create(made_since)
    other = copy(found, "x/copied:1", "other")
    made = planned(found, known)
    assert steps(made, "apply") == [f"Delete ServingRuntime {other.name}"]
    assert codes(made)["KM307"] == ["late"]
    assert codes(made)["KM301"] == ["late"]
    kept = planned(found, known, keep_runtimes=True)
    assert steps(kept, "apply") == []
    assert sorted(codes(kept)["KM307"]) == ["kserve-sklearnserver", "ours"]


def test_runtimes_of_others_are_left() -> None:
    found = cluster()
    mine = runtime("mine", "x/then:1", "team")
    found.create(mine)
    found.create(runtime("lost", "x/then:1", "team"))
    known = checkpoint(found)
    image(found, "x/since:1", ObjectRef(RUNTIMES, "ServingRuntime", "mine", "team"))
    gone(found, ObjectRef(RUNTIMES, "ServingRuntime", "lost", "team"))
    made = planned(found, known)
    assert not made.has_work
    assert (codes(made)["KM308"], codes(made)["KM309"]) == (["mine"], ["lost"])


def test_a_runtime_of_others_that_became_ours_is_left() -> None:
    found = cluster()
    found.create(runtime("mine", "x/then:1", "team"))
    known = checkpoint(found)
    ref = ObjectRef(RUNTIMES, "ServingRuntime", "mine", "team")
    found.patch(ref, {"metadata": OURS})
    image(found, "x/since:1", ref)
    made = planned(found, known)
    assert not made.has_work
    assert codes(made)["KM308"] == ["mine"]


def test_workloads_that_nobody_looks_at_are_told() -> None:
    found = cluster()
    known = checkpoint(found)
    spec = found.get(ObjectRef("apps/v1", "Deployment", "iris-predictor", "team"))["spec"]
    for name in ("iris-predictor", "another"):
        meta = {"name": name, "namespace": "team", "labels": {"app": "isvc.iris-predictor"}}
        ksvc = {"apiVersion": "serving.knative.dev/v1", "kind": "Service"}
        found.create({**ksvc, "metadata": meta, "spec": {"template": spec["template"]}})
    made = planned(found, known)
    [told] = [one for one in made.findings if one.code == "KM311"]
    assert [str(ref) for ref in told.objects] == ["Service team/iris-predictor"]


def test_who_was_made_anew_is_not_judged() -> None:
    found = cluster()
    known = checkpoint(found)
    whole = found.get(service_ref("iris"))
    gone(found, service_ref("iris"))
    again = {key: whole[key] for key in ("apiVersion", "kind", "spec")}
    found.create({**again, "metadata": {"name": "iris", "namespace": "team"}})
    made = planned(found, known)
    row = next(row for row in made.forecast if row.service.name == "iris")
    assert row.former is UNSET
    assert (codes(made)["KM301"], codes(made)["KM309"]) == (["iris"], ["iris"])


def test_half_of_a_run_in_the_checkpoint_is_told() -> None:
    found = cluster()
    known = msgspec.structs.replace(checkpoint(found), unfinished="20261123-000000-abcd")
    assert "KM310" in codes(planned(found, known))
