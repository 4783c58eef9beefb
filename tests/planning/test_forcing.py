"""What can be forced, under which name, and what comes of it."""

from __future__ import annotations

import pytest

from migrate.objects import Json, Manifest, ObjectRef
from migrate.operations.classify import Standing, classify
from migrate.operations.invert import invert
from migrate.operations.model import Create, Edit, Operation, Patch
from migrate.operations.overwritten import Overwritten
from migrate.planning.back.forcing import forced_by, is_meant, overruled
from migrate.planning.back.later import kept_whole, later_changes
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Plan, Stage

REF = ObjectRef("serving.kserve.io/v1alpha1", "ClusterServingRuntime", "own")
ENV = "/spec/containers/name=c/env"
IMAGE = "/spec/containers/name=c/image"


def made(*edits: Edit, ref: ObjectRef = REF) -> Plan:
    operation = Operation(ref, Patch(edits), "")
    return Plan(
        cluster_uid="u",
        kserve_namespace="kserve",
        release="0.15.2",
        options=Options(),
        operations=(operation,),
        apply=(Stage((0,)),),
        rollback=(Stage((0,)),),
    )


def live(**container: Json) -> Manifest:
    return {
        "apiVersion": REF.api_version,
        "kind": REF.kind,
        "metadata": {"name": "own", "resourceVersion": "7"},
        "spec": {"containers": [{"name": "c", **container}]},
    }


def test_after_overruling_the_way_back_is_pending_and_goes_to_what_was_before() -> None:
    plan, found = made(Edit(IMAGE, "old", "ours")), live(image="theirs")
    assert classify(invert(plan.operations[0]), found) is Standing.DRIFTED
    forced = forced_by(plan, {REF: found}, ["*"], (), "run")
    [operation] = overruled(plan, {REF: found}, forced).operations
    assert operation.change == Patch((Edit(IMAGE, "old", "theirs"),))
    assert classify(invert(operation), found) is Standing.PENDING
    assert classify(invert(operation), live(image="newest")) is Standing.DRIFTED


def test_of_a_list_that_others_write_into_only_our_item_is_forced() -> None:
    ours = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    found = live(env=[{"name": "A", "value": "theirs"}, {"name": "B", "value": "2"}, {"name": "C"}])
    plan = made(Edit(ENV, after=ours))
    [later] = later_changes(plan, {REF: found})
    assert later.argument == f"ClusterServingRuntime/own:{ENV}/name=A"
    [operation] = overruled(plan, {REF: found}, [later]).operations
    assert classify(invert(operation), found) is Standing.PENDING
    assert invert(operation).change == Patch(
        (
            Edit(f"{ENV}/name=A", {"name": "A", "value": "theirs"}),
            Edit(f"{ENV}/name=B", {"name": "B", "value": "2"}),
        )
    )


def test_where_nothing_can_hold_the_value_it_cannot_be_forced() -> None:
    gone = {**live(), "spec": {"containers": [{"name": "other"}]}}
    assert list(later_changes(made(Edit(IMAGE, "old", "ours")), {REF: gone})) == []
    taken = made(Edit(IMAGE, "old", "ours"))
    [back] = later_changes(taken, {REF: live()})
    assert back.former == "old"


def test_a_copy_is_known_again_by_what_is_in_it_and_not_by_its_writer() -> None:
    copy = ObjectRef(REF.api_version, "ServingRuntime", "own", "team")
    one, other = (Overwritten(copy, found={"spec": text}) for text in ("a", "b"))
    assert (one.argument, one.edit) == ("ServingRuntime/team/own", None)
    assert one.value != other.value


def test_an_object_is_overruled_by_what_was_read_of_it() -> None:
    manifest, found = live(image="ours"), live(image="theirs")
    plan = made(Edit(IMAGE, "old", "ours"))
    operation = Operation(REF, Create(manifest), "")
    [forced] = overruled(
        Plan(
            cluster_uid="u",
            kserve_namespace="kserve",
            release=plan.release,
            options=Options(),
            operations=(operation,),
            apply=(Stage((0,)),),
            rollback=(Stage((0,)),),
        ),
        {REF: found},
        [Overwritten(REF, found=found)],
    ).operations
    assert classify(invert(forced), found) is Standing.PENDING
    later = {**found, "metadata": {**found["metadata"], "resourceVersion": "8"}}
    assert classify(invert(forced), later) is Standing.DRIFTED


@pytest.mark.parametrize(
    ("text", "is_it"),
    [
        ("ServingRuntime/team/own", True),
        ("ServingRuntime/team", True),
        ("ServingRuntime", True),
        ("*/own:*", True),
        ("ServingRuntime/te", False),
        ("ServingRuntime/team/own:/spec", True),
        ("ServingRuntime/team/own:/spec/a/b/c", False),
        ("servingruntime/team/own", False),
        ("", False),
    ],
)
def test_what_is_meant(text: str, *, is_it: bool) -> None:
    assert is_meant(text, "ServingRuntime/team/own:/spec/a/b") is is_it


def test_many_copies_are_told_by_a_pattern_few_by_their_names() -> None:
    refs = [ObjectRef(REF.api_version, "ServingRuntime", f"r{at}", "team") for at in range(4)]
    [few] = kept_whole(refs[:2], "", {})
    assert few.fix == (
        "to delete it as well: --force-field ServingRuntime/team/r0 "
        "--force-field ServingRuntime/team/r1"
    )
    [many] = kept_whole(refs, "", {})
    assert "--force-field 'ServingRuntime/*'" in many.fix
