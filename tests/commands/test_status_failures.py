"""`status` of a run that was killed, or whose services do not come up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import pytest

from migrate.objects import ObjectRef
from tests.commands.editing import FAR
from tests.commands.moving import NEW, objects
from tests.commands.reconciling import reconcile
from tests.commands.upgrading import Killed, Mortal
from tests.commands.verbs import Verbs
from tests.commands.wording import CAME, Make, applied, shown, whys, words
from tests.planning.copies import SKLEARN

LEASE = ObjectRef("coordination.k8s.io/v1", "Lease", "kmigrate", "kserve")


def killed(verbs: Verbs, at: int) -> bool:
    """Apply, and die before that write; tell whether it came to it."""
    assert isinstance(verbs.cluster, Mortal)
    verbs.cluster.left = at
    try:
        verbs("apply", "--to-runtimes", "--set", NEW, "-y")
    except Killed:
        return True
    finally:
        verbs.cluster.left = 10**6
    return False


def killed_back(make: Make, *flags: str) -> Iterator[Verbs]:
    """A rollback that is killed before its first write, before its second one, and so on."""
    at, is_killed = 0, True
    while is_killed:
        at, found = at + 1, Mortal(objects("0.16.0"))
        verbs = applied(make(found=found), "--set", NEW)
        reconcile(found)
        if "--force-field" not in flags:
            found.patch(FAR, {"metadata": {"labels": {"kmigrate.dev/run": "theirs"}}})
        found.left = at
        with suppress(Killed):
            verbs("rollback", "-y", *flags)
            is_killed = False
        found.left = 10**6
        if is_killed and "unfinished rollback" in verbs("status")[1]:
            yield verbs


def failed(verbs: Verbs) -> set[str]:
    """The services that `status` blames."""
    return {name for name, found in words(verbs).items() if "Failed" in found}


def held(verbs: Verbs, seconds: int) -> None:
    """The process that wrote last holds its Lease, renewed so many seconds ago."""
    when = (datetime.now(UTC) - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec = {"holderIdentity": shown(verbs)["journal"][-1]["holder"], "renewTime": when}
    verbs.cluster.patch(LEASE, {"spec": spec})


def test_a_run_that_was_killed_tells_what_was_begun_and_what_was_not_sent(make: Make) -> None:
    """While a process is at work, what is not there yet is no failure."""
    seen, at = set(), 1
    while killed(verbs := make(found=Mortal(objects("0.20.0"))), at):
        at += 1
        if "unfinished apply" in verbs("status")[1]:
            left = words(verbs)
            held(verbs, 0)
            at_work = words(verbs)
            held(verbs, 3600)
            assert words(verbs) == left
            seen |= {*left.values()}
            assert not any("Failed" in found for found in at_work.values()), at
            assert {name: found[0] for name, found in at_work.items()} == {
                name: found[0] for name, found in left.items()
            }
    assert {
        ("pending", "Pending", "Pending"),
        ("pending", "Failed", "Pending"),
        ("applied", "Pending", "Pending"),
    } <= seen


@pytest.mark.parametrize(
    ("flags", "blamed"),
    [
        (("-n", "other", "--force-field", f"ServingRuntime/other/{SKLEARN}"), [{"far"}]),
        (("-n", "team"), [{"iris", "rows"}, {"both"}]),
        ((), [{"iris", "rows"}, {"both"}]),
    ],
)
def test_a_rollback_of_a_part_that_was_killed_blames_nobody_of_the_rest(
    make: Make, flags: tuple[str, ...], blamed: list[set[str]]
) -> None:
    """The journal counts the waves of the part, which are not those of the plan."""
    seen = [failed(verbs) for verbs in killed_back(make, *flags)]
    assert [found for found, _ in groupby(seen) if found] == blamed
    assert not seen[0]


LATE = {
    "conditions": [
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"},
    ],
    "updatedReplicas": 0,
}


def crashing(verbs: Verbs) -> None:
    """The pod of iris that is of the newest template crashes."""
    workload = ObjectRef("apps/v1", "Deployment", "iris-predictor", "team")
    live = verbs.cluster.get(workload)
    labels = {**live["spec"]["selector"]["matchLabels"], "pod-template-hash": "new"}
    owner = {"kind": "Deployment", "name": "iris-predictor", "uid": live["metadata"]["uid"]}
    meta: dict[str, Any] = {"namespace": "team", "labels": labels, "ownerReferences": [owner]}
    sets = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "r", **meta}}
    verbs.cluster.create(sets)
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    state = {"name": "kserve-container", "restartCount": 5, "state": waiting}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", **meta}, "spec": {}}
    verbs.cluster.create({**pod, "status": {"phase": "Running", "containerStatuses": [state]}})
    ref = ObjectRef("v1", "Pod", "p", "team")
    verbs.cluster.patch(ref, {"status": {"containerStatuses": [state]}}, subresource="status")


def test_pods_whose_time_is_over_are_a_timeout_and_with_a_cause_a_failure(make: Make) -> None:
    verbs = applied(make(), "--set", NEW)
    reconcile(verbs.cluster)
    reconcile(verbs.cluster, "iris", updatedReplicas=0)
    assert words(verbs)["iris"] == ("applied", "Succeeded", "Pending")
    assert whys(verbs)["iris"] == "its pods come up"
    reconcile(verbs.cluster, "iris", **LATE)
    assert words(verbs)["iris"] == ("applied", "Succeeded", "Timeout")
    assert "ProgressDeadlineExceeded" in whys(verbs)["iris"]
    crashing(verbs)
    assert words(verbs)["iris"] == ("applied", "Succeeded", "Failed")
    assert "CrashLoopBackOff" in whys(verbs)["iris"]
    assert words(verbs)["rows"] == CAME
