"""kmigrate status of a checkpoint's file: the same as of one in the cluster, and without any."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate.commands.target import Target
from migrate.errors import Exit, UnreachableError
from migrate.objects import Manifest, ObjectRef
from tests.commands.snapshots import BEFORE, run
from tests.commands.verbs import Verbs
from tests.commands.wording import Make
from tests.execute.checkpoints import checkpoint, save
from tests.planning.copies import SKLEARN

CONFIG = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")
RUNTIME = ObjectRef("serving.kserve.io/v1alpha1", "ClusterServingRuntime", SKLEARN)
IRIS = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "iris", "team")
MANAGER = ObjectRef("apps/v1", "Deployment", "kserve-controller-manager", "kserve")


@pytest.fixture
def verbs(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verbs:
    """A cluster of 0.15.2 of which a checkpoint was made."""
    monkeypatch.chdir(tmp_path)
    made = make("0.15.2")
    assert made("checkpoint", "before", "--out", "c.gz")[0] == Exit.OK
    return made


def found(verbs: Verbs, *arguments: str) -> Any:
    code, out, said = verbs("status", *arguments, "-o", "json")
    assert code == Exit.OK, said
    return json.loads(out)["checkpoint"]


def test_its_file_says_the_same(verbs: Verbs) -> None:
    verbs.cluster.patch(CONFIG, {"data": {"new": "x"}})
    told, stored = found(verbs, "c.gz"), found(verbs, "before")
    assert told["found"] == stored["found"]
    assert told["checkpoint"] == "c.gz"
    differs = {key for key in told["line"] if told["line"][key] != stored["line"][key]}
    assert differs == {"chunks", "size"}
    code, out, _ = verbs("status", "c.gz", "--offline")
    assert code == Exit.OK
    assert "next: kmigrate status c.gz    on the cluster says what differs now\n" in out
    assert "kubectl delete" not in out


def test_a_file_where_the_cluster_does_not_answer(
    verbs: Verbs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_: ObjectRef) -> Manifest:
        raise UnreachableError("no answer")

    monkeypatch.setattr(verbs.cluster, "get", silent)
    monkeypatch.setattr(Target, "open", lambda _: verbs.cluster)
    code, out, said = verbs("status", "c.gz")
    assert code == Exit.UNREACHABLE
    assert "no answer" in said
    assert "4 InferenceServices" in out


@pytest.mark.parametrize("name", ["c.json.gz", "c.json", "c"])
def test_a_file_is_known_by_what_is_in_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    save(checkpoint(), tmp_path / name)
    code, out, _ = run(capsys, "status", str(tmp_path / name), "--offline")
    assert code == Exit.OK
    assert "  of KServe 0.9.0, made 2026-11-23T22:17:04Z\n" in out


def test_bad_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, said = run(capsys, "status", "none.json.gz", "--offline")
    assert (code, "No such file" in said) == (Exit.USAGE, True)
    file = tmp_path / "c.gz"
    file.write_bytes(b"\x1f\x8bnothing")
    code, _, said = run(capsys, "status", str(file), "--offline")
    assert (code, "cannot be unpacked" in said) == (Exit.USAGE, True)


def test_from_files_what_differs_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = str(tmp_path / "c.gz")
    made = ("checkpoint", "--no-cluster", "--out", file, "--snapshot", str(BEFORE))
    assert run(capsys, *made)[0] == Exit.OK
    _, out, _ = run(capsys, "status", file, "--snapshot", str(BEFORE.with_name("after")))
    assert "the configuration differs in predictors" in out
    assert "  2 services with another image now:" in out
