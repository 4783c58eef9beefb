"""What a create would store, asked of the server before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from migrate.__main__ import main
from migrate.cluster.memory import MemoryCluster
from migrate.commands.carry import Job, carry_out
from migrate.commands.comparing import Compared
from migrate.commands.creation import FEW, trials
from migrate.commands.target import Target
from migrate.errors import (
    ApiError,
    BlockedError,
    ConflictError,
    InvalidError,
    NotFoundError,
    RefusedError,
    StaleError,
    UnreachableError,
)
from migrate.execute import record
from migrate.objects import Manifest, ObjectRef, ref_of
from migrate.operations.model import Create, Direction, Operation, Wave
from migrate.planning.model.plan import Plan
from migrate.report.console import Console
from tests.commands.moving import CONTROL, everything, objects, planned, runtimes
from tests.execute.runs import copy


class Judging(MemoryCluster):
    """A cluster that says what it would store: the object, after ``judge`` had its hands on it."""

    def __init__(self, judge: Callable[[Manifest], None]) -> None:
        super().__init__(objects("0.15.2"))
        self.judge, self.asked = judge, list[ObjectRef]()

    def would_create(self, manifest: Manifest) -> Manifest:
        self.asked.append(ref_of(manifest))
        answer = MemoryCluster().create(manifest)
        self.judge(answer)
        return answer


def go(found: MemoryCluster, made: Plan) -> str:
    """Apply it; return what the run is called then."""
    waves = made.waves(Direction.APPLY)
    job = Job(
        plan=made,
        direction=Direction.APPLY,
        waves=waves,
        run=None,
        known=[],
        check=lambda: Compared(made.forecast),
        prove=lambda _rows: [],
        trials=partial(trials, found, waves),
    )
    return carry_out(found, job, CONTROL, Console()).run.state


def as_it_is(_answer: Manifest) -> None:
    """Nothing is dropped."""


def with_defaults(answer: Manifest) -> None:
    answer["spec"]["multiModel"] = False
    answer["spec"]["containers"][0]["ports"] = []
    answer["metadata"]["annotations"]["policy"] = "seen"


@pytest.mark.parametrize("judge", [as_it_is, with_defaults])
def test_each_copy_is_tried_once_and_made(judge: Callable[[Manifest], None]) -> None:
    found = Judging(judge)
    made = planned(found)
    assert go(found, made) == "applied"
    assert found.asked == [operation.target for operation in made.operations]
    assert len(runtimes(found)) == len(made.operations)


def without_resources(answer: Manifest) -> None:
    del answer["spec"]["containers"][0]["resources"]


def without_label(answer: Manifest) -> None:
    answer["metadata"]["labels"].clear()


def with_another_image(answer: Manifest) -> None:
    answer["spec"]["containers"][0]["image"] = "mirror.example.com/sklearnserver:ours"


def raising(error: ApiError) -> Callable[[Manifest], None]:
    def judge(_answer: Manifest) -> None:
        raise error

    return judge


QUOTA = "forbidden: exceeded quota: few, requested: count/servingruntimes.serving.kserve.io=1"


@pytest.mark.parametrize(
    ("judge", "kind", "words"),
    [
        (without_resources, BlockedError, "/spec/containers/0/resources"),
        (without_label, BlockedError, "/metadata/labels/app.kubernetes.io~1managed-by"),
        (with_another_image, BlockedError, "/spec/containers/0/image"),
        (raising(RefusedError(QUOTA)), BlockedError, QUOTA),
        (raising(InvalidError("spec.containers: Required")), BlockedError, "spec.containers"),
        (raising(NotFoundError('namespaces "other" not found')), BlockedError, '"other"'),
        (raising(ConflictError("already exists")), StaleError, "somebody made it meanwhile"),
        (raising(UnreachableError("failed calling webhook")), UnreachableError, "calling webhook"),
        (raising(ApiError("no such thing")), ApiError, "no such thing"),
    ],
)
def test_what_is_dropped_or_refused_stops_it_before_anything_is_written(
    judge: Callable[[Manifest], None], kind: type[ApiError], words: str
) -> None:
    found = Judging(judge)
    made, before = planned(found), everything(found)
    with pytest.raises(kind) as raised:
        go(found, made)
    assert words in raised.value.message
    assert everything(found) == before
    assert record.runs(found, "kserve") == []


@pytest.mark.parametrize("judge", [without_resources, raising(RefusedError("no"))])
def test_the_object_and_the_next_command_are_named(judge: Callable[[Manifest], None]) -> None:
    found = Judging(judge)
    made = planned(found)
    with pytest.raises(BlockedError) as raised:
        go(found, made)
    assert raised.value.message.startswith(str(found.asked[0]))
    assert raised.value.hint


def test_no_answer_is_asked_for_again_and_one_that_cannot_be_given_is_done_without() -> None:
    faults = [UnreachableError("503"), ApiError("webhook x does not support dry run")]

    def judge(_answer: Manifest) -> None:
        if faults:
            raise faults.pop(0)

    found = Judging(judge)
    made = planned(found)
    assert go(found, made) == "applied"
    assert (len(found.asked), faults) == (len(made.operations) + 1, [])


@pytest.mark.parametrize("begun", [False, True])
def test_a_refusal_stops_also_a_run_that_goes_on_where_the_namespace_stays(*, begun: bool) -> None:
    found = Judging(raising(RefusedError(QUOTA)))
    for name in ("team-0000", "team-0001"):
        found.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    going = ObjectRef("v1", "Namespace", "team-0001")
    found.patch(going, {"metadata": {"finalizers": ["kubernetes"]}})
    meta = found.get(going)["metadata"]
    found.delete(going, uid=meta["uid"], resource_version=meta["resourceVersion"])
    wave = some(copy(0), copy(1), copy(2))
    stopped = []
    for trial in trials(found, [wave], {op.target for op in wave.operations}, begun=begun):
        try:
            trial.ask()
        except BlockedError:
            stopped.append(trial.target.namespace)
    assert stopped == (["team-0000"] if begun else ["team-0000", "team-0001", "team-0002"])


def some(*manifests: Manifest) -> Wave:
    return Wave(tuple(Operation(ref_of(one), Create(one), "") for one in manifests))


def tried(waves: list[Wave], absent: set[ObjectRef]) -> list[str]:
    return [trial.target.namespace for trial in trials(MemoryCluster(), waves, absent)]


def test_of_many_alike_a_few_are_tried_and_one_of_each_other_content() -> None:
    every = [copy(number) for number in range(1000)]
    for number in (3, 500, 501, 999):
        every[number]["spec"]["containers"][0]["image"] = "another"
    every[700]["spec"] = {"containers": []}
    absent = {ref_of(one) for one in every}
    few = [f"team-{number:04d}" for number in range(FEW)]
    assert sorted(tried([some(*every)], absent)) == [*few, "team-0700"]
    every[3] = copy(3)
    assert sorted(tried([some(*every[:600]), some(*every[600:])], absent)) == [
        *few,
        "team-0500",
        "team-0700",
    ]


def test_what_is_there_already_is_not_tried_again() -> None:
    every = [copy(number) for number in range(3)]
    assert tried([some(*every)], {ref_of(every[1])}) == ["team-0001"]


def test_files_are_asked_nothing() -> None:
    found = MemoryCluster(objects("0.15.2"))
    assert go(found, planned(found)) == "applied"


@pytest.mark.parametrize(("flags", "code"), [((), 7), (("--dry-run=client",), 0)])
def test_an_apply_asks_and_one_that_writes_to_a_copy_does_not(
    monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...], code: int
) -> None:
    found = Judging(without_resources)
    monkeypatch.setattr(Target, "open", lambda *_: found)
    assert main(["apply", "--yes", "--to-runtimes", *flags]) == code
    assert bool(found.asked) is (code == 7)
