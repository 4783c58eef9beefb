"""What `plan --render` writes, given to kubectl on real controllers: the same as `apply` makes.

Containers are simulated; what is looked at is what the API server keeps and KServe writes.
"""

from __future__ import annotations

import copy
import json
import shlex
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.real.claims import image_of, only_if_all, stock_runtime
from tests.real.cli import environment, kmigrate
from tests.real.world import CONFIG, World, make_odd
from tests.testbed.api import Manifest
from tests.testbed.kserve import SERVING, SERVING_ALPHA, KServe
from tests.testbed.manifests import release_manifests
from tests.testbed.programs import build
from tests.testbed.samples import framework_service
from tests.testbed.waiting import wait_until

IMAGE = "registry.example.com/ml/sklearnserver:v9"
# Pins exist in services of 0.7, and can be moved there alone.
RELEASES = ["0.9.0", "0.15.2", *only_if_all("0.7.0", "0.8.0", "0.11.2", "0.17.0", "0.20.0")]
everywhere = pytest.mark.parametrize("kserve_cluster", RELEASES, indirect=True)
_SECONDS = 60


@pytest.fixture
def team(kserve_cluster: KServe) -> Iterator[str]:
    namespace = kserve_cluster.create_namespace("team")
    if kserve_cluster.release.version in ("0.7.0", "0.9.0"):
        make_odd(World(kserve_cluster, ("", "")))
    for name, framework in (("iris", "sklearn"), ("prices", "xgboost")):
        kserve_cluster.api.create(framework_service(name, namespace, framework))
        kserve_cluster.wait_predictor(namespace, name)
    yield namespace
    kserve_cluster.reset()


def flags(cluster: KServe) -> list[str]:
    return ["--set", f"sklearn={IMAGE}", *(["--repin"] if is_oldest(cluster) else [])]


def is_oldest(cluster: KServe) -> bool:
    return cluster.release.version == "0.7.0"


def rendered(cluster: KServe, tmp_path: Path) -> Path:
    folder = tmp_path / "rendered"
    kmigrate(cluster.admin, "plan", *flags(cluster), "--render", str(folder))
    return folder


