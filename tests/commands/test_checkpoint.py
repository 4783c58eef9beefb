"""kmigrate checkpoint: what is saved, where, and what keeps from it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.commands import checkpointfiles
from migrate.commands.checkpoints import names, packed, read
from migrate.errors import Exit, ForbiddenError, KmigrateError, RefusedError
from migrate.execute import checkpoints
from migrate.objects import Manifest, ObjectRef, ref_of
from migrate.planning.checkpoint import Checkpoint
from tests.commands.moving import cluster, objects
from tests.commands.snapshots import BEFORE, changed, check, run
from tests.commands.verbs import Verbs
from tests.commands.wording import Make
from tests.execute.checkpoints import checkpoint
from tests.execute.flaky import Fault, FlakyCluster, KilledError
from tests.execute.test_record import make as begun

FILE = "kmigrate-checkpoint-before.json.gz"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of one's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def stored(verbs: Verbs, name: str = "before") -> Checkpoint:
    return read(verbs.cluster, "kserve", name)


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
    assert checkpointfiles.load(Path(FILE)) == found
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
    ref = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "iris", "team")
    found.patch(ref, {"spec": {"predictor": {"model": {"env": [secret]}}}})
    verbs = make(found=found)
    shown = [verbs("checkpoint", "before"), verbs("status", "before"), verbs("status", FILE)]
    shown += [verbs("status", "before", "-o", "yaml"), verbs("status")]
    assert all("hunter2" not in out + said for _, out, said in shown)
    kept = next(s for s in stored(verbs).services if s["metadata"]["name"] == "iris")
    assert kept["spec"]["predictor"]["model"]["env"] == [secret]


def test_a_name_of_its_own_sorts_by_time_and_tells_the_release(make: Make, here: Path) -> None:
    verbs = make("0.15.2")
    assert verbs("checkpoint")[0] == Exit.OK
    (row,) = names(verbs.cluster, "kserve")
    assert re.fullmatch(r"\d{8}-\d{6}-0-15-2", row.name)
    assert [one.name for one in here.iterdir()] == [f"kmigrate-checkpoint-{row.name}.json.gz"]


@pytest.mark.parametrize("name", ["Before", "-x", "x-", "a.b", "a" * 64, "20261123-221704-20af"])
def test_a_name_that_cannot_be(make: Make, here: Path, name: str) -> None:
    verbs = make()
    code, out, said = verbs("checkpoint", "--no-cluster", "--", name)
    assert (code, out) == (Exit.USAGE, "")
    assert "NAME" in said
    assert list(here.iterdir()) == []


def test_the_longest_name(make: Make) -> None:
    verbs = make()
    assert verbs("checkpoint", "a" * 63)[0] == Exit.OK
    assert stored(verbs, "a" * 63).name == "a" * 63


def test_a_name_is_taken_once(make: Make, here: Path) -> None:
    verbs = make()
    assert verbs("checkpoint", "before")[0] == Exit.OK
    Path(FILE).unlink()
    first = stored(verbs)
    code, out, said = verbs("checkpoint", "before")
    assert (code, out) == (Exit.BLOCKED, "")
    assert "there is one of this name already" in said
    assert "kmigrate status before" in said
    assert list(here.iterdir()) == []
    assert stored(verbs) == first


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("there", "there is such a file already"),
        ("none/file", "there is no folder none"),
        ("there/file", "there is no folder there"),
    ],
)
def test_a_file_that_cannot_be_is_told_before_anything_is_written(
    make: Make, out: str, words: str
) -> None:
    Path("there").write_text("mine")
    verbs = make()
    code, _, said = verbs("checkpoint", "before", "--out", out)
    assert code == Exit.USAGE
    assert words in said
    assert "--out FILE" in said
    assert Path("there").read_text() == "mine"
    assert names(verbs.cluster, "kserve") == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to any folder")
def test_a_folder_that_cannot_be_written(make: Make, here: Path) -> None:
    verbs = make()
    here.chmod(0o500)
    code, _, said = verbs("checkpoint", "before")
    here.chmod(0o700)
    assert code == Exit.USAGE
    assert "no file can be made in folder" in said
    assert names(verbs.cluster, "kserve") == []


@pytest.mark.parametrize("flags", [("--dry-run=client",), ("--dry-run=client", "-o", "json")])
def test_a_dry_run_writes_nothing(make: Make, here: Path, flags: tuple[str, ...]) -> None:
    verbs = make()
    code, out, said = verbs("checkpoint", "before", *flags)
    assert (code, said) == (Exit.OK, "")
    assert list(here.iterdir()) == []
    assert names(verbs.cluster, "kserve") == []
    if len(flags) == 1:
        assert "would be saved in namespace kserve: 2 ConfigMaps" in out
    else:
        assert json.loads(out)["dryRun"] is True


def test_in_the_file_alone(make: Make) -> None:
    verbs = make()
    code, out, _ = verbs("checkpoint", "before", "--no-cluster")
    assert code == Exit.OK
    assert "in namespace" not in out
    assert names(verbs.cluster, "kserve") == []
    assert checkpointfiles.load(Path(FILE)).name == "before"


def test_of_files_there_is_a_file_alone(capsys: pytest.CaptureFixture[str]) -> None:
    check(capsys, 64, ("files cannot be written to",), *on_files(BEFORE)[:2], *on_files(BEFORE)[3:])
    code, _, said = run(capsys, *on_files(BEFORE))
    assert (code, said) == (Exit.OK, "")


def test_a_cluster_that_does_not_tell_which_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, said = run(capsys, *on_files(BEFORE.parents[1] / "copies"))
    assert code == Exit.OK
    assert "warning: no uid of namespace kube-system" in said
    assert checkpointfiles.load(Path(FILE)).cluster_uid == ""


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--kserve-namespace", "other"), "--kserve-namespace NS"),
        (("--kserve-version", "0.6.0"), "the release of KServe is not known"),
    ],
)
def test_what_must_be_known(make: Make, here: Path, flags: tuple[str, ...], words: str) -> None:
    verbs = make()
    code, out, said = verbs("checkpoint", "before", *flags)
    assert (code, out) == (Exit.BLOCKED, "")
    assert words in said
    assert list(here.iterdir()) == []
    assert called(verbs.cluster) == {"inferenceservice-config"}


def test_a_release_that_is_guessed_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [one for one in objects("0.15.2") if one["kind"] != "Deployment"]
    verbs = Verbs(MemoryCluster(found), monkeypatch, capsys)
    code, _, said = verbs("checkpoint", "before")
    assert code == Exit.OK
    assert f"warning: KServe {stored(verbs).release} is not certain" in said


def called(found: MemoryCluster) -> set[str]:
    return {one["metadata"]["name"] for one in found.list("v1", "ConfigMap", dict)}


def test_a_configuration_that_kserve_cannot_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    check(capsys, 7, ("predictors", "kubectl edit"), *on_files(changed(tmp_path, "{")))
    assert not Path(FILE).exists()


def test_a_run_that_is_under_way_is_told(make: Make) -> None:
    verbs = make()
    begun(verbs.cluster, "20261123-035524-2023")
    code, _, said = verbs("checkpoint", "before")
    assert code == Exit.OK
    assert "is unfinished (unfinished apply): half of its change is in" in said
    assert stored(verbs).unfinished == "20261123-035524-2023"
    _, out, _ = verbs("status", "before")
    assert "run 20261123-035524-2023 was unfinished" in out


class Denying(MemoryCluster):
    """A cluster that lets nobody create, nor list where ``lists`` says so, ConfigMaps."""

    verbs: tuple[str, ...] = ("create",)
    answers = True
    error: type[KmigrateError] = ForbiddenError

    def create(self, manifest: Manifest) -> Manifest:
        if manifest["kind"] == "SelfSubjectAccessReview":
            asked = manifest["spec"]["resourceAttributes"]
            is_denied = self.answers and asked["verb"] in self.verbs
            return {"status": {"allowed": not is_denied}}
        raise self.error("no, not here")

    def list(self, api_version: str, kind: str, into: type[Any], **more: Any) -> Iterator[Any]:
        if kind == "ConfigMap" and "list" in self.verbs:
            raise ForbiddenError("cannot list configmaps")
        return super().list(api_version, kind, into, **more)


@pytest.mark.parametrize(
    ("verbs_denied", "answers", "error", "code"),
    [
        (("create",), True, ForbiddenError, Exit.DENIED),
        (("create", "list"), True, ForbiddenError, Exit.DENIED),
        ((), False, ForbiddenError, Exit.DENIED),
        ((), False, RefusedError, Exit.BLOCKED),
    ],
)
def test_where_the_cluster_takes_none_the_file_is_written(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verbs_denied: tuple[str, ...],
    answers: bool,
    error: type[KmigrateError],
    code: Exit,
) -> None:
    place = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kserve"}}
    found = Denying([*objects("0.15.2"), place])
    found.verbs, found.answers, found.error = verbs_denied, answers, error
    verbs = Verbs(found, monkeypatch, capsys)
    ended, out, said = verbs("checkpoint", "before")
    assert ended == code
    assert f"saved in {FILE}" in out
    assert "in namespace" not in out
    assert "not saved in the cluster" in said
    assert f"it is in {FILE} alone" in said
    if answers:
        assert all(f"{verb} configmaps in namespace kserve" in said for verb in verbs_denied)
    assert checkpointfiles.load(Path(FILE)).name == "before"


def test_what_a_killed_one_left_is_swept_by_the_next(make: Make) -> None:
    verbs = make()
    row = checkpoints.CheckpointRow(name="torn")
    torn = FlakyCluster(MemoryCluster(), 2, Fault.KILLED_BEFORE)
    with pytest.raises(KilledError):
        checkpoints.store(torn, "kserve", row, packed(checkpoint("torn"))[1])
    (left,) = torn.inner.list("v1", "ConfigMap", dict)
    left["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z"
    name = left["metadata"]["name"]
    verbs.cluster = MemoryCluster([left], base=verbs.cluster)
    code, _, _ = verbs("checkpoint", "before")
    assert code == Exit.OK
    assert name not in called(verbs.cluster)
    assert stored(verbs).name == "before"
