"""Somebody else at work while images are moved into runtimes: what a run makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.commands import making
from migrate.commands.target import Target
from migrate.errors import Exit, NotFoundError, RefusedError
from migrate.execute import record
from migrate.objects import Manifest, ObjectRef, ref_of
from migrate.planning.model.desired import Options
from migrate.planning.model.strategy import Scope, Strategy
from migrate.planning.world.copies import copy_ref
from tests.commands.moving import (
    NEW,
    apply,
    everything,
    objects,
    planned,
    rollback,
    runtimes,
)
from tests.commands.snapshots import run as verb
from tests.planning.copies import OVER, SKLEARN, isvc

KIND = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService"}
RUNTIME = ("serving.kserve.io/v1alpha1", "ServingRuntime")


def service(name: str, namespace: str = "team") -> ObjectRef:
    return ObjectRef(KIND["apiVersion"], KIND["kind"], name, namespace)


class Meddled(MemoryCluster):
    """A cluster in which somebody does something right before the first copy is made.

    A namespace that is ``going`` or ``gone`` takes no more copies, as on an API server.
    """

    def __init__(self, edit: Callable[[Meddled], None], release: str = "0.16.0") -> None:
        names = ({"name": name} for name in ("team", "other"))
        namespaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": m} for m in names]
        super().__init__([*objects(release), *namespaces])
        self.edit: Callable[[Meddled], None] | None = edit
        self.refused = set[str]()

    def create(self, manifest: Manifest) -> Manifest:
        if (manifest["apiVersion"], manifest["kind"]) == RUNTIME:
            self._meddle()
            self._admit(manifest["metadata"]["namespace"])
            if manifest["metadata"]["namespace"] in self.refused:
                raise RefusedError("a policy says no")
        return super().create(manifest)

    def would_create(self, manifest: Manifest) -> Manifest:
        self._admit(manifest["metadata"]["namespace"])
        return MemoryCluster().create(manifest)

    def _meddle(self) -> None:
        if self.edit is not None:
            edit, self.edit = self.edit, None
            edit(self)

    def _admit(self, name: str) -> None:
        try:
            meta = self.get(ObjectRef("v1", "Namespace", name))["metadata"]
        except NotFoundError as error:
            raise NotFoundError(f'namespaces "{name}" not found') from error
        if "deletionTimestamp" in meta:
            raise RefusedError(f"forbidden: namespace {name} is being terminated")

    def gone(self, ref: ObjectRef) -> None:
        self.patch(ref, {"metadata": {"finalizers": None}})
        meta = self.get(ref)["metadata"]
        self.delete(ref, uid=meta["uid"], resource_version=meta["resourceVersion"])


FAR, IRIS, ROWS = service("far", "other"), service("iris"), service("rows")


def delete_a_service(found: Meddled) -> None:
    found.gone(ROWS)


def add_a_service(found: Meddled) -> None:
    found.create({**KIND, **isvc("late", protocolVersion="v1")})


def edit_a_service(found: Meddled) -> None:
    found.patch(IRIS, {"spec": {"predictor": {"model": {"storageUri": "gs://m/other"}}}})


def make_a_namespace(found: Meddled) -> None:
    found.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "fresh"}})
    found.create({**KIND, **isvc("fresh", namespace="fresh", protocolVersion="v1")})


def namespace_is_going(found: Meddled) -> None:
    ref = ObjectRef("v1", "Namespace", "other")
    found.patch(ref, {"metadata": {"finalizers": ["kubernetes"]}})
    meta = found.get(ref)["metadata"]
    found.delete(ref, uid=meta["uid"], resource_version=meta["resourceVersion"])


def namespace_is_gone(found: Meddled) -> None:
    found.gone(FAR)
    found.gone(ObjectRef("v1", "Namespace", "other"))


EDITS = [delete_a_service, add_a_service, edit_a_service, make_a_namespace]
LOSSES = [namespace_is_going, namespace_is_gone]
WISHES: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    ((), {}),
    ((NEW,), {}),
    ((NEW,), {"scope": Scope.SERVICE}),
    ((), {"scope": Scope.SERVICE}),
]


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize(("sets", "options"), WISHES)
def test_what_is_done_to_services_is_kept_and_the_run_comes_to_its_end(
    edit: Callable[[Meddled], None], sets: tuple[str, ...], options: dict[str, Any]
) -> None:
    found = Meddled(edit)
    alike = Meddled(edit)
    edit(alike)
    end = apply(found, planned(found, *sets, **options))
    assert (found.edit, end.run.state) == (None, "applied"), end.results
    rollback(found)
    assert record.runs(found, "kserve")[-1].state == "rolled back"
    assert _without_uids(found) == _without_uids(alike)


def _without_uids(found: MemoryCluster) -> dict[str, str]:
    """All objects; those that the edit made have another uid and time in each cluster."""
    made = {"InferenceService fresh/fresh", "InferenceService team/late"}
    return {key: text for key, text in everything(found).items() if key not in made}


@pytest.mark.parametrize("edit", LOSSES)
@pytest.mark.parametrize(("sets", "options"), WISHES)
def test_a_namespace_that_goes_is_passed_over_and_told(
    edit: Callable[[Meddled], None], sets: tuple[str, ...], options: dict[str, Any]
) -> None:
    found = Meddled(edit)
    end = apply(found, planned(found, *sets, **options))
    told = [str(r.subject) for r in end.results if "namespace is being deleted" in r.text]
    assert told
    assert all("other/" in name for name in told)
    assert end.whole, end.results
    assert {name.partition("/")[0] for name in runtimes(found)} == {"team"}
    assert record.runs(found, "kserve")[-1].finished
    rollback(found)
    assert runtimes(found) == []


@pytest.mark.parametrize("edit", LOSSES)
def test_a_run_that_was_stopped_goes_on_without_the_namespace(
    edit: Callable[[Meddled], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = Meddled(lambda _: None)
    found.refused = {"team"}
    monkeypatch.setattr(Target, "open", lambda *_: found)
    code, _, said = verb(capsys, "apply", "--yes", "--to-runtimes")
    assert (code, "a policy says no" in said) == (Exit.MIXED, True), said
    found.gone(copy_ref(SKLEARN, "other"))
    edit(found)
    found.refused = set()
    code, out, said = verb(capsys, "apply", "--yes", "-o", "json")
    assert code == Exit.OK, said
    told = [row["subject"] for row in json.loads(out)["results"] if "namespace" in row["text"]]
    assert told == [f"ServingRuntime other/{SKLEARN}"]
    assert {name.partition("/")[0] for name in runtimes(found)} == {"team"}


def test_a_namespace_that_came_during_the_run_is_left_and_a_reset_names_its_service() -> None:
    found = Meddled(make_a_namespace)
    apply(found, planned(found))
    assert not [name for name in runtimes(found) if name.startswith("fresh/")]
    reset = making.plan(found, "kserve", Options(strategy=Strategy.RESET_GLOBAL))
    [told] = [f for f in reset.blocking if f.code == "KM260"]
    assert [ref.name for ref in told.objects] == ["fresh"]
    again = planned(found)
    assert [op.target.namespace for op in again.operations] == ["fresh"]
    image = again.operations[0].change.manifest["spec"]["containers"][0]["image"]  # type: ignore[union-attr]
    assert (again.operations[0].target.name, image) == (SKLEARN, OVER)
    assert ref_of(found.get(service("fresh", "fresh"))) == service("fresh", "fresh")
