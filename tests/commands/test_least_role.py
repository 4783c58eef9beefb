"""Runs by who has the printed roles alone, and loses one of them with its namespace."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from migrate.cluster.lookup import FEW
from migrate.cluster.memory import MemoryCluster
from migrate.cluster.resources import resource_of
from migrate.commands import rbac
from migrate.commands.target import Target
from migrate.errors import Exit, ForbiddenError, NotFoundError
from migrate.objects import Manifest, ObjectRef, ref_of
from migrate.planning.world.copies import copy_ref
from tests.commands.moving import planned, runtimes
from tests.commands.snapshots import run
from tests.commands.test_midway import (
    KIND,
    LOSSES,
    RUNTIME,
    Meddled,
    namespace_is_going,
    namespace_is_gone,
)
from tests.planning.copies import SKLEARN, isvc

Edit = Callable[[Meddled], None]


class Ruled(Meddled):
    """A cluster that allows what the roles allow; a Role goes as soon as its namespace does."""

    def __init__(self, edit: Edit, more: int) -> None:
        super().__init__(edit)
        self.roles: list[Manifest] | None = None
        for name in (f"more-{number:02d}" for number in range(more)):
            self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
            self.create({**KIND, **isvc("iris", namespace=name, protocolVersion="v1")})
        self.roles = rbac.roles(planned(self))

    def get(self, ref: ObjectRef) -> Manifest:
        self._authorize("get", ref)
        return super().get(ref)

    def list(self, api_version: str, kind: str, into: type[Any], **more: Any) -> Any:
        self._authorize("list", ObjectRef(api_version, kind, "", more.get("namespace", "")))
        return super().list(api_version, kind, into, **more)

    def create(self, manifest: Manifest) -> Manifest:
        if manifest["kind"] == "SelfSubjectAccessReview":
            asked = manifest["spec"]["resourceAttributes"]
            return {"status": {"allowed": self._allows(**asked)}}
        if (manifest["apiVersion"], manifest["kind"]) == RUNTIME:
            self._meddle()
        self._authorize("create", ref_of(manifest))
        return super().create(manifest)

    def would_create(self, manifest: Manifest) -> Manifest:
        self._authorize("create", ref_of(manifest))
        return super().would_create(manifest)

    def patch(self, ref: ObjectRef, patch: Any, *, subresource: str = "") -> Manifest:
        self._authorize("patch", ref, subresource)
        return super().patch(ref, patch, subresource=subresource)

    def delete(self, ref: ObjectRef, *, uid: str, resource_version: str) -> None:
        self._authorize("delete", ref)
        super().delete(ref, uid=uid, resource_version=resource_version)

    def by_others(self, edit: Edit) -> None:
        roles, self.roles = self.roles, None
        edit(self)
        self.roles = roles

    def _meddle(self) -> None:
        self.by_others(lambda _: super(Ruled, self)._meddle())

    def _admit(self, name: str) -> None:
        self.by_others(lambda _: super(Ruled, self)._admit(name))

    def _authorize(self, verb: str, ref: ObjectRef, subresource: str = "") -> None:
        found = resource_of(ref.api_version, ref.kind)
        asked = (verb, found.group, found.plural, ref.namespace, subresource, ref.name)
        if not self._allows(*asked):
            raise ForbiddenError(f"cannot {verb} {found.plural} in {ref.namespace!r}")

    def _allows(
        self, verb: str, group: str, resource: str, namespace: str, subresource: str, name: str
    ) -> bool:
        whole = f"{resource}/{subresource}" if subresource else resource
        return self.roles is None or any(
            verb in rule["verbs"]
            and group in rule["apiGroups"]
            and whole in rule["resources"]
            and name in rule.get("resourceNames", [name])
            for role in self.roles
            if self._is_there(role, namespace)
            for rule in role["rules"]
        )

    def _is_there(self, role: Manifest, namespace: str) -> bool:
        where = role["metadata"].get("namespace", "")
        if where in ("", "kserve"):
            return where in ("", namespace)
        try:
            held = MemoryCluster.get(self, ObjectRef("v1", "Namespace", where))
        except NotFoundError:
            return False
        return where == namespace and "deletionTimestamp" not in held["metadata"]


def copy_and_role_go_first(found: Meddled) -> None:
    found.gone(copy_ref(SKLEARN, "other"))
    namespace_is_going(found)


def all_of_it_goes(found: Meddled) -> None:
    found.gone(copy_ref(SKLEARN, "other"))
    namespace_is_gone(found)


LOST = [copy_and_role_go_first, all_of_it_goes]


@pytest.fixture(params=[0, FEW + 1], ids=["few", "many"])
def cluster(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Edit], Ruled]:
    """Return what makes a cluster for the verbs, with these many namespaces more."""

    def made(edit: Edit) -> Ruled:
        found = Ruled(edit, request.param)
        monkeypatch.setattr(Target, "open", lambda *_: found)
        return found

    return made


def nothing(_found: Meddled) -> None:
    """Nobody meddles."""


APPLY = ("apply", "--yes", "--to-runtimes", "-o", "json")


@pytest.mark.parametrize("edit", LOSSES)
def test_a_copy_is_passed_over_where_the_right_to_make_it_goes_with_its_namespace(
    capsys: pytest.CaptureFixture[str], cluster: Callable[[Edit], Ruled], edit: Edit
) -> None:
    cluster(edit)
    code, out, said = run(capsys, *APPLY)
    assert code == Exit.OK, said
    told = [row["subject"] for row in json.loads(out)["results"] if "namespace" in row["text"]]
    assert told == [f"ServingRuntime other/{SKLEARN}"]


@pytest.mark.parametrize("edit", LOST)
@pytest.mark.parametrize("flags", [(), ("-n", "team")])
def test_a_rollback_goes_on_without_what_went(
    capsys: pytest.CaptureFixture[str],
    cluster: Callable[[Edit], Ruled],
    edit: Edit,
    flags: tuple[str, ...],
) -> None:
    found = cluster(nothing)
    code, _, said = run(capsys, *APPLY)
    assert code == Exit.OK, said
    found.by_others(edit)
    code, _, said = run(capsys, "rollback", "--yes", *flags)
    assert code == Exit.OK, said
    found.roles = None
    left = {name.partition("/")[0] for name in runtimes(found)}
    assert all(name.startswith("more-") for name in left)
    assert not (left and not flags)


@pytest.mark.parametrize("edit", LOST)
def test_a_run_that_was_stopped_goes_on_without_what_went(
    capsys: pytest.CaptureFixture[str], cluster: Callable[[Edit], Ruled], edit: Edit
) -> None:
    found = cluster(nothing)
    found.refused = {"team"}
    assert run(capsys, *APPLY)[0] == Exit.MIXED
    found.refused = set()
    found.by_others(edit)
    code, _, said = run(capsys, "apply", "--yes")
    assert code == Exit.OK, said


def test_what_is_lacked_in_a_namespace_that_stays_is_refused(
    capsys: pytest.CaptureFixture[str], cluster: Callable[[Edit], Ruled]
) -> None:
    found = cluster(nothing)
    assert found.roles is not None
    found.roles = [role for role in found.roles if role["metadata"].get("namespace") != "other"]
    code, _, said = run(capsys, *APPLY)
    assert (code, "other" in said.splitlines()[-1]) == (Exit.DENIED, True), said
    found.roles = None
    assert runtimes(found) == []
