"""Runs that earlier versions recorded are read, gone on with and taken back; later ones refused.

Each file holds a cluster in memory as that version left it: killed between two writes, or at the
end. The number says how old it is, 1 being the oldest.
"""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.execute import record
from migrate.objects import ObjectRef, canonical, sha256
from tests.commands.upgrading import CONFIG, copies, gets
from tests.commands.verbs import Verbs
from tests.planning.clusters import STOCK
from tests.planning.copies import OVER

FILES = sorted((Path(__file__).parent / "former").glob("*.json"))
KILLED = [file for file in FILES if "killed" in file.stem]
YES = ("--yes", "--timeout", "5")
Capsys = pytest.CaptureFixture[str]


def read(file: Path) -> MemoryCluster:
    return MemoryCluster(json.loads(file.read_text(encoding="utf-8")))


def reached(found: MemoryCluster, file: Path) -> None:
    """Whether what was planned is there."""
    if file.stem.startswith("in-place"):
        assert gets(found)["iris"] == "registry.example.com/ml/next:v0.7.0"
    else:
        names = ("other/kserve-sklearnserver", "team/kserve-mlserver", "team/kserve-sklearnserver")
        assert tuple(sorted(copies(found))) == names
        assert set(gets(found).values()) == {OVER, *gets(found).values()}


def back(found: MemoryCluster) -> None:
    """Whether all is as before: to the byte where there was a text."""
    assert copies(found) == {}
    text = found.get(CONFIG)["data"]["predictors"]
    assert text in (json.dumps(STOCK, indent=1), "{}")


def test_there_is_a_file_of_every_kind() -> None:
    kinds = {file.stem.rpartition("-")[0] for file in FILES}
    ways = ("in-place", "to-runtimes")
    assert kinds == {f"{way}-{end}" for way in ways for end in ("killed", "applied")}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_status_reads_it(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capsys) -> None:
    code, out, said = Verbs(read(file), monkeypatch, capsys)("status", "-o", "json")
    assert code == 0, said
    run = json.loads(out)["run"]
    assert run["state"] == ("unfinished apply" if file in KILLED else "applied")
    assert set(run["standings"].values()) <= {"applied", "pending"}
    assert {row["service"] for row in run["services"]} >= {"InferenceService team/iris"}


@pytest.mark.parametrize("file", KILLED, ids=lambda file: file.stem)
def test_apply_goes_on_with_it(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capsys) -> None:
    found = read(file)
    verbs = Verbs(found, monkeypatch, capsys)
    code, _, said = verbs("apply", *YES)
    assert code == 0, said
    reached(found, file)
    assert json.loads(verbs("status", "-o", "json")[1])["run"]["state"] == "applied"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_rollback_takes_it_back(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    found = read(file)
    verbs = Verbs(found, monkeypatch, capsys)
    code, _, said = verbs("rollback", *YES)
    assert code == 0, said
    back(found)
    assert json.loads(verbs("status", "-o", "json")[1])["run"]["state"] == "rolled back"


def later(found: MemoryCluster, **head: str) -> None:
    """Write into the record what a later version would have written."""
    [run] = record.runs(found, "kserve")
    ref = record.ref_of_head(run)
    told = json.loads(found.get(ref)["data"]["head"])
    found.patch(ref, {"data": {"head": json.dumps({**told, **head})}})


def with_a_field(found: MemoryCluster) -> None:
    """The plan has an option that this version does not know."""
    [run] = record.runs(found, "kserve")
    plan: dict[str, Any] = json.loads(record.payload_of(found, run))
    plan["options"]["magic"] = True
    payload = canonical(plan)
    chunk = ObjectRef("v1", "ConfigMap", record.name_of(run.head.id, 1), "kserve")
    packed = base64.b64encode(gzip.compress(payload)).decode()
    found.patch(chunk, {"binaryData": {"plan": packed}})
    later(found, digest=sha256(payload), version="9.0.0")


@pytest.mark.parametrize("verb", ["status", "apply", "rollback"])
def test_a_later_format_is_refused_by_name(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    found = read(KILLED[0])
    later(found, format="kmigrate.dev/run/v2", version="9.0.0")
    code, _, said = Verbs(found, monkeypatch, capsys)(verb, *(YES if verb != "status" else ()))
    words = " ".join(said.split())
    assert code == 7
    assert "found kmigrate.dev/run/v2, written by kmigrate 9.0.0" in words
    assert "kubectl delete" not in words


@pytest.mark.parametrize("verb", ["status", "apply", "rollback"])
def test_a_plan_that_says_more_than_is_known_is_refused(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    found = read(KILLED[0])
    with_a_field(found)
    code, _, said = Verbs(found, monkeypatch, capsys)(verb, *(YES if verb != "status" else ()))
    words = " ".join(said.split())
    assert code == 7
    assert "unknown field `magic`" in words
    assert "it was written by kmigrate 9.0.0" in words
    assert "next: use the kmigrate that wrote it" in words
