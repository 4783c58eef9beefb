"""`--from-checkpoint`: from the cluster, from a file, from a plain backup; and what is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from migrate.cluster.memory import MemoryCluster
from migrate.commands.checkpointfiles import save
from migrate.commands.checkpoints import write
from migrate.errors import Exit, UnreachableError
from migrate.objects import Manifest, ObjectRef, canonical
from migrate.planning.copies import copy_ref
from tests.commands.formerly import after, backup, before, checkpoint, image_of
from tests.commands.snapshots import BEFORE, check, run
from tests.commands.verbs import Verbs
from tests.commands.wording import Make
from tests.planning.copies import OVER, SKLEARN

FROM = ("--from-checkpoint", "before")
WHOLE = ("ConfigMap", "Deployment", "InferenceService", "ClusterServingRuntime", "Namespace")
STOCK = "kserve/sklearnserver:v0.16.0"


def codes(plan: Manifest) -> dict[str, str]:
    return {one["code"]: one["text"] for one in plan["findings"]}


def planned(verbs: Verbs, *flags: str) -> Manifest:
    code, out, said = verbs("plan", *flags, "-o", "json")
    assert code == Exit.OK, said
    found: Manifest = json.loads(out)["plan"]
    return found


@pytest.fixture
def verbs(make: Make) -> Verbs:
    """An upgraded cluster with a checkpoint from before in it."""
    found = after()
    write(found, checkpoint(before()))
    return make(found=found)


def test_the_plan_shows_what_each_ran_beside_what_it_will(verbs: Verbs) -> None:
    code, out, said = verbs("plan", *FROM)
    assert code == Exit.OK, said
    shown = " ".join(out.split())
    assert f"formerly: {OVER} now, next reconcile: {STOCK} after the plan: {OVER}" in shown
    assert "Former images: 3 of 3 InferenceServices run theirs after this. Plan: 1 write" in shown
    assert "checkpoint before of KServe 0.15.2 (2026-11-01T08:00:00Z)" in shown
    assert max(len(line) for line in out.splitlines() if "/" not in line) <= 80
    assert "next: kmigrate apply --from-checkpoint before\n" in said
    forms = {form: verbs("plan", *FROM, "-o", form)[1] for form in ("wide", "markdown", "jsonl")}
    assert "IMAGE FORMERLY" in forms["wide"].split("NAMESPACE")[1].splitlines()[0]
    assert "| formerly |" in forms["markdown"]
    assert "run theirs after this" in forms["markdown"].splitlines()[0]
    rows = [json.loads(line) for line in forms["jsonl"].splitlines()]
    assert {row.get("former") for row in rows if row["kind"] == "Forecast"} == {OVER, None}


@pytest.mark.parametrize("into", [(), ("--to-runtimes",)])
def test_it_is_applied_and_taken_back_like_any_plan(verbs: Verbs, into: tuple[str, ...]) -> None:
    code, _, said = verbs("apply", *FROM, *into, "-y", "--timeout", "1")
    assert code == Exit.OK, said
    written = copy_ref(SKLEARN, "team") if into else None
    assert image_of(verbs.cluster, written) == OVER
    assert image_of(verbs.cluster) == (STOCK if into else OVER)
    code, out, said = verbs("status", "-o", "json")
    assert code == Exit.OK, said
    assert "--from-checkpoint before" in json.loads(out)["run"]["summary"]
    code, _, said = verbs("rollback", "-y", "--timeout", "1")
    assert code == Exit.OK, said
    assert image_of(verbs.cluster) == STOCK


def test_a_saved_plan_needs_no_source(verbs: Verbs, tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")
    assert verbs("plan", *FROM, "--out", file)[0] == Exit.OK
    meta = {"apiVersion": "v1", "kind": "ConfigMap"}
    for one in list(verbs.cluster.list("v1", "ConfigMap", dict, namespace="kserve")):
        if one["metadata"]["name"].startswith("kmigrate-checkpoint"):
            found = one["metadata"]
            ref = ObjectRef(meta["apiVersion"], meta["kind"], found["name"], "kserve")
            verbs.cluster.delete(ref, uid=found["uid"], resource_version=found["resourceVersion"])
    assert verbs("plan", *FROM)[0] == Exit.USAGE
    code, _, said = verbs("apply", file, "--timeout", "1")
    assert code == Exit.OK, said
    assert image_of(verbs.cluster) == OVER
    code, _, said = verbs("apply", file, *FROM)
    assert code == Exit.USAGE
    assert "planning flags have no meaning" in said


class Dying(MemoryCluster):
    """A cluster that stops to answer when a runtime is written, until it is mended."""

    is_mended = False

    def patch(self, ref: ObjectRef, patch: Any, *, subresource: str = "") -> Manifest:
        if ref.kind == "ClusterServingRuntime" and not self.is_mended:
            raise UnreachableError("no answer")
        return super().patch(ref, patch, subresource=subresource)


def test_the_same_command_goes_on_with_the_same_run(make: Make) -> None:
    dying = Dying(base=after())
    write(dying, checkpoint(before()))
    verbs = make(found=dying)
    code, _, said = verbs("apply", *FROM, "-y", "--timeout", "1")
    assert code != Exit.OK
    assert image_of(dying) == STOCK
    dying.is_mended = True
    code, _, said = verbs("apply", "--from-history", "-y")
    assert (code, "this asks for something else" in said) == (Exit.BLOCKED, True), said
    code, _, said = verbs("apply", *FROM, "--with-stock", "-y")
    assert code == Exit.BLOCKED, said
    code, _, said = verbs("apply", *FROM, "-y", "--timeout", "1")
    assert code == Exit.OK, said
    assert "is unfinished; this goes on with its plan" in said
    assert image_of(dying) == OVER
    assert len(json.loads(verbs("status", "-o", "json")[1])["runs"]) == 1


def test_once_it_is_back_there_is_nothing_to_do(verbs: Verbs) -> None:
    assert verbs("apply", *FROM, "-y", "--timeout", "1")[0] == Exit.OK
    code, out, said = verbs("apply", *FROM, "-y")
    assert code == Exit.OK
    assert "nothing to change" in out + said


@pytest.mark.parametrize("is_packed", [True, False])
def test_a_checkpoint_in_a_file_is_told_from_a_backup_by_what_is_in_it(
    make: Make, tmp_path: Path, is_packed: bool
) -> None:
    file = tmp_path / "some-name"
    if is_packed:
        save(checkpoint(before()), file)
    else:
        file.write_bytes(b"\n " + canonical(checkpoint(before())))
    plan = planned(make(found=after()), "--from-checkpoint", str(file))
    assert codes(plan)["KM530"].startswith("3 of 3 services")
    assert "checkpoint before" in codes(plan)["KM530"]


def test_a_backup_of_kubectl_will_do(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "backup.yaml"
    file.write_text(backup(before(), *WHOLE))
    plan = planned(make(found=after()), "--from-checkpoint", str(file))
    told = codes(plan)
    assert told["KM530"].startswith("3 of 3 services")
    assert f"backup {file} of KServe 0.15.2" in told["KM530"]
    assert not {"KM536", "KM540"} & told.keys()
    assert plan["options"]["former"] == {"source": f"file {file}"}


def test_a_folder_of_files_will_do(make: Make, tmp_path: Path) -> None:
    for kind in WHOLE:
        (tmp_path / f"{kind}.yaml").write_text(backup(before(), kind))
    plan = planned(make(found=after()), "--from-checkpoint", str(tmp_path))
    assert codes(plan)["KM530"].startswith("3 of 3 services")


def test_the_runtimes_and_the_configuration_alone_bring_the_runtime_back(
    make: Make, tmp_path: Path
) -> None:
    file = tmp_path / "backup.yaml"
    file.write_text(backup(before(), "ConfigMap", "ClusterServingRuntime"))
    verbs = make(found=after())
    told = ("--from-checkpoint", str(file), "--former-release", "0.15.2")
    plan = planned(verbs, *told)
    assert [one["target"]["name"] for one in plan["operations"]] == [SKLEARN]
    assert "has no InferenceServices" in codes(plan)["KM536"]
    assert "does not tell its cluster" in codes(plan)["KM540"]


def old_config(tmp_path: Path, **images: str) -> Path:
    """The ConfigMap of 0.7 alone, with these repositories of v1."""
    file = tmp_path / "backup.yaml"
    for item in yaml.safe_load((BEFORE / "kserve.yaml").read_text())["items"]:
        if item["metadata"]["name"] == "inferenceservice-config":
            document = json.loads(item["data"]["predictors"])
            for name, image in images.items():
                document[name]["v1"]["image"] = image
            item["data"]["predictors"] = json.dumps(document)
            file.write_text(yaml.safe_dump(item))
    return file


def test_the_configmap_alone_tells_its_release_by_its_predictors(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = str(old_config(tmp_path, sklearn="registry.example.com/ml/sklearnserver"))
    where = ("--snapshot", str(BEFORE), "--from-checkpoint", file)
    code, out, said = run(capsys, "plan", *where, "-o", "json")
    assert code == Exit.OK, said
    plan = json.loads(out)["plan"]
    (edit,) = plan["operations"][0]["change"]["edits"]
    assert edit["after"] == '"registry.example.com/ml/sklearnserver"'
    gaps = [one["text"] for one in plan["findings"] if one["code"] == "KM536"]
    assert any("KServe 0.7.0 is assumed: its predictors are nearest to that" in one for one in gaps)
    code, out, said = run(capsys, "plan", *where, "--former-release", "0.7.0", "-o", "json")
    assert "is assumed" not in out


def test_a_backup_that_tells_no_release_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "backup.yaml"
    meta = {"name": "inferenceservice-config", "namespace": "kserve"}
    file.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}))
    asked = ("plan", "--snapshot", str(BEFORE), "--from-checkpoint", str(file))
    check(capsys, Exit.BLOCKED, ("tells its KServe release", "--former-release"), *asked)


def test_another_clusters_checkpoint_is_refused_and_another_clusters_backup_told(
    make: Make, tmp_path: Path
) -> None:
    file, other = tmp_path / "checkpoint", before()
    save(checkpoint(other, cluster_uid="another"), file)
    verbs = make(found=after())
    code, _, said = verbs("plan", "--from-checkpoint", str(file))
    assert (code, "is of another cluster, uid another" in said) == (Exit.STALE, True)
    text = backup(other, *WHOLE).replace("uid: u\n", "uid: another\n")
    (tmp_path / "backup.yaml").write_text(text)
    plan = planned(verbs, "--from-checkpoint", str(tmp_path / "backup.yaml"))
    assert "is of another cluster" in codes(plan)["KM540"]


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", Exit.USAGE, ("holds no Kubernetes object",)),
        (b"a: [", Exit.USAGE, ("line",)),
        (b"\x1f\x8bnothing", Exit.USAGE, ("cannot be unpacked",)),
        (gzip.compress(b"{}"), Exit.USAGE, ("expected a checkpoint",)),
        (b'{"kind": "Checkpoint", "format": 99, "version": "9.9"}', Exit.USAGE, ("format 99",)),
        (b'{"kind": "Checkpoint", "format": 1}', Exit.USAGE, ("expected a checkpoint",)),
        (b'{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}', Exit.BLOCKED, ()),
    ],
)
def test_files_that_are_neither(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    data: bytes,
    code: Exit,
    words: tuple[str, ...],
) -> None:
    file = tmp_path / "file"
    file.write_bytes(data)
    asked = ("plan", "--snapshot", str(BEFORE), "--from-checkpoint", str(file))
    check(capsys, code, (str(tmp_path), *words), *asked)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--from-checkpoint", "a", "--from-history"), ("give one of them",)),
        (("--with-stock",), ("only with --from-checkpoint",)),
        (("--former-release", "0.9.0"), ("only with --from-checkpoint",)),
        (("--read-helm-releases",), ("only with --from-history",)),
        ((*FROM, "--read-helm-releases"), ("only with --from-history",)),
        ((*FROM, "--former-release", "soon"), ("--former-release 'soon'",)),
        ((*FROM, "--set", "sklearn=a:b"), ("and --set both say",)),
        ((*FROM, "-f", str(BEFORE / "no.yaml")), ("no.yaml",)),
        ((*FROM, "--reset-global"), ("and --reset-global both say",)),
        ((*FROM, "--repin"), ("and --repin both say",)),
        (("--from-checkpoint", "folder/none"), ("no such file or folder",)),
        (("--from-checkpoint", "none.yaml"), ("no such file or folder",)),
    ],
)
@pytest.mark.parametrize("verb", ["plan", "apply"])
def test_flags_that_contradict_each_other(
    capsys: pytest.CaptureFixture[str], verb: str, flags: tuple[str, ...], words: tuple[str, ...]
) -> None:
    check(capsys, Exit.USAGE, words, verb, "--snapshot", str(BEFORE), *flags)


def test_the_least_role_reads_no_more_than_for_any_plan(verbs: Verbs) -> None:
    code, out, said = verbs("plan", *FROM, "--rbac")
    assert code == Exit.OK, said
    assert "  - configmaps\n" in out
    assert "revisions" not in out
