"""A checkpoint that cannot be used says why, and what to type for the verb that was run."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from migrate.commands.checkpoints import read
from migrate.errors import Exit
from migrate.execute import checkpoints
from migrate.execute.chunks import PART_LABEL
from migrate.objects import ObjectRef
from tests.commands.verbs import Verbs
from tests.commands.wording import Make
from tests.execute.checkpoints import UID, checkpoint, save, understood, write

pytestmark = pytest.mark.usefixtures("here")
PLAN = ("plan", "--from-checkpoint")
ROLLBACK = ("rollback", "--yes")
STATUS = ("status",)
VERBS = (PLAN, ("apply", "--yes", "--from-checkpoint"), ROLLBACK, STATUS)
NEXT = {
    PLAN: "kmigrate plan --from-checkpoint {}; without it: kmigrate plan --from-history",
    VERBS[1]: "kmigrate plan --from-checkpoint {}; without it: kmigrate plan --from-history",
    ROLLBACK: "kmigrate rollback {}; without it: kmigrate plan --from-history",
    STATUS: "kmigrate status {}",
}
FILE = "kmigrate-checkpoint-before.json.gz"
HEAD = checkpoints.ref_of_head("kserve", "before")
LISTS = "take another copy, or one in the cluster: kmigrate status lists them"


@pytest.fixture
def verbs(make: Make) -> Verbs:
    """A cluster of 0.15.2 with a checkpoint of it, which lies in a file, too."""
    made = make("0.15.2")
    assert made("checkpoint", "before")[0] == Exit.OK
    return made


def refused(verbs: Verbs, words: tuple[str, ...], name: str) -> tuple[int, str, str]:
    """The exit code, what is wrong, and what is next; nothing is on stdout, and nothing written."""
    before = list(verbs.cluster.list("v1", "ConfigMap", dict))
    code, out, said = verbs(*words, name)
    assert out == ""
    assert list(verbs.cluster.list("v1", "ConfigMap", dict)) == before
    error, _, following = " ".join(said.split()).partition(" next: ")
    return code, error, following


def content(verbs: Verbs) -> ObjectRef:
    """The ConfigMap with what is in the checkpoint."""
    label = f"{checkpoints.LABEL}=before,{PART_LABEL}={checkpoints.CONTENT}"
    found = verbs.cluster.list("v1", "ConfigMap", dict, namespace="kserve", selector=label)
    (one,) = (each["metadata"]["name"] for each in found)
    return ObjectRef("v1", "ConfigMap", one, "kserve")


def lost(verbs: Verbs) -> None:
    meta = verbs.cluster.get(content(verbs))["metadata"]
    own = {"uid": meta["uid"], "resource_version": meta["resourceVersion"]}
    verbs.cluster.delete(content(verbs), **own)


def overwritten(verbs: Verbs) -> None:
    verbs.cluster.patch(content(verbs), {"binaryData": {checkpoints.CONTENT: "AAAA"}})


def undescribed(verbs: Verbs) -> None:
    verbs.cluster.patch(HEAD, {"data": None})


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lost, "is missing or not readable"),
        (overwritten, "was changed: its digest is not"),
        (
            undescribed,
            "kmigrate-checkpoint-before-0: expected its description, found none",
        ),
    ],
)
def test_in_the_cluster_it_sends_to_its_file(
    verbs: Verbs, words: tuple[str, ...], damage: Callable[[Verbs], None], told: str
) -> None:
    damage(verbs)
    code, error, following = refused(verbs, words, "before")
    assert (code, told in error) == (Exit.BLOCKED, True), error
    assert error.startswith("error: checkpoint before: it is damaged: ")
    assert following == f"its file has the same: {NEXT[words].format(FILE)}"
    assert Path(FILE).exists()


@pytest.mark.parametrize("words", [PLAN, STATUS], ids=" ".join)
def test_what_is_sent_to_can_be_typed(verbs: Verbs, words: tuple[str, ...]) -> None:
    lost(verbs)
    _, _, following = refused(verbs, words, "before")
    command = following.partition(": kmigrate ")[2].partition(";")[0]
    assert verbs(*command.split())[0] == Exit.OK


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_a_newer_format_names_the_kmigrate_that_reads_it(
    verbs: Verbs, words: tuple[str, ...]
) -> None:
    row = json.loads(verbs.cluster.get(HEAD)["data"][checkpoints.HEAD])
    newer = json.dumps({**row, "format": 99, "version": "9.9.0"})
    verbs.cluster.patch(HEAD, {"data": {checkpoints.HEAD: newer}})
    code, error, following = refused(verbs, words, "before")
    assert (code, "of format 1, found format 99" in error) == (Exit.BLOCKED, True)
    assert following == "use kmigrate 9.9.0 or a newer one"
    whole: dict[str, Any] = json.loads(gzip.decompress(Path(FILE).read_bytes()))
    newer_file = {**whole, "format": 99, "version": "9.9.0"}
    Path("newer.json").write_text(json.dumps(newer_file), encoding="utf-8")
    code, error, following = refused(verbs, words, "newer.json")
    assert (code, "of format 1, found format 99" in error) == (Exit.USAGE, True)
    assert following == "use kmigrate 9.9.0 or a newer one"


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_a_name_that_is_none_lists_those_that_are(verbs: Verbs, words: tuple[str, ...]) -> None:
    code, error, following = refused(verbs, words, "befor")
    assert (code, "did you mean before?" in error) == (Exit.USAGE, True)
    assert following.startswith("kmigrate status")


def test_where_nobody_made_one_the_history_is_left(make: Make) -> None:
    code, error, following = refused(make("0.15.2"), PLAN, "before")
    assert (code, error) == (Exit.USAGE, "error: no checkpoint before; there are: none")
    assert following == "kmigrate plan --from-history, where nobody made one"


@pytest.mark.parametrize("words", VERBS[:3], ids=" ".join)
def test_one_of_another_cluster_is_refused_and_nothing_written(
    verbs: Verbs, words: tuple[str, ...]
) -> None:
    write(verbs.cluster, checkpoint("alien"))
    save(checkpoint("alien"), Path("alien.json.gz"))
    for name in ("alien", "alien.json.gz"):
        code, error, following = refused(verbs, words, name)
        assert (code, f"is of another cluster, uid {UID}" in error) == (Exit.STALE, True)
        assert following.startswith("choose the right --context")


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
@pytest.mark.parametrize(
    ("name", "made", "told"),
    [
        ("short.json.gz", cut, "it cannot be unpacked"),
        ("short.json", lambda data: cut(gzip.decompress(data)), "found: Input data was truncated"),
        ("short", lambda data: cut(gzip.decompress(data)), "found: Input data was truncated"),
        ("empty.gz", lambda _: b"", "expected a checkpoint, found an empty file"),
        ("other.gz", lambda _: gzip.compress(b'{"kind":"List"}'), "found a List"),
    ],
)
def test_a_file_that_is_cut_off_is_no_plan_no_backup_and_no_name(
    verbs: Verbs, words: tuple[str, ...], name: str, made: Callable[[bytes], bytes], told: str
) -> None:
    Path(name).write_bytes(made(Path(FILE).read_bytes()))
    code, error, following = refused(verbs, words, name)
    assert (code, told in error, name in error) == (Exit.USAGE, True, True), error
    assert following == LISTS


def test_a_file_of_something_else_is_no_name_of_a_run(verbs: Verbs) -> None:
    Path("plan.json").write_text('{"kind": "PlanFile"}', encoding="utf-8")
    code, error, _ = refused(verbs, ROLLBACK, "plan.json")
    assert (code, "plan.json: expected a checkpoint, found another" in error) == (64, True)


def test_a_name_in_the_cluster_comes_before_a_file_that_is_no_checkpoint(verbs: Verbs) -> None:
    Path("before").write_text("notes", encoding="utf-8")
    code, _, said = verbs(*ROLLBACK, "before")
    assert (code, "Rollback to checkpoint before" in said) == (Exit.OK, True)


def test_check_says_the_same_beside_a_damaged_one(verbs: Verbs) -> None:
    """It reads none: what it finds is of the cluster as it is."""
    whole = verbs("check")
    lost(verbs)
    assert verbs("check") == whole
    assert whole[0] == Exit.OK


def test_the_list_tells_the_others_beside_a_damaged_one(verbs: Verbs) -> None:
    write(verbs.cluster, checkpoint("other"))
    undescribed(verbs)
    code, out, _ = verbs("status")
    assert code == Exit.OK
    assert "checkpoint other  KServe 0.9.0" in out
    assert read(verbs.cluster, "kserve", "other") == understood(checkpoint("other"))
