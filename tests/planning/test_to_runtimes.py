"""Images moved into runtimes of namespaces: which copies are made, and that nobody else moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migrate.errors import BlockedError
from migrate.objects import ObjectRef
from migrate.operations.model import Create, Patch
from migrate.planning.change.rendering import render
from migrate.planning.model import planfile
from migrate.planning.model.desired import Selection
from migrate.planning.model.plan import Outlook, Plan
from tests.planning.clusters import codes, service, snapshot
from tests.planning.copies import (
    MLSERVER,
    OVER,
    RELEASES,
    SKLEARN,
    XGB,
    applied,
    cluster,
    copy,
    created,
    installed,
    isvc,
    own,
    plan,
    woken_by,
)

NEW = "registry.example.com/ml/sklearnserver:next"


def errors(made: Plan) -> list[str]:
    return [f.code for f in made.blocking]


def runtimes_after(made: Plan) -> dict[str, ObjectRef | None]:
    return {row.service.name: row.runtime_after_plan for row in made.forecast}


def outlooks(made: Plan) -> dict[str, Outlook]:
    return {row.service.name: row.outlook for row in made.forecast}


UNSET_PROTOCOL: dict[str, Any] = {}
V2 = {"protocolVersion": "v2"}
CAPTURED = [
    ("0.9.0", MLSERVER, "sklearn", UNSET_PROTOCOL, SKLEARN),
    ("0.9.0", MLSERVER, "xgboost", UNSET_PROTOCOL, XGB),
    ("0.9.0", MLSERVER, "lightgbm", UNSET_PROTOCOL, "kserve-lgbserver"),
    ("0.9.0", "kserve-tritonserver", "tensorflow", UNSET_PROTOCOL, "kserve-tensorflow-serving"),
    ("0.10.2", MLSERVER, "sklearn", UNSET_PROTOCOL, SKLEARN),
    *(
        (release, copied, format_, V2, MLSERVER)
        for release in ("0.11.2", "0.15.2", "0.16.0", "0.20.0")
        for copied, format_ in (
            (SKLEARN, "sklearn"),
            (XGB, "xgboost"),
            ("kserve-lgbserver", "lightgbm"),
        )
    ),
]
"""Release, what is copied, and who of another runtime a copy of it alone would take."""


def _format_of(runtime: str) -> str:
    return {
        MLSERVER: "mlflow",
        XGB: "xgboost",
        "kserve-lgbserver": "lightgbm",
        "kserve-tritonserver": "onnx",
    }.get(runtime, "sklearn")


def _asking(protocol: str) -> dict[str, str]:
    return {"protocolVersion": protocol} if protocol else {}


@pytest.mark.parametrize("release", RELEASES)
def test_overrides_move_as_they_are_and_no_pod_restarts(release: str) -> None:
    services = (
        isvc("iris", protocolVersion="v1"),
        isvc("named", runtime=SKLEARN, protocolVersion="v1"),
        isvc("trees", "xgboost", protocolVersion="v1"),
        isvc("far", namespace="other", protocolVersion="v1"),
    )
    found = cluster(release, *services)
    made = plan(found)
    assert created(made) == [f"other/{SKLEARN}", f"team/{SKLEARN}"]
    assert errors(made) == []
    assert not any(row.restarts for row in made.forecast)
    assert set(outlooks(made).values()) == {Outlook.UNCHANGED}
    assert runtimes_after(made)["named"] == copy(SKLEARN)
    assert woken_by(made) == ["far", "iris", "named"]
    assert not plan(applied(found, made)).has_work


@pytest.mark.parametrize("release", RELEASES)
def test_a_copy_has_the_spec_and_what_decides_and_no_mark_of_others(release: str) -> None:
    found = cluster(release, isvc("iris", protocolVersion="v1"))
    source = next(m for ref, m in found.originals.items() if ref.name == SKLEARN)
    helm = {
        "meta.helm.sh/release-name": "kserve",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "serving.kserve.io/server-type": "sklearnserver",
    }
    source["metadata"] |= {
        "annotations": helm,
        "labels": {"app.kubernetes.io/managed-by": "Helm", "argocd.argoproj.io/instance": "x"},
    }
    [operation] = plan(found).operations
    assert isinstance(operation.change, Create)
    manifest = operation.change.manifest
    assert manifest["spec"] == source["spec"]
    assert manifest["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "kmigrate"}
    assert set(manifest["metadata"]["annotations"]) == {
        "serving.kserve.io/server-type",
        "kmigrate.dev/source-release",
        "kmigrate.dev/source-digest",
    }
    assert manifest["metadata"]["annotations"]["kmigrate.dev/source-release"] == release


@pytest.mark.parametrize(("release", "copied", "format_", "protocol", "displaced"), CAPTURED)
def test_who_would_be_captured_keeps_its_runtime_by_a_copy(
    release: str, copied: str, format_: str, protocol: dict[str, str], displaced: str
) -> None:
    image = "registry.example.com/ml/server:ours"
    user = isvc("user", _format_of(copied), runtime=copied)
    found = cluster(release, user, isvc("bystander", format_, **protocol), images={copied: image})
    made = plan(found)
    assert sorted(created(made)) == sorted([f"team/{copied}", f"team/{displaced}"])
    assert runtimes_after(made) == {"user": copy(copied), "bystander": copy(displaced)}
    assert set(outlooks(made).values()) == {Outlook.UNCHANGED}
    assert codes(made)["KM235"] == [displaced]
    assert errors(made) == []
    first = made.operations[made.apply[0].operations[0]].target
    assert (made.apply[0].operations, first) == ((made.apply[0].operations[0],), copy(displaced))
    assert [Path(name).stem for name in sorted(render(made, found).files)] == [
        f"servingruntime.{name}" for name in (displaced, copied)
    ]


@pytest.mark.parametrize("release", ["0.9.0", "0.11.2", "0.15.2", "0.20.0"])
def test_a_copy_of_any_one_runtime_moves_nobody_in_the_end(release: str) -> None:
    """The whole matrix: each stock runtime overridden, everybody beside its users."""
    formats = ("sklearn", "xgboost", "lightgbm", "tensorflow", "pytorch", "onnx", "pmml", "paddle")
    everybody = [
        isvc(f"{format_}-{protocol or 'unset'}", format_, **_asking(protocol))
        for format_ in formats
        for protocol in ("", "v1", "v2")
    ]
    for manifest in installed(release, {}):
        name = manifest["metadata"]["name"]
        found = cluster(release, *everybody, images={name: "registry.example.com/x/server:ours"})
        made = plan(found)
        assert errors(made) == [], name
        assert all(not row.restarts for row in made.forecast), name
        for row in made.forecast:
            before, after = row.runtime, row.runtime_after_plan
            assert (before and before.name) == (after and after.name), (name, row.service)


@pytest.mark.parametrize("release", RELEASES)
def test_with_a_desired_image_exactly_its_services_change(release: str) -> None:
    found = cluster(
        release,
        isvc("iris", protocolVersion="v1"),
        isvc("rows", protocolVersion="v1", namespace="other"),
        isvc("trees", "xgboost", protocolVersion="v1"),
        images={},
    )
    made = plan(found, f"runtime/{SKLEARN}={NEW}")
    assert created(made) == [f"other/{SKLEARN}", f"team/{SKLEARN}"]
    assert outlooks(made) == {
        "iris": Outlook.CHANGES,
        "rows": Outlook.CHANGES,
        "trees": Outlook.UNCHANGED,
    }
    assert {row.after_plan for row in made.forecast if row.restarts} == {NEW}
    # The unit of a wave is a runtime of a namespace: its copy comes with the wakes.
    waves = [
        ([made.operations[i].target for i in s.operations], len(s.activations)) for s in made.apply
    ]
    assert waves == [([copy(SKLEARN, "other")], 1), ([copy(SKLEARN)], 1)]
    [armed] = [one for one in made.findings if one.code == "KM233"]
    assert "--scope service" in armed.fix
    again = applied(found, made)
    assert not plan(again, f"runtime/{SKLEARN}={NEW}").has_work
    assert not plan(again).has_work


def test_a_selection_narrows_the_namespaces_and_tells_who_else_is_in_them() -> None:
    found = cluster("0.15.2", isvc("a"), isvc("b"), isvc("c", namespace="other"))
    made = plan(found, selection=Selection(namespaces=("team",), exclude=("team/b",)))
    assert created(made) == [f"team/{SKLEARN}"]
    assert woken_by(made) == ["a"]
    assert codes(made)["KM233"] == ["b"]
    changing = plan(
        found, f"sklearn={NEW}", selection=Selection(namespaces=("team",), exclude=("team/b",))
    )
    assert errors(changing) == ["KM215"]
    assert codes(changing)["KM215"] == ["b"]


def test_a_copy_of_ours_is_edited_and_one_of_somebody_else_is_left_alone() -> None:
    found = cluster("0.15.2", isvc("iris"))
    after = applied(found, plan(found))
    [operation] = plan(after, f"sklearn={NEW}").operations
    assert (operation.target, type(operation.change)) == (copy(SKLEARN), Patch)
    foreign = own(
        SKLEARN,
        annotations={
            "argocd.argoproj.io/tracking-id": f"ml:serving.kserve.io/ServingRuntime:team/{SKLEARN}"
        },
    )
    theirs = cluster("0.15.2", isvc("iris"), own=(foreign,))
    made = plan(theirs, f"sklearn={NEW}")
    assert made.operations == ()
    [told] = [f for f in made.findings if f.code == "KM230"]
    assert told.blocks
    assert "Argo CD" in told.text
    assert told.objects == (copy(SKLEARN),)
    assert plan(theirs).findings == () or "KM230" not in codes(plan(theirs))


def test_there_are_no_runtimes_on_0_7() -> None:
    with pytest.raises(BlockedError, match="has no ServingRuntimes"):
        plan(snapshot(service("old", sklearn={}), release="0.7.0"))


def test_equal_clusters_give_equal_plans() -> None:
    services = [isvc(f"m{n}", namespace=f"team-{n % 3}") for n in range(9)]
    plans = [plan(cluster("0.20.0", *order)) for order in (services, services[::-1])]
    assert planfile.dump(plans[0]) == planfile.dump(plans[1])


def test_nothing_is_overridden_and_nothing_is_done() -> None:
    made = plan(cluster("0.20.0", isvc("iris"), images={}))
    assert not made.has_work
    assert OVER not in str(made.operations)
