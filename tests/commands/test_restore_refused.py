"""When `kmigrate rollback CHECKPOINT` does not begin, and with which command it does."""

from __future__ import annotations

import msgspec
import pytest

from migrate.errors import Exit
from migrate.execute import record
from migrate.objects import ObjectRef
from tests.commands.moving import everything
from tests.commands.reconciling import reconcile
from tests.commands.restoring import (
    CONFIG,
    TREES,
    after_failed_upgrade,
    before,
    data,
)
from tests.commands.upgrading import upgrade as move_on
from tests.commands.verbs import Verbs
from tests.commands.wording import Make
from tests.execute.checkpoints import stored, write

pytestmark = pytest.mark.usefixtures("here")

CONTROLLER = ObjectRef("apps/v1", "Deployment", "kserve-controller-manager", "kserve")


@pytest.fixture
def verbs(make: Make) -> Verbs:
    """A checkpoint was made, then came the upgrade and its way back."""
    return after_failed_upgrade(make)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("before", "-n", "team"), "--namespace: only with a RUN"),
        (("before", "--force-field", "*"), "--force-field: only with a RUN"),
        (("--keep-runtimes",), "--keep-runtimes: only with a CHECKPOINT"),
        (("--take-ownership",), "--take-ownership: only with a CHECKPOINT"),
        (("befor",), "no run or checkpoint befor; did you mean before"),
    ],
)
def test_flags_that_mean_nothing_are_refused(
    verbs: Verbs, flags: tuple[str, ...], words: str
) -> None:
    code, _, error = verbs("rollback", *flags, "--yes")
    assert code == Exit.USAGE
    assert words in error


def test_another_release_is_refused_with_the_right_command(verbs: Verbs) -> None:
    _controller(verbs, image="kserve/kserve-controller:v0.10.2")
    code, _, error = verbs("rollback", "before", "--yes")
    assert code == Exit.BLOCKED
    assert "made under KServe 0.9.0; 0.10.2 runs now" in error
    assert "kmigrate plan --from-checkpoint before" in error


def test_a_patch_release_does_the_same(verbs: Verbs) -> None:
    _controller(verbs, image="kserve/kserve-controller:v0.9.1")
    assert verbs("rollback", "before", "--yes")[0] == Exit.OK
    assert data(verbs.cluster) == before()[0]


def _controller(verbs: Verbs, image: str) -> None:
    spec = verbs.cluster.get(CONTROLLER)["spec"]
    spec["template"]["spec"]["containers"][0]["image"] = image
    verbs.cluster.patch(CONTROLLER, {"spec": spec})


def test_another_cluster_is_refused(verbs: Verbs) -> None:
    known = stored(verbs.cluster, "kserve", "before")
    write(verbs.cluster, msgspec.structs.replace(known, name="foreign", cluster_uid="other"))
    code, _, error = verbs("rollback", "foreign", "--yes")
    assert code == Exit.STALE
    assert "is of another cluster, uid other" in error


@pytest.mark.parametrize("tag", ["v0.9.0", "v0.10.2"])
def test_two_controllers_are_refused(verbs: Verbs, tag: str) -> None:
    twin = verbs.cluster.get(CONTROLLER)
    twin["spec"]["template"]["spec"]["containers"][0]["image"] = f"kserve/kserve-controller:{tag}"
    meta = {"name": CONTROLLER.name, "namespace": "kserve"}
    verbs.cluster.create({**twin, "kind": "StatefulSet", "metadata": meta})
    code, _, error = verbs("rollback", "before", "--yes")
    assert code == Exit.BLOCKED
    said = " ".join(error.split())
    assert "Deployment kserve/kserve-controller-manager" in said
    assert "StatefulSet kserve/kserve-controller-manager" in said
    assert "scale the one that is not of KServe 0.9.0 to 0" in said
    assert data(verbs.cluster) != before()[0]


