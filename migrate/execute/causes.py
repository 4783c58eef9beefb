"""Finding out what keeps a workload from becoming ready, from what belongs to it.

Only pods of the newest template count: before a rollback those of the template that failed are
still there. Whatever may not be read, or cannot be just now, makes it say less, and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import msgspec

from migrate.cluster.port import Cluster
from migrate.errors import ApiError, BlockedError
from migrate.execute.kubeevents import KubeEvent, warnings_of
from migrate.execute.podtroubles import is_ready, pod_troubles
from migrate.execute.troubles import Trouble, Weight, condition_of
from migrate.objects import Manifest, ObjectRef, is_terminating, ref_of

T = TypeVar("T")
APPS, KNATIVE = "apps/v1", "serving.knative.dev/v1"
HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
"""pkg/controller/deployment/util/deployment_util.go of Kubernetes 1.34."""
FAILED_REVISION = frozenset({"ContainerMissing", "ProgressDeadlineExceeded"})
"""What Knative itself gives up at; other reasons come and go with the pods
(knative.dev/serving v0.48.1 pkg/apis/serving/v1/revision_lifecycle.go)."""
FAILED_CREATE = "FailedCreate"
LINES, WIDTH, EVENTS = 10, 200, 3
"""How much of a container's log, of each of its lines, and of the events is shown."""


@dataclass(frozen=True)
class Family:
    """The pods of a workload that are of its newest template, and all others."""

    newest: Sequence[Manifest]
    others: Sequence[Manifest] = ()

    @property
    def moves(self) -> bool:
        """Whether a pod is going or coming, which makes room for the next one."""
        every = (*self.newest, *self.others)
        return any(map(is_terminating, every)) or not all(map(is_ready, self.newest))


