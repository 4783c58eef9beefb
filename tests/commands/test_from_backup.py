"""`--from-checkpoint FILE`: a checkpoint's file, a backup of kubectl or parts of it; neither."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import yaml

from migrate.errors import Exit
from migrate.objects import canonical
from tests.commands.formerly import after, backup, before, checkpoint
from tests.commands.formerplans import (
    codes,
    planned,
)
from tests.commands.snapshots import BEFORE, check, run
from tests.commands.wording import Make
from tests.execute.checkpoints import save
from tests.planning.copies import SKLEARN

WHOLE = ("ConfigMap", "Deployment", "InferenceService", "ClusterServingRuntime", "Namespace")


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
