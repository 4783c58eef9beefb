"""What a pin's write would store, asked of the server before it is made."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.port import JsonPatch
from migrate.commands.carry import Job, carry_out
from migrate.commands.comparing import Compared
from migrate.commands.rehearsal import Rehearsal
from migrate.errors import ConflictError, StaleError, UnreachableError
from migrate.execute import record
from migrate.kserve.admission import admitted
from migrate.kserve.config import read_config
from migrate.kserve.releases import parse_release
from migrate.kserve.runtimes import Runtimes
from migrate.kserve.services import InferenceService
from migrate.kserve.table import rules_for
from migrate.objects import Manifest, ObjectRef
from migrate.operations.model import Direction
from migrate.planning.model.plan import Plan
from migrate.planning.model.strategy import Scope
from migrate.report.console import Console
from tests.commands.moving import CONTROL, RELEASES, everything, objects, planned

NEW = "sklearn=registry.example.com/ml/sklearnserver:next"


class Admitting(MemoryCluster):
    """A cluster that says what KServe's webhook would store of a write, and ``more``."""

    def __init__(self, release: str, more: Callable[[Manifest], None]) -> None:
        super().__init__(objects(release))
        self.release, self.more, self.asked = release, more, list[ObjectRef]()

    def would_patch(self, ref: ObjectRef, patch: JsonPatch | Manifest) -> Manifest:
        self.asked.append(ref)
        answer = MemoryCluster(base=self).patch(ref, patch)
        rules = rules_for(parse_release(self.release))
        assert rules is not None
        data = {"deploy": '{"defaultDeploymentMode": "RawDeployment"}', "predictors": "{}"}
        stored = admitted(
            msgspec.convert(answer, InferenceService), read_config(data, rules, Runtimes())
        )
        answer["metadata"]["annotations"] = stored.metadata.annotations
        self.more(answer)
        return answer


def no_more(_answer: Manifest) -> None:
    """As predicted."""


def with_empties(answer: Manifest) -> None:
    """As Go writes what is not there."""
    answer["metadata"]["labels"] = {}
    answer["spec"]["transformer"] = None
    answer["spec"]["predictor"]["model"] |= {"resources": {}, "name": ""}


@pytest.mark.parametrize("more", [no_more, with_empties])
@pytest.mark.parametrize("release", RELEASES)
def test_what_the_server_says_of_a_write_is_what_was_predicted(
    release: str, more: Callable[[Manifest], None]
) -> None:
    found = Admitting(release, more)
    made, before = planned(found, NEW, scope=Scope.SERVICE, wave_size=1), everything(found)
    rehearse, waves = Rehearsal(found, made), made.waves(Direction.APPLY)
    tried = []
    for at, wave in enumerate(waves):
        for trial in rehearse(wave, waves[at + 1 :]):
            trial.ask()
        tried.append(len(found.asked))
    # The first pin is tried before the copies are made, the others before their own waves.
    assert tried == [1, 1, 2, 3]
    assert everything(found) == before


def with_limits(answer: Manifest) -> None:
    answer["spec"]["predictor"]["model"]["resources"] = {"limits": {"cpu": "1"}}


def with_note(answer: Manifest) -> None:
    answer["metadata"]["annotations"] = {"policy": "on"}


@pytest.mark.parametrize(
    ("more", "field"),
    [
        (with_limits, '/spec/predictor/model/resources: expected nothing, found {"limits"'),
        (with_note, '/metadata/annotations/policy: expected nothing, found "on"'),
    ],
)
def test_another_webhook_stops_the_run_before_anything_is_written(
    more: Callable[[Manifest], None], field: str
) -> None:
    found = Admitting("0.15.2", more)
    made = planned(found, NEW, scope=Scope.SERVICE)
    waves = made.waves(Direction.APPLY)
    first, *_ = Rehearsal(found, made)(waves[0], waves[1:])
    with pytest.raises(StaleError) as raised:
        first.ask()
    assert field in raised.value.message
    assert str(first.target) in raised.value.message


def job_of(found: MemoryCluster, made: Plan) -> Job:
    return Job(
        plan=made,
        direction=Direction.APPLY,
        waves=made.waves(Direction.APPLY),
        run=None,
        known=[],
        check=lambda: Compared(made.forecast),
        prove=lambda _rows: [],
        rehearse=Rehearsal(found, made),
    )


def test_a_run_is_stopped_by_it_and_leaves_nothing() -> None:
    found = Admitting("0.15.2", with_limits)
    made, before = planned(found, NEW, scope=Scope.SERVICE), everything(found)
    with pytest.raises(StaleError, match="resources"):
        carry_out(found, job_of(found, made), CONTROL, Console())
    assert everything(found) == before
    assert all(run.finished for run in record.runs(found, "kserve"))


@pytest.mark.parametrize("faults", [["unreachable"], ["gone"], ["changed", "unreachable"]])
def test_a_trial_is_made_again_as_a_write_is(faults: list[str]) -> None:
    """No answer, another write between the read and the trial, a service that goes meanwhile."""

    class Faulty(Admitting):
        def would_patch(self, ref: ObjectRef, patch: JsonPatch | Manifest) -> Manifest:
            fault = faults.pop(0) if faults else ""
            if fault == "unreachable":
                raise UnreachableError("503 Service Unavailable")
            if fault == "gone":
                meta = self.get(ref)["metadata"]
                self.delete(ref, uid=meta["uid"], resource_version=meta["resourceVersion"])
            if fault == "changed":
                self.patch(ref, {"spec": {"predictor": {"model": {"runtime": "another"}}}})
                self.patch(ref, {"spec": {"predictor": {"model": {"runtime": None}}}})
                raise ConflictError("another version")
            return super().would_patch(ref, patch)

    found = Faulty("0.15.2", no_more)
    made = planned(found, NEW, scope=Scope.SERVICE)
    end = carry_out(found, job_of(found, made), CONTROL, Console())
    assert (end.run.state, faults) == ("applied", [])
