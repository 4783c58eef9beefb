"""Services pinned to runtimes of their own and back: the real engine, a cluster in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import yaml

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.port import JsonPatch
from migrate.commands.rehearsal import Rehearsal
from migrate.errors import StaleError
from migrate.kserve.admission import admitted
from migrate.kserve.config import read_config
from migrate.kserve.releases import parse_release
from migrate.kserve.runtimes import Runtimes
from migrate.kserve.services import InferenceService
from migrate.kserve.table import rules_for
from migrate.objects import Manifest, ObjectRef
from migrate.operations.model import Direction
from migrate.planning.copies import copy_ref
from migrate.planning.strategy import Scope
from tests.commands.moving import RELEASES, apply, cluster, everything, objects, planned, rollback
from tests.commands.snapshots import run

SCOPE = ("--to-runtimes", "--scope", "service")
NEW = "sklearn=registry.example.com/ml/sklearnserver:next"
NEWER = "sklearn=registry.example.com/ml/sklearnserver:later"


def service(name: str, namespace: str = "team") -> ObjectRef:
    return ObjectRef("serving.kserve.io/v1beta1", "InferenceService", name, namespace)


def runtime_of(found: MemoryCluster, name: str, namespace: str = "team") -> str | None:
    model = found.get(service(name, namespace))["spec"]["predictor"]["model"]
    return str(model["runtime"]) if "runtime" in model else None


@pytest.mark.parametrize("sets", [(), (NEW,)], ids=["as they are", "with an image"])
@pytest.mark.parametrize("release", RELEASES)
def test_pins_come_and_go_and_nothing_is_left(release: str, sets: tuple[str, ...]) -> None:
    found = cluster(release)
    before = everything(found)
    made = planned(found, *sets, scope=Scope.SERVICE)
    assert apply(found, made).whole
    [name] = {op.target.name for op in made.operations if op.target.kind == "ServingRuntime"}
    assert [runtime_of(found, each) for each in ("iris", "rows", "both")] == [name, name, None]
    assert found.get(copy_ref(name, "team"))["metadata"]["labels"]["kmigrate.dev/run"]
    assert rollback(found).run.state == "rolled back"
    assert everything(found) == before


def test_a_second_run_moves_the_pins_on_and_back() -> None:
    found = cluster()
    apply(found, planned(found, NEW, scope=Scope.SERVICE))
    first, before = runtime_of(found, "iris"), everything(found)
    apply(found, planned(found, NEWER, scope=Scope.SERVICE))
    assert runtime_of(found, "iris") != first
    assert found.get(copy_ref(str(first), "team"))
    rollback(found)
    assert everything(found) == before


def test_a_copy_that_somebody_names_meanwhile_stays_and_the_run_says_so() -> None:
    found = cluster()
    apply(found, planned(found, NEW, scope=Scope.SERVICE))
    name = runtime_of(found, "iris")
    found.patch(service("both"), {"spec": {"predictor": {"model": {"runtime": name}}}})
    end = rollback(found)
    assert end.run.state == "rolled back in part"
    [left] = [one for one in end.results if not one.holds]
    assert (left.subject, "uses it" in left.text) == (copy_ref(str(name), "team"), True)
    assert [runtime_of(found, each) for each in ("iris", "rows")] == [None, "kserve-sklearnserver"]
    assert found.get(copy_ref(str(name), "team"))


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
    found = cluster(release)
    made = planned(found, NEW, scope=Scope.SERVICE, wave_size=1)
    dry = webhook(release, no_more)
    rehearse = Rehearsal(found, lambda: dry(objects(release)), made)
    waves = made.waves(Direction.APPLY)
    for at, wave in enumerate(waves):
        rehearse(wave, waves[at + 1 :])
    assert runtime_of(found, "iris") is None


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


def saved(tmp_path: Path) -> Path:
    path = tmp_path / "cluster.yaml"
    path.write_text(yaml.safe_dump_all(objects("0.15.2")))
    return path


def test_the_flags(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = ("--snapshot", str(saved(tmp_path)))
    asked = ("plan", *SCOPE, "--set", NEW, *source)
    _, out, _ = run(capsys, *asked, "--canary", "team/rows", "--max-unavailable", "1")
    shown = " ".join(out.split())
    assert "a copy of ClusterServingRuntime kserve-sklearnserver, 2 InferenceServices" in shown
    assert "KM207" not in shown
    assert "pin it to kserve-sklearnserver-" in shown
    _, roles, _ = run(capsys, *asked, "--rbac")
    [role] = [r for r in yaml.safe_load_all(roles) if r["metadata"].get("namespace") == "team"]
    verbs = {each["resources"][0]: each["verbs"] for each in role["rules"]}
    assert "patch" in verbs["inferenceservices"]
    assert {"create", "delete"} <= set(verbs["servingruntimes"])
    for flags, text in (
        (("--scope", "pod"), "expected namespace or service"),
        (("--scope", "service", "--canary", "team/none"), "--canary team/none"),
        (("--scope", "service", "--activate=restart"), "reconciled at once"),
    ):
        code, _, told = run(capsys, "plan", "--to-runtimes", *flags, *source)
        assert (code, text in told) == (64, True), told


def test_what_is_rendered_for_git_pins_them_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "git"
    source = ("--snapshot", str(saved(tmp_path)))
    run(capsys, "plan", *SCOPE, "--set", NEW, *source, "--render", str(folder))
    texts = {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}
    made = [t for n, t in texts.items() if "kind: ServingRuntime\n" in t and "rollback" not in n]
    pins = [t for n, t in texts.items() if "iris" in n and "rollback" not in n]
    assert any("name: kserve-sklearnserver-" in text for text in made)
    assert pins
    assert all("runtime: kserve-sklearnserver-" in text for text in pins)
