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
from migrate.errors import StaleError
from migrate.execute import record
from migrate.kserve.admission import admitted
from migrate.kserve.config import read_config
from migrate.kserve.releases import parse_release
from migrate.kserve.runtimes import Runtimes
from migrate.kserve.services import InferenceService
from migrate.kserve.table import rules_for
from migrate.objects import Manifest, ObjectRef
from migrate.operations.model import Direction
from migrate.planning.strategy import Scope
from migrate.report.console import Console
from tests.commands.moving import CONTROL, RELEASES, cluster, everything, objects, planned

NEW = "sklearn=registry.example.com/ml/sklearnserver:next"


def webhook(release: str, more: Callable[[Manifest], None]) -> type[MemoryCluster]:
    """A cluster that answers a write as KServe's webhook has it stored, and does more to it."""

    class Admitting(MemoryCluster):
        def patch(
            self, ref: ObjectRef, patch: JsonPatch | Manifest, *, subresource: str = ""
        ) -> Manifest:
            answer = super().patch(ref, patch, subresource=subresource)
            rules = rules_for(parse_release(release))
            assert rules is not None
            data = {"deploy": '{"defaultDeploymentMode": "RawDeployment"}', "predictors": "{}"}
            stored = admitted(
                msgspec.convert(answer, InferenceService), read_config(data, rules, Runtimes())
            )
            answer["metadata"]["annotations"] = stored.metadata.annotations
            more(answer)
            return answer

    return Admitting


def no_more(_answer: Manifest) -> None:
    """As predicted."""


@pytest.mark.parametrize("release", RELEASES)
def test_what_the_server_says_of_a_write_is_what_was_predicted(release: str) -> None:
    found, dry = cluster(release), webhook(release, no_more)(objects(release))
    made, before = planned(found, NEW, scope=Scope.SERVICE, wave_size=1), everything(found)
    rehearse, waves = Rehearsal(found, lambda: dry, made), made.waves(Direction.APPLY)
    tried = []
    for at, wave in enumerate(waves):
        rehearse(wave, waves[at + 1 :])
        tried.append(sorted(set(everything(dry).items()) - set(before.items())))
    # The first pin is tried before the copies are made, the others before their own waves.
    assert [len(names) for names in tried] == [1, 1, 2, 3]
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
    found = cluster("0.15.2")
    made = planned(found, NEW, scope=Scope.SERVICE)
    dry = webhook("0.15.2", more)(objects("0.15.2"))
    waves = made.waves(Direction.APPLY)
    with pytest.raises(StaleError) as raised:
        Rehearsal(found, lambda: dry, made)(waves[0], waves[1:])
    assert field in raised.value.message
    assert "InferenceService" in raised.value.message


def test_a_run_is_stopped_by_it_and_leaves_nothing() -> None:
    found = cluster("0.15.2")
    made, before = planned(found, NEW, scope=Scope.SERVICE), everything(found)
    dry = webhook("0.15.2", with_limits)(objects("0.15.2"))
    waves = made.waves(Direction.APPLY)
    job = Job(
        plan=made,
        direction=Direction.APPLY,
        waves=waves,
        run=None,
        known=[],
        check=lambda: Compared(made.forecast),
        prove=lambda _rows: [],
        rehearse=Rehearsal(found, lambda: dry, made),
    )
    with pytest.raises(StaleError, match="resources"):
        carry_out(found, job, CONTROL, Console())
    assert everything(found) == before
    assert all(run.finished for run in record.runs(found, "kserve"))
