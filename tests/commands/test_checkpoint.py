"""kmigrate checkpoint: what is saved, where, and what keeps from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.commands import checkpointfiles
from migrate.errors import Exit
from migrate.execute import checkpoints
from migrate.objects import Manifest, ObjectRef, ref_of
from tests.commands.moving import cluster
from tests.commands.snapshots import BEFORE, run
from tests.commands.verbs import Verbs
from tests.commands.wording import Make
from tests.execute import checkpoints as documents
from tests.execute.checkpoints import Document, understood

IRIS = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "iris", "team")
FILE = "kmigrate-checkpoint-before.json.gz"


pytestmark = pytest.mark.usefixtures("here")


def stored(verbs: Verbs, name: str = "before") -> Document:
    return documents.stored(verbs.cluster, "kserve", name)


def written(found: MemoryCluster) -> dict[ObjectRef, str]:
    """Each object but those of checkpoints, by its resourceVersion."""
    kinds = [("v1", "ConfigMap"), ("serving.kserve.io/v1beta1", "InferenceService")]
    kinds += [("apps/v1", "Deployment"), ("serving.kserve.io/v1alpha1", "ClusterServingRuntime")]
    every = [each for kind in kinds for each in found.list(*kind, dict)]
    return {
        ref_of(each): each["metadata"]["resourceVersion"]
        for each in every
        if checkpoints.LABEL not in each["metadata"].get("labels", {})
    }


@pytest.mark.parametrize("release", ["0.9.0", "0.15.2", "0.20.0"])
def test_it_holds_everything_as_stored(make: Make, release: str) -> None:
    verbs = make(release)
    before = written(verbs.cluster)
    code, out, said = verbs("checkpoint", "before")
    assert (code, said) == (Exit.OK, "")
    assert written(verbs.cluster) == before
    found = stored(verbs)
    kinds = {
        ("serving.kserve.io/v1beta1", "InferenceService"): found.services,
        ("serving.kserve.io/v1alpha1", "ClusterServingRuntime"): found.runtimes,
    }
    for kind, kept in kinds.items():
        assert list(kept) == list(verbs.cluster.list(*kind, dict))
    config = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")
    assert found.config == verbs.cluster.get(config)
    assert (found.release, found.cluster_uid, found.unfinished) == (release, "u", "")
    assert checkpointfiles.load(Path(FILE)) == understood(found)
    assert Path(FILE).stat().st_mode & 0o777 == 0o600
    assert f"checkpoint before of KServe {release}" in out
    assert "4 InferenceServices" in out
    assert f"saved in {FILE}" in out


def test_it_says_what_each_service_means(make: Make) -> None:
    verbs = make("0.15.2")
    verbs("checkpoint", "before")
    found = stored(verbs)
    for one in found.meanings:
        assert one.workload is not None
        spec = verbs.cluster.get(one.workload)["spec"]["template"]["spec"]
        assert one.image == spec["containers"][0]["image"]
        assert one.image == one.resolved, "reconciled a moment ago"
        assert one.uid == verbs.cluster.get(one.service)["metadata"]["uid"]
        assert (one.form, one.entry, one.ready) == ("model", "", True)
        assert one.runtime is not None
        runtime = verbs.cluster.get(one.runtime)["spec"]["containers"][0]
        assert one.image == runtime["image"]
    assert len(found.meanings) == 4
    ours = [row for row in found.images if not row.is_stock]
    assert [row.entry for row in ours] == ["runtime/kserve-sklearnserver"]
    assert ours[0].image != ours[0].stock


@pytest.mark.parametrize(
    ("conditions", "ready"),
    [
        ([{"type": "Ready", "status": "False"}], False),
        ([{"type": "Ready", "status": "Unknown"}], False),
        ([{"type": "PredictorReady", "status": "True"}], None),
    ],
)
def test_who_is_not_ready(make: Make, conditions: list[Manifest], ready: bool | None) -> None:
    verbs = make()
    verbs.cluster.patch(IRIS, {"status": {"conditions": conditions}}, subresource="status")
    verbs("checkpoint", "before")
    found = {one.service: one.ready for one in stored(verbs).meanings}
    assert (found.pop(IRIS), set(found.values())) == (ready, {True})


def test_a_service_like_no_other_keeps_its_uid(make: Make) -> None:
    """What reads like a placeholder of Go makes a service a shape of its own."""
    verbs = make()
    verbs.cluster.patch(IRIS, {"metadata": {"annotations": {"serving.kserve.io/x": "{{.Name}}"}}})
    verbs("checkpoint", "before")
    found = {one.service: one.uid for one in stored(verbs).meanings}
    assert found[IRIS] == verbs.cluster.get(IRIS)["metadata"]["uid"]


def on_files(folder: Path, *flags: str) -> tuple[str, ...]:
    return ("checkpoint", "before", "--no-cluster", "--snapshot", str(folder), *flags)


def test_it_says_which_entry_decides(capsys: pytest.CaptureFixture[str]) -> None:
    """On 0.7, of services in the framework form."""
    code, _, said = run(capsys, *on_files(BEFORE))
    assert code == Exit.OK, said
    found = checkpointfiles.load(Path(FILE))
    entries = {one.service.name: one.entry for one in found.meanings}
    assert entries["iris"] == "sklearn/v1"
    assert found.runtimes == ()
    assert all(one.runtime is None for one in found.meanings)
    told = {row.entry: row.image for row in found.images}
    assert told["sklearn/v1"] == "kserve/sklearnserver:v0.7.0"


def test_a_release_that_knows_no_runtimes_keeps_those_that_are_there(make: Make) -> None:
    """The CRDs of another release may be there already."""
    verbs = make("0.15.2")
    code, _, said = verbs("checkpoint", "before", "--kserve-version", "0.7.0")
    assert code == Exit.OK, said
    kind = ("serving.kserve.io/v1alpha1", "ClusterServingRuntime", dict)
    assert list(stored(verbs).runtimes) == list(verbs.cluster.list(*kind)) != []


def test_credentials_are_kept_and_not_shown(make: Make) -> None:
    found = cluster()
    secret = {"name": "S3_SECRET_KEY", "value": "hunter2hunter2"}
    found.patch(IRIS, {"spec": {"predictor": {"model": {"env": [secret]}}}})
    verbs = make(found=found)
    shown = [verbs("checkpoint", "before"), verbs("status", "before"), verbs("status", FILE)]
    shown += [verbs("status", "before", "-o", "yaml"), verbs("status")]
    assert all("hunter2" not in out + said for _, out, said in shown)
    kept = next(s for s in stored(verbs).services if s["metadata"]["name"] == "iris")
    assert kept["spec"]["predictor"]["model"]["env"] == [secret]
