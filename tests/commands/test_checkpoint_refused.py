"""kmigrate checkpoint: names, files, dry runs, and what keeps from saving one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.commands import checkpointfiles
from migrate.commands.checkpoints import names
from migrate.errors import Exit, ForbiddenError, KmigrateError, RefusedError
from migrate.execute import checkpoints
from migrate.objects import Manifest
from tests.commands.moving import objects
from tests.commands.snapshots import BEFORE, changed, check, run
from tests.commands.test_checkpoint import FILE, on_files, stored
from tests.commands.verbs import Verbs
from tests.commands.wording import Make
from tests.execute.checkpoints import checkpoint, packed
from tests.execute.flaky import Fault, FlakyCluster, KilledError
from tests.execute.test_record import make as begun

pytestmark = pytest.mark.usefixtures("here")


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


def test_a_folder_that_takes_no_file(make: Make) -> None:
    """Not even from root; who else asks is told before the cluster is read."""
    verbs = make()
    code, _, said = verbs("checkpoint", "before", "--out", "/proc/c.gz")
    assert code == Exit.USAGE
    assert "/proc/c.gz" in said
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
    assert max(map(len, said.splitlines())) <= 80


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
    assert "is unfinished (unfinished apply): half of its change is in" in " ".join(said.split())
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


def test_a_record_of_a_run_that_is_damaged_keeps_nobody_from_saving(make: Make) -> None:
    verbs = make()
    labels = {"app.kubernetes.io/managed-by": "kmigrate", "kmigrate.dev/part": "head"}
    meta = {"name": "kmigrate-run-x-0", "namespace": "kserve", "labels": labels}
    verbs.cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {}})
    code, _, said = verbs("checkpoint", "before")
    assert code == Exit.OK, said
    assert "expected the record of a run" in said
    assert "whether a run is under way is not told" in " ".join(said.split())
    assert stored(verbs).unfinished == ""
