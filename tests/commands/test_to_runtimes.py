"""Images moved into runtimes and back, with the real engine on a cluster in memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from migrate.cluster.memory import MemoryCluster
from migrate.commands import making
from migrate.commands.carry import Control, End, Job, carry_out
from migrate.commands.comparing import Compared, compare
from migrate.commands.outcome import prove
from migrate.commands.reading import read_snapshot
from migrate.commands.runs import later_writers, leaves_rest, plan_of
from migrate.commands.standings import asleep_of
from migrate.commands.strategies import duration
from migrate.errors import BlockedError, StaleError, UsageError
from migrate.execute import record
from migrate.objects import Manifest, ObjectRef
from migrate.operations.model import Direction
from migrate.planning.copies import RUN, copy_ref
from migrate.planning.copyback import of_namespaces
from migrate.planning.desired import Options, Strategy
from migrate.planning.plan import Plan
from migrate.planning.rollback import Rollback, plan_rollback
from migrate.report.console import Console
from tests.commands.snapshots import run
from tests.planning.copies import MLSERVER, OVER, SKLEARN, installed, isvc

CONTROL = Control(timeout=5, lease_duration=60, lock_timeout=None)
RELEASES = ("0.9.0", "0.11.2", "0.15.2", "0.16.0", "0.20.0")
NEW = "sklearn=registry.example.com/ml/sklearnserver:next"
SOURCE = ObjectRef("serving.kserve.io/v1alpha1", "ClusterServingRuntime", SKLEARN)


def objects(release: str) -> list[Manifest]:
    services = [
        isvc("iris", protocolVersion="v1"),
        isvc("rows", runtime=SKLEARN, protocolVersion="v1"),
        isvc("both", protocolVersion="v2"),
        isvc("far", namespace="other", protocolVersion="v1"),
    ]
    kind = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService"}
    return [
        *({**kind, **one} for one in services),
        *installed(release, {SKLEARN: OVER}),
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system", "uid": "u"}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "inferenceservice-config", "namespace": "kserve"},
            "data": {"predictors": "{}", "deploy": '{"defaultDeploymentMode": "RawDeployment"}'},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "kserve-controller-manager", "namespace": "kserve"},
            "spec": {
                "replicas": 1,
                "template": {
                    "spec": {
                        "containers": [
                            {
                                "name": "manager",
                                "image": f"kserve/kserve-controller:v{release}",
                            }
                        ]
                    }
                },
            },
        },
    ]


def cluster(release: str = "0.15.2") -> MemoryCluster:
    return MemoryCluster(objects(release))


def planned(found: MemoryCluster, *sets: str, **options: Any) -> Plan:
    asked = Options(strategy=Strategy.TO_RUNTIMES, **options)
    return making.plan(found, "kserve", making.options(sets, "", asked))


def apply(found: MemoryCluster, made: Plan) -> End:
    known = record.runs(found, "kserve")
    waves = made.waves(Direction.APPLY)
    job = Job(
        plan=made,
        direction=Direction.APPLY,
        waves=waves,
        run=None,
        known=known,
        check=lambda: compare(found, made, ""),
        prove=lambda rows: prove(found, made, Direction.APPLY, rows, waves),
    )
    return carry_out(found, job, CONTROL, Console())


def back_of(found: MemoryCluster, number: int = -1, *namespaces: str) -> tuple[Plan, Rollback]:
    known = record.runs(found, "kserve")
    chosen = known[number]
    plan = plan_of(found, chosen)
    plan = of_namespaces(plan, namespaces, chosen.head.id) if namespaces else plan
    seen = read_snapshot(found, "kserve", "")
    live = {op.target: seen.originals.get(op.target) for op in plan.operations}
    return plan, plan_rollback(plan, seen, live, later_writers(found, known, chosen))


def rollback(found: MemoryCluster, number: int = -1, *namespaces: str) -> End:
    known = record.runs(found, "kserve")
    plan, back = back_of(found, number, *namespaces)
    job = Job(
        plan=plan,
        direction=Direction.ROLLBACK,
        waves=back.waves,
        run=known[number],
        known=known,
        check=lambda: Compared(back.forecast),
        prove=lambda rows: prove(found, plan, Direction.ROLLBACK, rows, back.waves),
        leaves_rest=leaves_rest(found, plan_of(found, known[number]), plan),
    )
    return carry_out(found, job, CONTROL, Console())


KINDS = (
    ("serving.kserve.io/v1beta1", "InferenceService"),
    ("serving.kserve.io/v1alpha1", "ServingRuntime"),
    ("serving.kserve.io/v1alpha1", "ClusterServingRuntime"),
    ("apps/v1", "Deployment"),
)


def everything(found: MemoryCluster) -> dict[str, str]:
    """All objects but the record and the Lease, without what every write counts up."""
    shown = {}
    for version, kind in KINDS:
        for each in found.list(version, kind, dict):
            meta = {k: v for k, v in each["metadata"].items() if k != "resourceVersion"}
            meta.pop("generation", None)
            name = f"{kind} {meta.get('namespace')}/{meta['name']}"
            whole = {k: v for k, v in each.items() if k != "status" or v}
            shown[name] = json.dumps({**whole, "metadata": meta}, sort_keys=True)
    return shown


def runtimes(found: MemoryCluster) -> list[str]:
    return sorted(
        f"{each['metadata']['namespace']}/{each['metadata']['name']}"
        for each in found.list("serving.kserve.io/v1alpha1", "ServingRuntime", dict)
    )


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("sets", [(), (NEW,)])
def test_there_and_back_all_is_as_before(release: str, sets: tuple[str, ...]) -> None:
    found = cluster(release)
    before = everything(found)
    end = apply(found, planned(found, *sets))
    assert end.whole
    assert end.run.state == "applied"
    expected = {f"other/{SKLEARN}", f"team/{SKLEARN}"}
    captures = release != "0.9.0"
    assert set(runtimes(found)) == expected | ({f"team/{MLSERVER}"} if captures else set())
    end = rollback(found)
    assert end.run.state == "rolled back"
    assert everything(found) == before


def test_a_copy_names_the_run_that_made_it_and_the_record_says_the_same() -> None:
    found = cluster()
    made = planned(found)
    end = apply(found, made)
    live = found.get(copy_ref(SKLEARN, "team"))
    assert live["metadata"]["labels"][RUN] == end.run.head.id
    [recorded] = record.runs(found, "kserve")
    plan = plan_of(found, recorded)
    assert plan != made
    assert {op.target for op in plan.operations} == {op.target for op in made.operations}
    assert recorded.head.summary == "--to-runtimes"


def test_a_copy_that_somebody_changed_stays_and_is_told() -> None:
    found = cluster()
    apply(found, planned(found))
    target = copy_ref(SKLEARN, "other")
    found.patch(target, {"spec": {"nodeSelector": {"gpu": "no"}}})
    _, back = back_of(found)
    [told] = [f for f in back.findings if f.code == "KM303"]
    assert told.objects == (target,)
    end = rollback(found)
    assert end.run.state == "rolled back in part"
    assert runtimes(found) == [f"other/{SKLEARN}"]
    assert [r.subject for r in end.results if not r.holds] == [target]


def test_after_a_reset_of_the_global_image_a_rollback_is_refused_with_the_way() -> None:
    found = cluster("0.9.0")
    apply(found, planned(found))
    reset = making.options([f"runtime/{SKLEARN}=kserve/sklearnserver:v0.9.0"], "", Options())
    later = apply(found, making.plan(found, "kserve", reset))
    with pytest.raises(BlockedError) as refused:
        back_of(found, 0)
    assert "InferenceService other/far" in refused.value.message
    assert f"kmigrate rollback {later.run.head.id}" in refused.value.hint
    assert rollback(found).run.state == "rolled back"
    assert rollback(found, 0).run.state == "rolled back"
    assert runtimes(found) == []


def test_one_namespace_goes_back_and_the_rest_stands() -> None:
    found = cluster()
    apply(found, planned(found))
    end = rollback(found, -1, "other")
    assert end.whole
    assert end.run.state == "rolled back in part"
    assert runtimes(found) == [f"team/{MLSERVER}", f"team/{SKLEARN}"]
    assert rollback(found).run.state == "rolled back"
    assert runtimes(found) == []


def test_a_namespace_of_a_global_change_cannot_go_back_alone() -> None:
    found = cluster()
    asked = making.options([f"runtime/{SKLEARN}=x/y:1"], "", Options())
    apply(found, making.plan(found, "kserve", asked))
    with pytest.raises(UsageError, match="for the whole cluster"):
        back_of(found, -1, "team")


def test_a_namespace_that_the_run_did_not_touch_is_refused() -> None:
    found = cluster()
    apply(found, planned(found))
    with pytest.raises(UsageError, match="changed nothing there"):
        back_of(found, -1, "nowhere")


def test_a_runtime_that_somebody_made_meanwhile_stops_the_plan() -> None:
    found = cluster()
    made = planned(found)
    spec = {"supportedModelFormats": [{"name": "x"}], "containers": []}
    meta = {"name": SKLEARN, "namespace": "team"}
    found.create(
        {
            "apiVersion": "serving.kserve.io/v1alpha1",
            "kind": "ServingRuntime",
            "metadata": meta,
            "spec": spec,
        }
    )
    with pytest.raises(StaleError, match="KM230"):
        apply(found, made)


def test_a_source_that_somebody_edited_meanwhile_stops_the_plan() -> None:
    found = cluster()
    made = planned(found)
    containers = found.get(SOURCE)["spec"]["containers"]
    found.patch(SOURCE, {"spec": {"containers": [{**containers[0], "image": "other:1"}]}})
    with pytest.raises(StaleError, match="other:1"):
        apply(found, made)


def test_a_second_run_edits_the_copies_and_goes_back_to_the_first() -> None:
    found = cluster()
    apply(found, planned(found))
    first = everything(found)
    end = apply(found, planned(found, NEW))
    image = found.get(copy_ref(SKLEARN, "team"))["spec"]["containers"][0]["image"]
    assert image == NEW.partition("=")[2]
    assert end.run.head.summary == f"--to-runtimes, {NEW}"
    rollback(found)
    assert everything(found) == first


def snapshot_of(tmp_path: Path, release: str = "0.15.2") -> str:
    folder = tmp_path / "cluster"
    folder.mkdir()
    (folder / "all.yaml").write_text(yaml.safe_dump_all(objects(release)))
    return str(folder)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--canary", "team/iris"), "all of its namespace"),
        (("--max-unavailable", "2"), "all of its namespace"),
        (("--pause", "soon"), "expected a duration"),
        (("--scope", "model"), "expected namespace"),
    ],
)
def test_flags_that_scope_namespace_cannot_keep(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, flags: tuple[str, ...], words: str
) -> None:
    code, _, said = run(
        capsys, "plan", "--to-runtimes", *flags, "--snapshot", snapshot_of(tmp_path)
    )
    assert (code, words in said) == (64, True), said


def test_a_dry_run_goes_through_the_whole_plan(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    where = ("--snapshot", snapshot_of(tmp_path))
    code, out, said = run(capsys, "apply", "--to-runtimes", "--dry-run=client", *where)
    assert code == 0, said
    assert f"ServingRuntime team/{SKLEARN}: as planned" in out
    code, out, said = run(capsys, "plan", "--to-runtimes", "--rbac", *where)
    assert code == 0, said
    assert "servingruntimes" in out


def test_the_copies_are_rendered_for_git_without_marks_of_ours(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "git"
    where = ("--snapshot", snapshot_of(tmp_path))
    code, _, said = run(capsys, "plan", "--to-runtimes", *where, "--render", str(folder))
    assert code == 0, said
    file = folder / "manifests" / "runtimes" / "team" / f"servingruntime.{SKLEARN}.yaml"
    manifest = yaml.safe_load(file.read_text())
    assert manifest["spec"]["containers"][0]["image"] == OVER
    assert "kmigrate" not in file.read_text()
    assert not (folder / "rollback").exists()
    assert "wakes nobody" in (folder / "README.md").read_text()


def test_status_names_who_is_asleep_where_the_release_reports_it() -> None:
    for release, expected in (("0.15.2", []), ("0.20.0", ["far", "both", "iris", "rows"])):
        found = cluster(release)
        apply(found, planned(found))
        [known] = record.runs(found, "kserve")
        plan = plan_of(found, known)
        names = [name.partition("/")[2] for name in asleep_of(found, plan, Direction.APPLY)]
        assert sorted(names) == sorted(expected)
        assert asleep_of(found, plan, Direction.ROLLBACK) == ()


def test_a_plan_tells_the_copies_by_namespace_and_a_content_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _, out, _ = run(capsys, "plan", "--to-runtimes", "--snapshot", snapshot_of(tmp_path))
    shown = " ".join(out.split())
    assert "ServingRuntimes in 2 namespaces: other" in shown
    again = f"+ create ServingRuntime team/{SKLEARN}: with the content of ServingRuntime other"
    assert again in shown
    assert out.count(f'image: "{OVER}"') == 1


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90.0), ("5m", 300.0), ("1h30m", 5400.0), ("0.5s", 0.5)]
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text, "--pause") == seconds
