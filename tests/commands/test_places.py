"""A plan asks what forbids its copies, as far as it may, and an apply asks once more."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from migrate.cluster.lookup import FEW
from migrate.cluster.memory import MemoryCluster
from migrate.commands import rbac
from migrate.commands.comparing import compare
from migrate.errors import ForbiddenError, StaleError
from migrate.kserve.namespaces import COUNTED
from migrate.objects import Manifest, ObjectRef
from migrate.planning.model.desired import Selection
from migrate.planning.model.plan import Plan
from migrate.planning.model.strategy import Scope
from tests.commands.moving import NEW, cluster, objects, planned
from tests.commands.snapshots import run
from tests.planning.copies import SKLEARN, isvc

KIND = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService"}


def namespace(name: str, **meta: Any) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, **meta}}


def quota(place: str, most: int) -> Manifest:
    meta = {"name": "few", "namespace": place}
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": meta,
        "spec": {"hard": {COUNTED: str(most)}},
    }


def definition(**spec: Any) -> Manifest:
    schema = {"properties": {"spec": {"type": "object", **spec}}}
    version = {"name": "v1alpha1", "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "servingruntimes.serving.kserve.io"},
        "spec": {"versions": [version]},
    }


GOING = namespace("other", deletionTimestamp="2026-01-01T00:00:00Z", resourceVersion="7")
FORBIDDING = {
    "KM270": (GOING, ["other"]),
    "KM271": (quota("team", 0), ["team"]),
    "KM272": (definition(), ["other", "team"]),
}


def places(made: Plan, code: str) -> list[str]:
    return [ref.namespace for f in made.findings if f.code == code for ref in f.objects]


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("code", FORBIDDING)
def test_a_plan_names_what_forbids_a_copy(code: str, scope: Scope) -> None:
    manifest, expected = FORBIDDING[code]
    found = MemoryCluster([*objects("0.15.2"), manifest])
    made = planned(found, NEW, scope=scope)
    assert sorted(set(places(made, code))) == expected
    assert {f.code for f in made.blocking} == {code}
    assert planned(cluster(), NEW, scope=scope).blocking == ()


@pytest.mark.parametrize("code", FORBIDDING)
def test_what_came_since_the_plan_stops_it_before_the_first_write(code: str) -> None:
    found = cluster()
    made = planned(found)
    compare(found, made, "")
    found.create(FORBIDDING[code][0] if code != "KM270" else namespace("other"))
    if code == "KM270":
        compare(found, made, "")
        other = ObjectRef("v1", "Namespace", "other")
        found.patch(other, {"status": {"phase": "Terminating"}}, subresource="status")
    with pytest.raises(StaleError, match=code):
        compare(found, made, "")


def test_a_namespace_that_is_left_out_forbids_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text(yaml.safe_dump_all([*objects("0.15.2"), GOING]))
    asked = ("plan", "--to-runtimes", "--snapshot", str(file))
    code, out, _ = run(capsys, *asked)
    assert (code, f"ServingRuntime other/{SKLEARN}" in out, "KM270" in out) == (7, True, True)
    code, out, _ = run(capsys, *asked, "--exclude", "other")
    assert (code, "KM270" in out) == (0, False)
    assert run(capsys, *asked, "--accept", "KM270")[0] == 64


class Guarded(MemoryCluster):
    """A cluster that counts what is read, and lets nobody read these kinds."""

    def __init__(self, *manifests: Manifest, hidden: tuple[str, ...] = ()) -> None:
        super().__init__([*objects("0.15.2"), *manifests])
        self.hidden, self.asked = hidden, Counter[str]()

    def get(self, ref: ObjectRef) -> Manifest:
        self._note(ref.kind, is_ours=ref.name == "kube-system")
        return super().get(ref)

    def list(self, api_version: str, kind: str, into: type[Any], **more: Any) -> Any:
        self._note(kind)
        return super().list(api_version, kind, into, **more)

    def _note(self, kind: str, *, is_ours: bool = False) -> None:
        self.asked[kind] += not is_ours
        if kind in self.hidden and not is_ours:
            raise ForbiddenError("no permission")


KINDS = ("Namespace", "ResourceQuota", "CustomResourceDefinition")


def test_what_may_not_be_read_is_left_to_the_dry_run() -> None:
    found = Guarded(GOING, quota("team", 0), definition(), hidden=KINDS)
    assert planned(found).blocking == ()
    assert all(found.asked[kind] for kind in KINDS)


def test_a_plan_without_copies_asks_for_none_of_it() -> None:
    found = Guarded(GOING, quota("team", 0), definition())
    assert planned(found, selection=Selection(namespaces=("nowhere",))).operations == ()
    # KServe's own CRDs are read of any cluster, to see that they are of the release that runs.
    assert not any(found.asked[kind] for kind in KINDS[:2])


def roles(made: Plan) -> dict[str, list[Manifest]]:
    return {role["metadata"].get("namespace", ""): role["rules"] for role in rbac.roles(made)}


def places_with(found: dict[str, list[Manifest]], resource: str) -> list[str]:
    return [place for place, rules in found.items() for r in rules if resource in r["resources"]]


def test_the_roles_of_a_few_namespaces_are_for_them_alone() -> None:
    found = roles(planned(cluster()))
    assert places_with(found, "resourcequotas") == ["other", "team"]
    [names] = [r["resourceNames"] for r in found[""] if r["resources"] == ["namespaces"]]
    assert sorted(names) == ["kube-system", "other", "team"]


def test_many_namespaces_are_listed_and_the_role_allows_that() -> None:
    many = [{**KIND, **isvc("iris", namespace=f"team-{at:02d}")} for at in range(FEW + 1)]
    found = Guarded(*many, GOING, quota("team-07", 0))
    made = planned(found)
    assert places(made, "KM270") == ["other"]
    assert places(made, "KM271") == ["team-07"]
    assert (found.asked["Namespace"], found.asked["ResourceQuota"]) == (1, 1)
    wide = roles(made)
    assert places_with(wide, "resourcequotas") == [""]
    assert [r["verbs"] for r in wide[""] if r["resources"] == ["resourcequotas"]] == [["list"]]
