"""The laws of a plan, and its file."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from migrate.errors import UsageError
from migrate.objects import ObjectRef
from migrate.operations.classify import Standing, classify
from migrate.operations.model import Direction, Edit, Operation, Patch, Restart
from migrate.planning.check.checks_installed import unknown_release
from migrate.planning.model import planfile
from migrate.planning.model.desired import Desired, Options
from migrate.planning.model.plan import Finding, Plan, Severity, Stage
from tests.planning.clusters import IRIS, snapshot

CONFIG = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")
SERVICE = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "iris", "team-a")
RESTART = Restart(ObjectRef("apps/v1", "StatefulSet", "kserve-controller-manager", "kserve"))


def patch(target: ObjectRef, path: str = "/x") -> Operation:
    return Operation(target, Patch((Edit(path, None, "é\r\n"),)), "because")


def example() -> Plan:
    return Plan(
        cluster_uid="u",
        kserve_namespace="kserve",
        release="0.7.0",
        options=Options((Desired(format="sklearn", image="r/i:t"),), repin=True),
        operations=(patch(CONFIG), patch(SERVICE)),
        apply=(Stage((0, 1), (RESTART,)),),
        rollback=(Stage((0, 1), (RESTART,)),),
        findings=(Finding("KM201", Severity.ERROR, "text", objects=(SERVICE,)),),
    )


def test_a_second_operation_on_an_object_is_refused() -> None:
    with pytest.raises(ValueError, match="at most once"):
        msgspec.structs.replace(example(), operations=(patch(CONFIG), patch(CONFIG, "/y")))


@pytest.mark.parametrize("indices", [(0,), (0, 0), (0, 1, 2), ()])
def test_a_direction_that_forgets_or_repeats_an_operation_is_refused(
    indices: tuple[int, ...],
) -> None:
    with pytest.raises(ValueError, match="each operation once"):
        msgspec.structs.replace(example(), rollback=(Stage(indices),))


def test_a_rollback_has_the_inverses_in_its_own_order() -> None:
    plan = msgspec.structs.replace(example(), rollback=(Stage((1,)), Stage((0,), (RESTART,))))
    first, second = plan.waves(Direction.ROLLBACK)
    assert [op.target for op in (*first.operations, *second.operations)] == [SERVICE, CONFIG]
    assert classify(first.operations[0], {"x": "é\r\n"}) is Standing.PENDING
    assert (first.activations, second.activations) == ((), (RESTART,))


def test_only_errors_that_nobody_accepted_block() -> None:
    accepted = Finding("KM201", Severity.ERROR, "text", accepted=True)
    warning = Finding("KM202", Severity.WARNING, "text")
    plan = msgspec.structs.replace(example(), findings=(accepted, warning))
    assert example().blocking
    assert not plan.blocking


def test_equal_plans_give_equal_files_that_load_as_they_were() -> None:
    data = planfile.dump(example())
    assert data == planfile.dump(example())
    assert planfile.load(data, "p") == example()
    assert planfile.decode(planfile.encode(example()), "p") == example()


def test_every_cut_of_a_plan_file_is_refused_with_the_next_command() -> None:
    data = planfile.dump(example()).rstrip()
    for length in range(len(data)):
        with pytest.raises(UsageError) as caught:
            planfile.load(data[:length], "plan.json")
        assert "plan.json" in caught.value.message
        assert "kmigrate plan" in caught.value.hint


def test_an_edited_plan_file_is_refused() -> None:
    data = planfile.dump(example()).replace(b'"KM201"', b'"KM999"')
    with pytest.raises(UsageError, match="was edited"):
        planfile.load(data, "plan.json")


def test_an_unknown_field_is_refused() -> None:
    data = planfile.dump(example()).replace(b'"plan": {', b'"plan": {"extra": 1,')
    with pytest.raises(UsageError, match="extra"):
        planfile.load(data, "plan.json")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"kmigrate.dev/v1alpha1", b"kmigrate.dev/v9"),
        (b'"kind": "PlanFile"', b'"kind": "Other"'),
    ],
)
def test_a_plan_file_of_another_format_is_refused(before: bytes, after: bytes) -> None:
    data = planfile.dump(example()).replace(before, after, 1)
    with pytest.raises(UsageError, match=r"expected apiVersion kmigrate\.dev/v1alpha1"):
        planfile.load(data, "plan.json")


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"null", b"apiVersion: v1", b"\xff\xfe"])
def test_what_is_no_plan_file_is_refused(text: bytes) -> None:
    with pytest.raises(UsageError):
        planfile.load(text, "plan.json")


def test_without_a_controller_no_image_of_it_is_told() -> None:
    found = replace(snapshot(IRIS), release=None)
    assert "image says no tag" in unknown_release(found, Options()).text
    text = unknown_release(replace(found, controllers=()), Options()).text
    assert text.endswith("in namespace kserve no controller runs whose image would tell")
