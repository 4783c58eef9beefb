"""The main job on the real controllers of KServe 0.7.0: apply, prove, roll back, prove."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.cli import kmigrate, status_of
from tests.real.world import REPOSITORY, World, make_odd, make_world
from tests.testbed.kserve import KServe

pytestmark = pytest.mark.parametrize("kserve_cluster", ["0.7.0"], indirect=True)


@pytest.fixture
def world(kserve_cluster: KServe) -> Iterator[World]:
    made = make_world(kserve_cluster)
    make_odd(made)
    yield made
    kserve_cluster.reset()


def expected(world: World, image: str) -> dict[str, str]:
    """The images now, with that of the sklearn services replaced."""
    sklearn = {world.workload(0, "iris"), world.workload(1, "iris")}
    assert sklearn <= set(world.images())
    return {key: image if key in sklearn else old for key, old in world.images().items()}


@pytest.mark.parametrize(
    ("wanted", "flags", "image"),
    [
        (f"{REPOSITORY}:v0.7.0", [], f"{REPOSITORY}:v0.7.0"),
        (f"{REPOSITORY}:v0.7.0-p5", ["--repin"], f"{REPOSITORY}:v0.7.0-p5"),
        ("kserve/sklearnserver:v9", ["--accept", "KM201"], "kserve/sklearnserver:v0.7.0"),
        (f"{REPOSITORY}:v9", ["--accept", "KM201"], f"{REPOSITORY}:v0.7.0"),
    ],
    ids=["repository", "repository and tag, re-pinned", "tag alone", "new repository, old tag"],
)
def test_apply_and_rollback(
    world: World, tmp_path: Path, wanted: str, flags: list[str], image: str
) -> None:
    admin, before = world.kserve.admin, world.everything_else()
    after = expected(world, image)
    kmigrate(admin, "apply", "--yes", "--set", f"sklearn={wanted}", *flags)
    assert world.images() == after
    repository, _, tag = wanted.rpartition(":")
    document = json.loads(world.predictors())
    assert document["sklearn"]["v1"]["image"] == repository
    assert document["sklearn"]["v1"]["defaultImageVersion"] == tag
    kmigrate(admin, "rollback", "--yes", home=tmp_path / "another machine")
    assert world.everything_else() == before
    assert "rolled back" in kmigrate(admin, "status").stdout


@pytest.mark.parametrize("wanted", ["kserve/sklearnserver:v9", f"{REPOSITORY}:v9"])
def test_a_tag_that_pins_keep_away_is_refused(world: World, wanted: str) -> None:
    before = world.everything_else()
    done = kmigrate(world.kserve.admin, "apply", "--yes", "--set", f"sklearn={wanted}", expect=7)
    assert "KM201" in done.stderr
    assert "--repin" in done.stderr
    assert all(f"{namespace}/iris" in done.stderr for namespace in world.namespaces)
    assert world.everything_else() == before
    assert "no run is recorded" in kmigrate(world.kserve.admin, "status").stdout


def test_a_saved_plan_is_applied_exactly(world: World, tmp_path: Path) -> None:
    admin, file = world.kserve.admin, tmp_path / "plan.json"
    after = expected(world, f"{REPOSITORY}:v0.7.0")
    kmigrate(admin, "plan", "--set", f"sklearn={REPOSITORY}:v0.7.0", "--out", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    forecast = json.loads(file.read_text())["plan"]["forecast"]
    assert {
        f"{r['workload']['namespace']}/{r['workload']['name']}": r["afterPlan"] for r in forecast
    } == after
    kmigrate(admin, "apply", str(file))
    assert world.images() == after


def test_services_made_between_apply_and_rollback_are_told(world: World) -> None:
    admin = world.kserve.admin
    kmigrate(admin, "apply", "--yes", "--repin", "--set", f"sklearn={REPOSITORY}:v9")
    world.add(world.namespaces[0], "late", "sklearn")
    done = kmigrate(admin, "rollback", "--yes")
    assert "KM301" in done.stderr
    assert "kserve/sklearnserver:v9" in done.stderr
    late = world.workload(0, "late")
    assert world.images()[late] == "kserve/sklearnserver:v9"
    assert {v for k, v in world.images().items() if k != late} == {
        "kserve/sklearnserver:v0.7.0",
        "kserve/xgbserver:v0.7.0",
    }


def test_who_changes_at_the_restart_anyway_is_told_and_proven(world: World) -> None:
    """Somebody edited the image of xgboost long ago; nothing has reconciled since."""
    document = world.predictors().replace('"kserve/xgbserver"', '"somebody/xgbserver"')
    world.kserve.api.patch(world.config(), {"data": {"predictors": document}})
    wanted = f"sklearn={REPOSITORY}:v0.7.0"
    plan = json.loads(kmigrate(world.kserve.admin, "plan", "--set", wanted, "-o", "json").stdout)
    rows = {
        f"{r['service']['namespace']}/{r['service']['name']}": r for r in plan["plan"]["forecast"]
    }
    for namespace in world.namespaces:
        row = rows[f"{namespace}/prices"]
        assert row["outlook"] == "changes anyway"
        assert row["now"] == "kserve/xgbserver:v0.7.0"
        assert row["afterReconcile"] == row["afterPlan"] == "somebody/xgbserver:v0.7.0"
    assert "KM202" in {finding["code"] for finding in plan["plan"]["findings"]}
    kmigrate(world.kserve.admin, "apply", "--yes", "--set", wanted)
    assert set(world.images().values()) == {f"{REPOSITORY}:v0.7.0", "somebody/xgbserver:v0.7.0"}


def test_a_later_edit_of_another_leaf_survives_the_rollback(world: World) -> None:
    admin, before = world.kserve.admin, world.predictors()
    kmigrate(admin, "apply", "--yes", "--set", f"sklearn={REPOSITORY}:v0.7.0")
    edited = world.predictors().replace('"kserve/lgbserver"', '"somebody/lgbserver"')
    world.kserve.api.patch(world.config(), {"data": {"predictors": edited}})
    done = kmigrate(admin, "rollback", "--yes")
    assert "later edits of somebody else are kept" in done.stdout
    assert world.predictors() == before.replace('"kserve/lgbserver"', '"somebody/lgbserver"')


def test_a_later_edit_of_our_leaf_is_kept_and_told(world: World) -> None:
    admin, before = world.kserve.admin, world.everything_else()
    kmigrate(admin, "apply", "--yes", "--set", f"sklearn={REPOSITORY}:v0.7.0")
    edited = world.predictors().replace(f'"{REPOSITORY}"', '"somebody/sklearnserver"')
    world.kserve.api.patch(world.config(), {"data": {"predictors": edited}})
    done = kmigrate(admin, "rollback", "--yes", expect=4)
    assert "KM303" in done.stderr
    assert "somebody/sklearnserver" in done.stderr
    assert world.predictors() == edited
    assert "rolled back in part" in kmigrate(admin, "status").stdout
    kmigrate(admin, "rollback", "--yes", expect=4)
    [later] = status_of(admin)["later"]
    assert later["writer"]
    forced = kmigrate(admin, "rollback", "--yes", "--force-field", later["argument"])
    assert f"last written by {later['writer'].partition(' ')[0]}" in " ".join(forced.stderr.split())
    assert world.everything_else() == before
    [kept] = status_of(admin)["overwritten"]
    assert (kept["found"], kept["writer"]) == ('"somebody/sklearnserver"', later["writer"])


def test_applying_twice_is_applying_once(world: World) -> None:
    wanted = f"sklearn={REPOSITORY}:v0.7.0"
    kmigrate(world.kserve.admin, "apply", "--yes", "--set", wanted)
    mark = world.kserve.plane.audit.mark()
    done = kmigrate(world.kserve.admin, "apply", "--yes", "--set", wanted)
    assert "nothing to change" in done.stdout
    audit = world.kserve.plane.audit
    audit.settle(world.kserve.api)
    ours = [r for r in audit.since(mark) if r.user_agent.startswith("kmigrate/")]
    assert ours
    assert not [r for r in ours if r.is_mutating]
