"""What a pod says about why it is not ready. Pure.

The reasons are those of Kubernetes 1.34: ``pkg/kubelet/images/types.go``,
``pkg/kubelet/kuberuntime/kuberuntime_container.go``, ``pkg/kubelet/container/sync_result.go``,
``pkg/kubelet/events/event.go``, and ``PodReasonUnschedulable`` of ``k8s.io/api`` core/v1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate.execute.kubeevents import KubeEvent, warnings_of
from migrate.execute.troubles import Trouble, Weight, condition_of
from migrate.objects import Manifest, ObjectRef, is_terminating

BAD_NAMES = frozenset({"InvalidImageName", "ErrImageNeverPull"})
PULLS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
STARTS = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "PostStartHookError",
        "PreCreateHookError",
        "PreStartHookError",
        "RunContainerError",
    }
)
NOT_STARTED = frozenset({"ContainerCreating", "PodInitializing"})
BEFORE_START = frozenset(
    {
        "FailedAttachVolume",
        "FailedCreatePodSandBox",
        "FailedMapVolume",
        "FailedMount",
        "NetworkNotReady",
    }
)
"""Events about what a pod needs before its first container."""
PULL_LIMIT = 2
"""A registry may be out of reach once."""
START_LIMIT = 3
"""So many failed starts, or restarts, are no accident."""


def pod_troubles(pod: Manifest, events: Sequence[KubeEvent]) -> Iterator[Trouble]:
    """Yield what keeps this pod from being ready; ``events`` are those of its namespace."""
    if is_ready(pod) or is_terminating(pod):
        return
    told = warnings_of(events, pod["metadata"].get("uid", ""))
    yield from _unscheduled(pod)
    yield from _failed(pod)
    for kind in ("initContainers", "containers"):
        for status in _statuses(pod, kind):
            paths = f"spec.{kind}{{{status['name']}}}"
            yield from _container(pod, status, [e for e in told if e.about.field_path == paths])
    if _waits_for_its_start(pod):
        yield from _latest(pod, told, BEFORE_START, Weight.PASSING)
    else:
        yield from _latest(pod, told, frozenset({"Unhealthy"}), Weight.USUAL)


def is_ready(pod: Manifest) -> bool:
    """Whether the pod counts as Ready."""
    return condition_of(pod, "Ready").get("status") == "True"


def _ref(pod: Manifest) -> ObjectRef:
    meta = pod["metadata"]
    return ObjectRef("v1", "Pod", meta["name"], meta.get("namespace", ""))


def _statuses(pod: Manifest, kind: str) -> Sequence[Manifest]:
    field = "initContainerStatuses" if kind == "initContainers" else "containerStatuses"
    return (pod.get("status") or {}).get(field) or ()


def _unscheduled(pod: Manifest) -> Iterator[Trouble]:
    found = condition_of(pod, "PodScheduled")
    if found.get("status") == "False":
        reason, said = found.get("reason") or "Unschedulable", found.get("message") or ""
        yield Trouble(_ref(pod), reason, said, "schedule")


def _failed(pod: Manifest) -> Iterator[Trouble]:
    status = pod.get("status") or {}
    if status.get("phase") == "Failed":
        yield Trouble(
            _ref(pod), status.get("reason") or "Failed", status.get("message") or "", "phase"
        )


def _container(pod: Manifest, status: Manifest, events: Sequence[KubeEvent]) -> Iterator[Trouble]:
    state = status.get("state") or {}
    waiting = state.get("waiting") or {}
    reason, said = waiting.get("reason") or "", waiting.get("message") or ""
    since, name = pod["metadata"].get("creationTimestamp") or "", status["name"]
    common = {"since": since, "container": name}
    if reason in BAD_NAMES:
        yield Trouble(_ref(pod), reason, said, "image", Weight.CERTAIN, **common)
    elif reason in PULLS:
        often = _times(events, "Failed to pull image")
        said = _said(events, "Failed to pull image") or said
        yield Trouble(
            _ref(pod), reason, said, "image", Weight.REPEATED, often, PULL_LIMIT, **common
        )
    elif reason in STARTS:
        often = _times(events, "Error: ")
        yield Trouble(
            _ref(pod), reason, said, "start", Weight.REPEATED, often, START_LIMIT, **common
        )
    else:
        yield from _crashed(pod, status, reason, since)


def _crashed(pod: Manifest, status: Manifest, reason: str, since: str) -> Iterator[Trouble]:
    """Yield a crash, but not of a container that runs again now: it may stay."""
    state, last = status.get("state") or {}, status.get("lastState") or {}
    ended = state.get("terminated") or last.get("terminated") or {}
    is_looping = reason == "CrashLoopBackOff"
    if not is_looping and not (state.get("terminated") or {}).get("exitCode"):
        return
    restarts = int(status.get("restartCount") or 0)
    yield Trouble(
        _ref(pod),
        reason or ended.get("reason") or "Error",
        _end(ended, restarts),
        "crash",
        Weight.REPEATED,
        restarts,
        START_LIMIT,
        since=since,
        container=status["name"],
        has_run=True,
    )


def _end(ended: Manifest, restarts: int) -> str:
    code, said = ended.get("exitCode", "unknown"), ended.get("message") or ""
    why = f" ({ended['reason']})" if ended.get("reason") not in (None, "", "Error") else ""
    return f"exit code {code}{why}, restarts: {restarts}" + (f": {said}" if said else "")


def _waits_for_its_start(pod: Manifest) -> bool:
    every = [*_statuses(pod, "initContainers"), *_statuses(pod, "containers")]
    states = [((one.get("state") or {}).get("waiting") or {}).get("reason") for one in every]
    return bool(pod["spec"].get("nodeName")) and all(one in NOT_STARTED for one in states)


def _latest(
    pod: Manifest, told: Sequence[KubeEvent], reasons: frozenset[str], weight: Weight
) -> Iterator[Trouble]:
    latest = {e.reason: e for e in told if e.reason in reasons}
    for reason, event in latest.items():
        said = event.message or ""
        yield Trouble(_ref(pod), reason or "", said, reason or "", weight, since=event.last)


def _times(events: Sequence[KubeEvent], start: str) -> int:
    """Return how often that was told; 0 where events cannot be read or have expired."""
    return sum(event.times for event in events if (event.message or "").startswith(start))


def _said(events: Sequence[KubeEvent], start: str) -> str:
    found = [e.message or "" for e in events if (e.message or "").startswith(start)]
    return found[-1] if found else ""
