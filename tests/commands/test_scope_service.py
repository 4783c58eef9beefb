"""Services pinned to runtimes of their own and back: the real engine, a cluster in memory."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from migrate.cluster.memory import MemoryCluster
from migrate.commands.carry import Job, carry_out
from migrate.commands.comparing import compare
from migrate.commands.naming import unnamed
from migrate.commands.outcome import prove
from migrate.commands.runs import plan_of
from migrate.errors import StaleError
from migrate.execute import record
from migrate.objects import ObjectRef
from migrate.operations.model import Direction
from migrate.planning.model.strategy import Scope
from migrate.planning.world.copies import copy_ref
from migrate.report.console import Console
from tests.commands.moving import (
    CONTROL,
    RELEASES,
    apply,
    back_of,
    cluster,
    everything,
    objects,
    planned,
    rollback,
    runtimes,
)
from tests.commands.snapshots import run
from tests.commands.upgrading import Killed, Mortal

SCOPE = ("--to-runtimes", "--scope", "service")
NEW = "sklearn=registry.example.com/ml/sklearnserver:next"
BACK = "rollback/patches/services/team/inferenceservice.iris"
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


def test_a_copy_that_is_named_at_the_last_moment_is_not_deleted() -> None:
    found = cluster()
    made = planned(found, NEW, scope=Scope.SERVICE)
    apply(found, made)
    [*pins, last] = back_of(found)[1].waves
    assert not [trial for wave in pins for trial in unnamed(found, wave)]
    [trial] = unnamed(found, last)
    with pytest.raises(StaleError, match="does now"):
        trial.ask()
    for name in ("iris", "rows", "far"):
        place = "other" if name == "far" else "team"
        found.patch(service(name, place), {"spec": {"predictor": {"model": {"runtime": None}}}})
    trial.ask()


def stopped(at: int) -> Mortal:
    found = Mortal(objects("0.15.2"))
    made = planned(found, NEW, scope=Scope.SERVICE, wave_size=1)
    found.left = at
    with suppress(Killed):
        apply(found, made)
    return found


def test_stopped_before_any_write_it_goes_on_or_back() -> None:
    whole = stopped(10**6)
    writes, goal = 10**6 - whole.left, named(everything(whole))
    before = everything(cluster())
    assert writes > 10
    for at in range(1, writes):
        there, back = stopped(at), stopped(at)
        known = record.runs(there, "kserve")
        if not known:
            assert everything(there) == before
            continue
        if not known[-1].finished:
            go_on(there)
        assert named(everything(there)) == goal, at
        rollback(back)
        assert everything(back) == before, at


def named(objects: dict[str, str]) -> dict[str, str]:
    """The objects without the name of the run, uids and times, which are never the same."""
    own = re.compile(r'\d{8}-\d{6}-[0-9a-f]{4}|"(?:uid|creationTimestamp)": "[^"]*"')
    return {key: own.sub("", text) for key, text in objects.items()}


def go_on(found: MemoryCluster) -> None:
    known = record.runs(found, "kserve")
    made = plan_of(found, known[-1])
    waves = made.waves(Direction.APPLY)
    job = Job(
        plan=made,
        direction=Direction.APPLY,
        waves=waves,
        run=known[-1],
        known=known,
        check=lambda: compare(found, made, ""),
        prove=lambda rows: prove(found, made, Direction.APPLY, rows, waves),
    )
    assert carry_out(found, job, CONTROL, Console()).whole


def test_one_namespace_goes_back_and_the_other_stands() -> None:
    found = cluster()
    before = everything(found)
    end = apply(found, planned(found, NEW, scope=Scope.SERVICE))
    assert end.run.head.summary == f"--to-runtimes (scope service), {NEW}"
    assert rollback(found, -1, "team").run.state == "rolled back in part"
    assert (runtime_of(found, "iris"), bool(runtime_of(found, "far", "other"))) == (None, True)
    assert [one.partition("/")[0] for one in runtimes(found)] == ["other"]
    assert rollback(found).run.state == "rolled back"
    assert everything(found) == before


def saved(tmp_path: Path) -> Path:
    path = tmp_path / "cluster.yaml"
    path.write_text(yaml.safe_dump_all(objects("0.15.2")))
    return path


def test_the_flags(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = ("--snapshot", str(saved(tmp_path)))
    asked = ("plan", *SCOPE, "--set", NEW, *source)
    _, out, _ = run(capsys, *asked, "--canary", "team/rows", "--max-unavailable", "1")
    shown = " ".join(out.split())
    assert "kserve-sklearnserver for 3 InferenceServices in other, team" in shown
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
        (("--scope", "service", "--activate=each"), "reconciled at once"),
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
    told = texts["README.md"]
    assert "Restart KServe" not in told
    assert told.index("use it\nin place of these") < told.index(
        "Only then take the ServingRuntimes"
    )
    assert " -n other -o jsonpath='{.spec.predictor.model}'" in told
    [back] = [text for name, text in texts.items() if name.startswith(BACK)]
    assert yaml.safe_load(back)["spec"]["predictor"]["model"] == {"runtime": None}


def test_what_is_rendered_keeps_the_order_of_the_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = ("--snapshot", str(saved(tmp_path)))
    flags = ("--set", NEW, "--wave-size", "1", "--canary", "team/rows")
    run(capsys, "plan", *SCOPE, *flags, *source, "--render", str(tmp_path / "git"))
    [first, second, *others] = sorted((tmp_path / "git" / "manifests").iterdir())
    assert {path.name for path in first.iterdir()} == {"runtimes"}
    assert [path.name for path in second.rglob("*.yaml")] == ["inferenceservice.rows.yaml"]
    assert [len(list(path.rglob("*.yaml"))) for path in others] == [1, 1]
    told = (tmp_path / "git" / "README.md").read_text()
    apply = "$ kubectl apply --server-side -R -f manifests/"
    assert [line for line in told.splitlines() if line.startswith(apply)] == [
        f"{apply}{number}" for number in (1, 2, 3, 4)
    ]