def test_an_owner_takes_it_back(verbs: Verbs) -> None:
    helm = {"meta.helm.sh/release-name": "kserve", "meta.helm.sh/release-namespace": "kserve"}
    labels = {"app.kubernetes.io/managed-by": "Helm"}
    verbs.cluster.patch(CONFIG, {"metadata": {"annotations": helm, "labels": labels}})
    code, _, error = verbs("rollback", "before", "--yes")
    assert code == Exit.BLOCKED
    assert "KM106" in error
    code, _, error = verbs("rollback", "before", "--yes", "--take-ownership")
    assert code == Exit.OK, error
    assert data(verbs.cluster) == before()[0]


def test_an_unfinished_run_comes_first(verbs: Verbs) -> None:
    code, _, error = verbs("apply", "--yes", "--set", "sklearn=x/sklearn:v0.7.0")
    assert code == Exit.OK, error
    run = record.runs(verbs.cluster, "kserve")[-1]
    head = record.ref_of_head(run)
    lines = verbs.cluster.get(head)["data"]["journal"].splitlines(keepends=True)
    verbs.cluster.patch(head, {"data": {"journal": "".join(lines[:-1])}})
    code, _, error = verbs("rollback", "before", "--yes")
    assert code == Exit.BLOCKED
    assert f"run {run.head.id} is unfinished" in error
    assert "kmigrate rollback" in error
    assert verbs("rollback", "--yes")[0] == Exit.OK
    assert verbs("rollback", "before", "--yes")[0] == Exit.OK
    assert data(verbs.cluster) == before()[0]


def test_it_asks_before_it_writes(verbs: Verbs) -> None:
    disturbed = data(verbs.cluster)
    code, _, error = verbs("rollback", "before")
    assert (code, "there is no terminal to ask on" in error) == (Exit.USAGE, True)
    assert data(verbs.cluster) == disturbed


def test_who_would_lose_what_he_has_blocks_it(verbs: Verbs) -> None:
    """Somebody gave it the former image since, in another way than then."""
    image = "registry.example.com/ml/xgbserver:ours"
    found = verbs.cluster
    found.patch(TREES, {"spec": {"predictor": {"model": {"image": "x/other:1"}}}})
    spec = {"spec": {"template": {"spec": {"containers": [_container(image)]}}}}
    reconcile(found)
    workload = ObjectRef("apps/v1", "Deployment", "trees-predictor-default", "team")
    found.patch(_workload(verbs, "trees") or workload, spec)
    code, _, error = verbs("rollback", "before", "--yes")
    assert (code, "KM306" in error) == (Exit.BLOCKED, True), error
    assert data(found) != before()[0]
    code, _, error = verbs("rollback", "before", "--yes", "--accept", "KM306=team/trees")
    assert code == Exit.OK, error
    assert data(found) == before()[0]


def _container(image: str) -> dict[str, str]:
    return {"name": "kserve-container", "image": image}


def _workload(verbs: Verbs, name: str) -> ObjectRef | None:
    kinds = (("serving.knative.dev/v1", "Service"), ("apps/v1", "Deployment"))
    for version, kind in kinds:
        for one in verbs.cluster.list(version, kind, dict):
            meta = one["metadata"]
            if meta["name"].startswith(f"{name}-predictor"):
                return ObjectRef(version, kind, meta["name"], meta["namespace"])
    return None


@pytest.mark.parametrize("command", [("rollback", "before"), ("apply",)])
def test_stopped_it_does_not_go_on_under_another_release(
    verbs: Verbs, command: tuple[str, ...]
) -> None:
    """What a checkpoint holds is of its release: over another one it would be half of each."""
    assert verbs("rollback", "before", "--yes")[0] == Exit.OK
    head = record.ref_of_head(record.runs(verbs.cluster, "kserve")[-1])
    lines = verbs.cluster.get(head)["data"]["journal"].splitlines(keepends=True)
    verbs.cluster.patch(head, {"data": {"journal": lines[0]}})
    move_on(verbs.cluster, "0.8.0")
    left = everything(verbs.cluster)
    code, _, error = verbs(*command, "--yes")
    assert code == Exit.BLOCKED, error
    told = " ".join(error.split())
    assert "brings back what a checkpoint of KServe 0.9.0 holds, and 0.8.0 runs now" in told
    assert "kmigrate rollback takes back what was done" in told
    assert everything(verbs.cluster) == left
