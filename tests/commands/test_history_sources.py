"""`--from-history`: what each source tells of what was set, which one counts, what none tells."""

from __future__ import annotations

import json
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.errors import Exit, ForbiddenError
from migrate.kserve import terms
from migrate.objects import ObjectRef
from tests.commands.formerly import (
    EARLIER,
    FORMER,
    LATER,
    after,
    annotated,
    before,
    checkpoint,
    controllers,
    helm_secret,
    of_services,
    replica_set,
    runtime,
)
from tests.commands.formerplans import (
    HELM,
    OTHER,
    SHIPPED,
    STOCK,
    planned,
    texts,
    wanted,
)
from tests.commands.verbs import Verbs
from tests.commands.wording import Make
from tests.execute.checkpoints import write
from tests.planning.copies import OVER, SKLEARN


def test_what_is_applied_as_it_is_there_is_no_source(make: Make) -> None:
    found = after(*controllers(), *of_services())
    ref = ObjectRef(terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME, SKLEARN)
    live = found.get(ref)
    applied = {key: live[key] for key in ("apiVersion", "kind", "metadata", "spec")}
    found.patch(ref, annotated(json.dumps(applied), EARLIER))
    plan = planned(make(found=found))
    assert "last-applied" not in texts(plan, "KM530")[0]


def test_what_a_source_tells_of_one_runtime_is_not_inferred_for_another(make: Make) -> None:
    """Who runs on another runtime now, and ran that image, was moved by the upgrade."""
    moved = replica_set("team/both-predictor", OVER, 1, EARLIER)
    found = after(*controllers(), *of_services(), moved)
    ref = ObjectRef(terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME, SKLEARN)
    found.patch(ref, annotated(json.dumps(runtime(FORMER, OVER)), EARLIER))
    plan = planned(make(found=found))
    assert wanted(plan) == {SKLEARN: OVER}
    assert not texts(plan, "KM541")


def test_what_was_applied_with_kubectl_tells_what_was_set(make: Make) -> None:
    """The manifests came by a server-side apply of another manager than kubectl."""
    found = after(*controllers(), *of_services())
    applied = json.dumps(runtime(FORMER, OVER))
    ref = ObjectRef(terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME, SKLEARN)
    found.patch(ref, annotated(applied, EARLIER))
    plan = planned(make(found=found))
    assert wanted(plan) == {SKLEARN: OVER}
    assert not texts(plan, "KM541")
    text = f"last-applied-configuration of {SKLEARN} ({EARLIER})"
    assert text in texts(plan, "KM531")[0]


def test_what_was_applied_since_the_upgrade_tells_nothing(make: Make) -> None:
    found = after(*controllers())
    ref = ObjectRef(terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME, SKLEARN)
    found.patch(ref, annotated(json.dumps(runtime(FORMER, OVER)), LATER))
    assert wanted(planned(make(found=found))) == {}


def test_what_no_service_ran_is_left_out_and_told(make: Make) -> None:
    """It was applied once, and replaced before the upgrade."""
    found = after(*controllers(), *of_services(SHIPPED))
    ref = ObjectRef(terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME, SKLEARN)
    found.patch(ref, annotated(json.dumps(runtime(FORMER, OVER)), EARLIER))
    plan = planned(make(found=found))
    assert wanted(plan) == {}
    assert any("no service ran it" in text for text in texts(plan, "KM535"))


def test_helm_tells_it_only_when_it_may_be_read(make: Make) -> None:
    secrets = [
        helm_secret(1, "superseded", EARLIER, runtime(FORMER, OVER), app="v0.15.2"),
        helm_secret(2, "deployed", LATER, runtime("0.16.0", STOCK), app="v0.16.0"),
    ]
    verbs = make(found=after(*controllers(), *secrets))
    assert wanted(planned(verbs)) == {}
    plan = planned(verbs, *HELM)
    assert wanted(plan) == {SKLEARN: OVER}
    assert f"revision 1 of Helm release kserve ({EARLIER})" in texts(plan, "KM531")[0]


