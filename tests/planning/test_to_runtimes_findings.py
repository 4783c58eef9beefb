"""What keeps images from being moved into runtimes, and what else is told."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.objects import ObjectRef, ref_of
from migrate.planning.model.desired import Selection
from migrate.planning.model.plan import Plan
from tests.planning.clusters import codes, service, snapshot
from tests.planning.copies import (
    SKLEARN,
    cluster,
    copy,
    created,
    isvc,
    own,
    plan,
    reconciled,
    woken_by,
)

NEW = "registry.example.com/ml/sklearnserver:next"


def runtimes_after(made: Plan) -> dict[str, ObjectRef | None]:
    return {row.service.name: row.runtime_after_plan for row in made.forecast}


def test_a_foreign_runtime_that_does_not_fit_keeps_the_copy_from_being_made() -> None:
    disabled = own(SKLEARN, spec={"disabled": True})
    made = plan(cluster("0.15.2", isvc("iris"), own=(disabled,)))
    assert codes(made)["KM230"] == [SKLEARN]
    assert made.blocking


def test_who_no_copy_keeps_in_place_is_told() -> None:
    """A runtime of the namespace with the same priority loses against a newer copy."""
    theirs = own("theirs", spec={"protocolVersions": ["v1"]})
    theirs["spec"]["supportedModelFormats"][0]["version"] = "7"
    found = cluster("0.15.2", isvc("mine"), isvc("named", runtime=SKLEARN), own=(theirs,))
    made = plan(found)
    assert runtimes_after(made)["mine"] != copy("theirs")
    assert codes(made)["KM231"] == ["mine"]
    assert made.blocking


def test_the_webhook_is_asked_beforehand() -> None:
    theirs = own("theirs")
    found = cluster("0.15.2", isvc("named", runtime=SKLEARN), own=(theirs,))
    [told] = [f for f in plan(found).findings if f.code == "KM232"]
    assert "theirs has the same priority for sklearn" in told.text
    assert told.blocks
    assert "KM232" not in codes(plan(cluster("0.9.0", isvc("n", runtime=SKLEARN), own=(theirs,))))


@pytest.mark.parametrize("release", ["0.9.0", "0.11.2", "0.20.0"])
@pytest.mark.parametrize("args", [["--http_port=8080"], ["--model_name=iris"]])
def test_a_copy_that_serves_every_model_alike_is_refused(release: str, args: list[str]) -> None:
    found = cluster(release, isvc("rows"), ready=False)
    ref = next(ref for ref in found.originals if ref.name == SKLEARN)
    found.originals[ref]["spec"]["containers"][0]["args"] = args
    runtimes = [msgspec.convert(m, Runtime) for m in found.originals.values()]
    made = plan(reconciled(replace(found, runtimes=Runtimes(runtimes))))
    [told] = [f for f in made.findings if f.code == "KM401"]
    assert told.blocks
    assert f'as "{"iris" if args[0].endswith("iris") else "model"}"' in told.text
    assert [ref.name for ref in told.objects] == ["rows"]


def test_a_pin_over_the_copy_is_told_and_moved_with_repin() -> None:
    found = cluster("0.15.2", isvc("old", runtimeVersion="v1"), isvc("new"), images={})
    made = plan(found, f"sklearn={NEW}")
    assert codes(made)["KM201"] == ["old"]
    assert made.blocking
    moved = plan(found, f"sklearn={NEW}", repin=True)
    assert "KM201" not in codes(moved)
    assert {row.after_plan for row in moved.forecast} == {NEW}
    [stage] = [s for s in moved.apply if s.operations]
    assert [moved.operations[i].target.kind for i in stage.operations] == [
        "ServingRuntime",
        "InferenceService",
    ]
    assert not plan(found).blocking


def test_the_framework_form_uses_no_runtime() -> None:
    found = snapshot(
        service("old", sklearn={"runtimeVersion": "v0.9.0"}),
        release="0.9.0",
    )
    made = plan(found)
    assert codes(made)["KM234"] == ["old"]
    assert not made.has_work


def test_who_is_left_alone_while_ready_has_a_copy_and_is_not_woken() -> None:
    frozen = isvc("frozen")
    frozen["metadata"]["annotations"] = {"serving.kserve.io/disable-auto-update": "true"}
    frozen["status"] = {"conditions": [{"type": "Ready", "status": "True"}]}
    made = plan(cluster("0.16.0", frozen))
    assert created(made) == [f"team/{SKLEARN}"]
    assert woken_by(made) == []
    assert codes(made)["KM409"] == ["frozen"]


def test_who_depends_on_the_second_in_which_copies_are_made_is_told() -> None:
    found = cluster("0.9.0", isvc("auto", "custom"), isvc("named", "custom", runtime="b"))
    spec = {"supportedModelFormats": [{"name": "custom", "autoSelect": True}]}
    theirs = [own(name, "custom", namespace=None, spec=spec) for name in ("a", "b")]
    for manifest in theirs:
        del manifest["metadata"]["namespace"]
        manifest["kind"] = "ClusterServingRuntime"
    originals = {**found.originals, **{ref_of(each): each for each in theirs}}
    runtimes = [msgspec.convert(m, Runtime) for m in originals.values()]
    found = replace(found, originals=originals, runtimes=Runtimes(runtimes))
    made = plan(found, "runtime/a=x:2", "runtime/b=x:2")
    assert codes(made)["KM231"] == ["auto"]
    assert any("the newest wins" in f.text for f in made.findings)
    assert not plan(found, "runtime/a=x:2", selection=Selection(exclude=("team/named",))).blocking