class Around:
    """A cluster, and the events of its namespaces as they were at one time: each list once."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._events: dict[str, list[KubeEvent]] = {}

    def events(self, namespace: str) -> list[KubeEvent]:
        """Return the events of a namespace, none where they may not be listed."""
        if namespace not in self._events:
            listed = partial(self.cluster.list, "v1", "Event", KubeEvent, namespace=namespace)
            self._events[namespace] = _or(lambda: list(listed()), [])
        return self._events[namespace]


def troubles_of(around: Around, target: ObjectRef) -> list[Trouble]:
    """Return what keeps the newest template of a workload from being ready; empty if nothing.

    Nothing is said as long as the workload's controller has not seen that template.
    """
    live = _or(lambda: around.cluster.get(target), None)
    if live is None or not _is_seen(live):
        return []
    return list(_FINDERS[target.kind](around, live))


def news_of(around: Around, owner: ObjectRef, uid: str) -> list[Trouble]:
    """Return the warnings about the object on whose behalf a workload is awaited."""
    told = warnings_of(around.events(owner.namespace), uid)
    latest = {event.reason: event for event in told}
    return [
        Trouble(owner, reason or "", event.message or "", f"event {reason}", since=event.last)
        for reason, event in latest.items()
    ]


def evidence(around: Around, trouble: Trouble) -> Iterator[str]:
    """Yield the latest events of the trouble's object, and its container's last words."""
    for event in warnings_of(around.events(trouble.subject.namespace), trouble.uid)[-EVENTS:]:
        yield f"event {event}"
    if trouble.has_run:
        yield from _last_words(around.cluster, trouble)


def _last_words(cluster: Cluster, trouble: Trouble) -> Iterator[str]:
    try:
        text = cluster.logs(trouble.subject, trouble.container, lines=LINES)
    except ApiError as error:
        yield f"no log of container {trouble.container}: {error.message}"
        return
    if not text.strip():
        yield f"container {trouble.container} has logged nothing"
        return
    yield f"last lines of container {trouble.container}:"
    yield from (f"  {line[:WIDTH]}" for line in text.splitlines()[-LINES:])


def _is_seen(workload: Manifest) -> bool:
    seen = int((workload.get("status") or {}).get("observedGeneration") or 0)
    return seen >= int(workload["metadata"].get("generation") or 0)


def _deployment(around: Around, live: Manifest) -> Iterator[Trouble]:
    family = _family(around.cluster, live, HASH, _newest_hash(around.cluster, live))
    yield from _conditions(live, family)
    yield from _of_pods(around, family)


def _stateful_set(around: Around, live: Manifest) -> Iterator[Trouble]:
    newest = (live.get("status") or {}).get("updateRevision") or ""
    family = _family(around.cluster, live, "controller-revision-hash", newest)
    told = news_of(around, ref_of(live), live["metadata"].get("uid", ""))
    yield from (one for one in told if one.reason == FAILED_CREATE and not family.newest)
    yield from _of_pods(around, family)


def _knative(around: Around, live: Manifest) -> Iterator[Trouble]:
    name = (live.get("status") or {}).get("latestCreatedRevisionName")
    if not name:
        return
    cluster, namespace = around.cluster, live["metadata"]["namespace"]
    selector = f"serving.knative.dev/revision={name}"
    family = Family(_list(cluster, "v1", "Pod", namespace, selector))
    revision = _or(lambda: cluster.get(ObjectRef(KNATIVE, "Revision", name, namespace)), None)
    yield from _failed_revision(revision, family) if revision else ()
    yield from _of_pods(around, family)


_FINDERS: dict[str, Callable[[Around, Manifest], Iterator[Trouble]]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "Service": _knative,
}


def _conditions(live: Manifest, family: Family) -> Iterator[Trouble]:
    late = condition_of(live, "Progressing")
    if late.get("status") == "False":
        yield _condition(live, late, "progress", Weight.REPEATED)
    refused = condition_of(live, "ReplicaFailure")
    if refused.get("status") == "True":
        # A quota that the old pods fill is free again when they have gone.
        weight = Weight.PASSING if family.moves else Weight.REPEATED
        yield _condition(live, refused, "create", weight)


def _failed_revision(revision: Manifest, family: Family) -> Iterator[Trouble]:
    for kind in ("ContainerHealthy", "ResourcesAvailable"):
        found = condition_of(revision, kind)
        if found.get("status") != "False":
            continue
        reason = found.get("reason")
        is_stuck = reason == FAILED_CREATE and not family.moves
        ends = is_stuck or reason in FAILED_REVISION
        weight = Weight.REPEATED if ends else Weight.PASSING
        yield _condition(revision, found, kind, weight)


def _condition(live: Manifest, found: Manifest, group: str, weight: Weight) -> Trouble:
    reason, said = found.get("reason") or group, found.get("message") or ""
    since = found.get("lastTransitionTime") or ""
    uid = live["metadata"].get("uid", "")
    return Trouble(ref_of(live), reason, said, group, weight, since=since, uid=uid)


def _of_pods(around: Around, family: Family) -> Iterator[Trouble]:
    late = [pod for pod in family.newest if not is_ready(pod) and not is_terminating(pod)]
    if late:
        events = around.events(late[0]["metadata"].get("namespace", ""))
        for pod in late:
            uid = pod["metadata"].get("uid", "")
            for trouble in pod_troubles(pod, events):
                yield msgspec.structs.replace(trouble, uid=uid)


def _family(cluster: Cluster, live: Manifest, label: str, newest: str) -> Family:
    pods = _list(cluster, "v1", "Pod", live["metadata"]["namespace"], _selector(live))
    mine = [pod for pod in pods if newest and _label(pod, label) == newest]
    return Family(mine, [pod for pod in pods if pod not in mine])


def _newest_hash(cluster: Cluster, live: Manifest) -> str:
    """Return the hash of the highest revision: a rollback takes up an old ReplicaSet."""
    uid, namespace = live["metadata"].get("uid"), live["metadata"]["namespace"]
    sets = _list(cluster, APPS, "ReplicaSet", namespace, _selector(live))
    own = [s for s in sets if any(o.get("uid") == uid for o in _owners(s))]
    return _label(max(own, key=_number), HASH) if own else ""


def _number(replica_set: Manifest) -> int:
    return int((replica_set["metadata"].get("annotations") or {}).get(REVISION) or 0)


def _owners(manifest: Manifest) -> Sequence[Manifest]:
    return manifest["metadata"].get("ownerReferences") or ()


def _label(manifest: Manifest, key: str) -> str:
    return str((manifest["metadata"].get("labels") or {}).get(key) or "")


def _selector(workload: Manifest) -> str:
    labels = (workload["spec"].get("selector") or {}).get("matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _list(
    cluster: Cluster, version: str, kind: str, namespace: str, selector: str
) -> list[Manifest]:
    """Return what the selector finds; an empty one would find everybody's."""
    if not selector:
        return []
    read = lambda: list(  # noqa: E731
        cluster.list(version, kind, dict, namespace=namespace, selector=selector)
    )
    return _or(read, [])


def _or(read: Callable[[], T], otherwise: T) -> T:
    try:
        return read()
    except (ApiError, BlockedError):
        return otherwise