def test_secrets_of_others_are_passed_over(make: Make) -> None:
    secret = helm_secret(1, "superseded", EARLIER, runtime(FORMER, OVER), app="v0.15.2")
    plan = planned(make(found=after(*controllers(), {**secret, "type": "Opaque"})), *HELM)
    assert wanted(plan) == {}


@pytest.mark.parametrize("text", ["", "bm9uZQ==", "!"])
def test_a_record_that_cannot_be_read_is_passed_over(make: Make, text: str) -> None:
    secret = helm_secret(1, "superseded", EARLIER, runtime(FORMER, OVER), app="v0.15.2")
    secret["data"]["release"] = text
    plan = planned(make(found=after(*controllers(), secret)), *HELM)
    assert wanted(plan) == {}
    assert any("no record of Helm" in gap for gap in texts(plan, "KM536"))


def test_two_sources_that_differ_are_told_and_what_services_ran_counts(make: Make) -> None:
    secret = helm_secret(1, "superseded", EARLIER, runtime(FORMER, OTHER), app="v0.15.2")
    found = after(*controllers(), *of_services(), secret)
    ref = ObjectRef(terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME, SKLEARN)
    found.patch(ref, annotated(json.dumps(runtime(FORMER, OVER)), "2026-10-01T00:00:00Z"))
    plan = planned(make(found=found), *HELM)
    assert wanted(plan) == {SKLEARN: OVER}
    assert any(OTHER in text and OVER in text for text in texts(plan, "KM535"))


def test_a_checkpoint_from_before_the_upgrade_is_a_source_and_one_from_since_is_none(
    make: Make,
) -> None:
    found = after(*controllers())
    write(found, checkpoint(before()))
    plan = planned(make(found=found))
    assert wanted(plan) == {SKLEARN: OVER}
    assert texts(plan, "KM530")[0].startswith("3 of 3 services")
    assert "checkpoint before" in texts(plan, "KM530")[0]
    late = after(*controllers())
    write(late, checkpoint(before(), name="late", created=LATER))
    assert wanted(planned(make(found=late))) == {}


def test_the_last_run_of_kmigrate_is_a_source(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It set an image in the runtime, and the upgrade took it back. Nothing else tells of it."""
    earlier = after(release=FORMER)
    verbs = Verbs(earlier, monkeypatch, capsys)
    code, _, said = verbs("apply", "--set", f"runtime/{SKLEARN}={OTHER}", "-y", "--timeout", "1")
    assert code == Exit.OK, said
    records = list(earlier.list("v1", "ConfigMap", dict, namespace="kserve"))
    later = after()
    for one in records:
        if one["metadata"]["name"].startswith("kmigrate-run"):
            meta = {k: one["metadata"][k] for k in ("name", "namespace", "labels")}
            kept = {k: v for k, v in one.items() if k in ("data", "binaryData")}
            later.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, **kept})
    plan = planned(Verbs(later, monkeypatch, capsys))
    assert wanted(plan) == {SKLEARN: OTHER}
    assert any("run " in text and "of KServe 0.15.2" in text for text in texts(plan, "KM531"))


class Closed(MemoryCluster):
    """A cluster in which some kinds may not be listed."""

    closed: tuple[str, ...] = ("ReplicaSet", "Secret", "Revision")

    def list(self, api_version: str, kind: str, into: Any, **more: Any) -> Any:
        if kind in self.closed:
            raise ForbiddenError(f"cannot list {kind}")
        return super().list(api_version, kind, into, **more)


def test_what_may_not_be_read_is_a_gap_and_no_error(make: Make) -> None:
    found = Closed(base=after(*controllers(), *of_services()))
    plan = planned(make(found=found), *HELM)
    gaps = " ".join(texts(plan, "KM536"))
    assert "ReplicaSets may not be listed" in gaps
    assert "Helm's records may not be read" in gaps
    assert "nothing tells when KServe was upgraded" in gaps
    assert wanted(plan) == {}
    assert "no source tells what was set for runtime/kserve-" in gaps