def kubectl(cluster: KServe, *arguments: str, expect: int = 0, stdin: str = "") -> str:
    done = subprocess.run(
        [str(build("kubectl")), *arguments],
        env=environment(cluster.admin),
        capture_output=True,
        text=True,
        check=False,
        input=stdin,
        timeout=120,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr if expect else done.stdout


def objects(cluster: KServe) -> dict[str, Any]:
    """What the plan could write, apart from what only the API server and kubectl keep count of."""
    found = [cluster.api.get_same(CONFIG), *cluster.api.list(SERVING, "InferenceService")]
    if not is_oldest(cluster):
        found += cluster.api.list(SERVING_ALPHA, "ClusterServingRuntime")
    return {f"{o['kind']}/{o['metadata']['name']}": content(o) for o in found if o}


def content(manifest: Manifest) -> Manifest:
    meta = manifest["metadata"]
    kept = {k: v for k, v in manifest.items() if k not in ("metadata", "status")}
    return kept | {key: meta.get(key) for key in ("labels", "annotations")}


def images(cluster: KServe, namespace: str) -> list[str]:
    return [image_of(cluster, namespace, name) for name in ("iris", "prices")]


def do_as_told(cluster: KServe, folder: Path) -> None:
    """Type the commands of the README's last but one part."""
    then = (folder / "README.md").read_text().split("## What to do then")[1].split("## ")[0]
    for line in then.splitlines():
        if line.startswith("$ "):
            program, *arguments = shlex.split(line[2:])
            assert program == "kubectl"
            if arguments[:2] == ["rollout", "restart"]:
                wait_until(lambda: may_restart(cluster), 5, "a second since the last restart")
            kubectl(cluster, *arguments)


def may_restart(cluster: KServe) -> bool:
    """Whether kubectl would restart the controller: not twice within a second."""
    found = cluster.api.get_same(cluster.controller)
    meta = found["spec"]["template"]["metadata"] if found else {}
    at = (meta.get("annotations") or {}).get("kubectl.kubernetes.io/restartedAt")
    return at is None or datetime.now(UTC) - datetime.fromisoformat(at) >= timedelta(seconds=1)


def wait_images(cluster: KServe, namespace: str, wanted: list[str]) -> None:
    wait_until(lambda: images(cluster, namespace) == wanted, _SECONDS, f"images {wanted}")


@everywhere
def test_manifests_give_what_apply_gives_and_the_former_ones_take_it_back(
    kserve_cluster: KServe, team: str, tmp_path: Path
) -> None:
    cluster, before, were = kserve_cluster, objects(kserve_cluster), images(kserve_cluster, team)
    folder = rendered(cluster, tmp_path)
    kmigrate(cluster.admin, "apply", "--yes", *flags(cluster))
    applied = objects(cluster)
    kmigrate(cluster.admin, "rollback", "--yes")
    assert objects(cluster) == before != applied
    command = ["apply", "--server-side", "-R", "-f", f"{folder}/manifests"]
    assert "conflict" in kubectl(cluster, *command, expect=1)
    assert "add `--force-conflicts`" in (folder / "README.md").read_text()
    kubectl(cluster, *command, "--force-conflicts")
    assert objects(cluster) == applied
    do_as_told(cluster, folder)
    wait_images(cluster, team, [IMAGE, were[1]])
    back = f"{folder}/rollback/manifests"
    kubectl(cluster, "apply", "--server-side", "-R", "-f", back)
    assert objects(cluster) == before
    do_as_told(cluster, folder)
    wait_images(cluster, team, were)


@everywhere
def test_apply_has_kserve_act_on_what_was_changed_in_git(
    kserve_cluster: KServe, team: str, tmp_path: Path
) -> None:
    cluster, xgboost = kserve_cluster, images(kserve_cluster, team)[1]
    manifests = rendered(cluster, tmp_path) / "manifests"
    kubectl(cluster, "apply", "--server-side", "--force-conflicts", "-R", "-f", str(manifests))
    changed = objects(cluster)
    kmigrate(cluster.admin, "apply", "--yes", *flags(cluster))
    assert images(cluster, team) == [IMAGE, xgboost]
    assert objects(cluster) == changed


@everywhere
def test_patches_over_the_release_give_the_same(
    kserve_cluster: KServe, team: str, tmp_path: Path
) -> None:
    cluster, before = kserve_cluster, objects(kserve_cluster)
    folder = rendered(cluster, tmp_path)
    kmigrate(cluster.admin, "apply", "--yes", *flags(cluster))
    applied = objects(cluster)
    kmigrate(cluster.admin, "rollback", "--yes")
    base = tmp_path / "base"
    base.mkdir()
    (base / "all.yaml").write_text(yaml.safe_dump_all(kept_in_git(cluster, team)))
    for patches, wanted in (("patches", applied), ("rollback/patches", before)):
        components = sorted(
            str(Path("..", "rendered", file.parent.relative_to(folder)))
            for file in (folder / patches).rglob("kustomization.yaml")
        )
        kustomization = {"resources": ["all.yaml"], "components": components}
        (base / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        built = kubectl(cluster, "kustomize", str(base))
        kubectl(cluster, "apply", "--server-side", "--force-conflicts", "-f", "-", stdin=built)
        assert objects(cluster) == wanted


def kept_in_git(cluster: KServe, namespace: str) -> list[Manifest]:
    """The release's own manifests of what a plan writes, and a team's service."""
    released = release_manifests(
        cluster.release, cluster.plane.authority.ca, cluster.mode, cluster.port
    )
    services = [framework_service("iris", namespace, "sklearn")] if is_oldest(cluster) else []
    kinds = ("ConfigMap", "ClusterServingRuntime")
    return [*(m for m in released if m["kind"] in kinds), *services]


@everywhere
def test_a_base_without_the_object_fails(kserve_cluster: KServe, team: str, tmp_path: Path) -> None:
    folder = rendered(kserve_cluster, tmp_path)
    (tmp_path / "base").mkdir()
    kustomization = tmp_path / "base" / "kustomization.yaml"
    kustomization.write_text(yaml.safe_dump({"components": ["../rendered/patches"]}))
    assert "no matches" in kubectl(kserve_cluster, "kustomize", str(kustomization.parent), expect=1)
    assert folder.is_dir()
    assert team


@pytest.mark.parametrize("kserve_cluster", ["0.15.2"], indirect=True)
def test_what_kubectl_apply_wrote_needs_no_force(
    kserve_cluster: KServe, team: str, tmp_path: Path
) -> None:
    cluster, own = kserve_cluster, copy.deepcopy(stock_runtime(kserve_cluster))
    own["metadata"] = {"name": "own"}
    own["spec"]["supportedModelFormats"] = [{"name": "own", "version": "1"}]
    kubectl(cluster, "apply", "-f", "-", stdin=json.dumps(own))
    folder = tmp_path / "rendered"
    wanted = f"runtime/own={IMAGE}"
    kmigrate(cluster.admin, "plan", "--set", wanted, "--render", str(folder))
    assert "No `--force-conflicts` is needed" in (folder / "README.md").read_text()
    kubectl(cluster, "apply", "--server-side", "-R", "-f", f"{folder}/manifests")
    assert objects(cluster)["ClusterServingRuntime/own"]["spec"]["containers"][0]["image"] == IMAGE
    assert team
