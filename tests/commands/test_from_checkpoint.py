"""`--from-checkpoint NAME`: the plan as it is shown, applied, saved and gone on with; refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.errors import Exit, UnreachableError
from migrate.objects import Manifest, ObjectRef
from migrate.planning.world.copies import copy_ref
from tests.commands.formerly import after, before, checkpoint, image_of
from tests.commands.formerplans import (
    FROM,
    STOCK,
)
from tests.commands.snapshots import BEFORE, check
from tests.commands.verbs import Verbs
from tests.commands.wording import Make
from tests.execute.checkpoints import write
from tests.planning.copies import OVER, SKLEARN


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
