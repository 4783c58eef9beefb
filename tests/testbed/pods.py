"""Pod statuses as a kubelet would write them."""

import datetime as dt

from tests.testbed.api import Manifest

# Outside the range that kwok gives to its pods.
_POD_IP = "10.1.0.1"


def running_status(pod: Manifest, restarts: int, *, ready: bool) -> Manifest:
    """All containers run; the pod counts as Ready if ``ready``."""
    state = {"running": {"startedAt": now()}}
    return _status(pod, state, restarts, ready=ready)


def refused_status(pod: Manifest) -> Manifest:
    """The image of some container cannot be had."""
    state = {"waiting": {"reason": "ErrImagePull", "message": "no such image in the testbed"}}
    return _status(pod, state, 0, ready=False)


def _status(pod: Manifest, state: Manifest, restarts: int, *, ready: bool) -> Manifest:
    flags = {"Initialized": True, "ContainersReady": ready, "Ready": ready}
    return {
        "phase": "Running" if "running" in state else "Pending",
        "podIP": _POD_IP,
        "podIPs": [{"ip": _POD_IP}],
        "startTime": pod["metadata"]["creationTimestamp"],
        "conditions": [
            {"type": kind, "status": str(value), "lastTransitionTime": now()}
            for kind, value in flags.items()
        ],
        "containerStatuses": [
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": "",
                "ready": ready,
                "started": ready,
                "restartCount": restarts,
                "state": state,
            }
            for container in pod["spec"]["containers"]
        ],
    }


def now() -> str:
    """Return the time as Kubernetes writes it."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
