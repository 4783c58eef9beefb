"""What a kubelet would report of a container that does not run, and other ways to fail."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.real.claims import RUNTIME
from tests.real.cli import KMIGRATE, environment
from tests.testbed.api import Manifest, basic_object
from tests.testbed.kserve import KServe
from tests.testbed.nodes import LEFT_ALONE, NODE
from tests.testbed.pods import now
from tests.testbed.waiting import wait_until

SET = ("--set", f"runtime/{RUNTIME}={LEFT_ALONE}", "--activate=each")
CONTAINER = "kserve-container"
PODS = 4
END = 60
"""Seconds in which a run is to end, or a pod to come, also on a busy machine."""


@dataclass
class Apply:
    """An apply that runs; what it says goes into a file."""

    process: subprocess.Popen[bytes]
    said: Path

    @property
    def text(self) -> str:
        return self.said.read_text()

    def tells(self, words: str, seconds: float) -> float:
        """Wait until it says so; return how long that took, in seconds."""
        began = time.monotonic()
        wait_until(lambda: words in self.text or self._dead(words), seconds, f"{words!r}")
        return time.monotonic() - began

    def _dead(self, words: str) -> bool:
        assert self.process.poll() is None or words in self.text, self.text
        return False

    def ends(self, seconds: float) -> int:
        self.process.wait(seconds)
        assert "Traceback" not in self.text, self.text
        return self.process.returncode


@contextmanager
def applying(cluster: KServe, folder: Path, *flags: str) -> Iterator[Apply]:
    said = folder / "said.txt"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [str(KMIGRATE), "apply", "--yes", "--timeout=300", *SET, *flags],
            env=environment(cluster.admin),
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        try:
            yield Apply(process, said)
        finally:
            process.kill()
            process.wait()


def pods(cluster: KServe, namespace: str) -> dict[str, Manifest]:
    """The pods by uid."""
    return {pod["metadata"]["uid"]: pod for pod in cluster.api.list("v1", "Pod", namespace)}


def new_pod(cluster: KServe, namespace: str, name: str = "iris") -> Manifest:
    """Wait until a pod of the new image, of this service, is on the node, and return it."""

    def found() -> Manifest | None:
        for pod in pods(cluster, namespace).values():
            images = [container["image"] for container in pod["spec"]["containers"]]
            whose = pod["metadata"]["labels"].get("serving.kserve.io/inferenceservice")
            if whose == name and LEFT_ALONE in images and pod["spec"].get("nodeName"):
                return pod
        return None

    return wait_until(found, END, "a new pod")


def report(cluster: KServe, pod: Manifest, restarts: int, last: int = 0, **state: Manifest) -> None:
    """Write a pod's status as a kubelet does while its container does not run."""
    conditions = {"PodScheduled": True, "Initialized": True, "Ready": False}
    status = {
        "phase": "Running" if restarts else "Pending",
        "conditions": [
            {"type": kind, "status": str(value), "lastTransitionTime": now()}
            for kind, value in conditions.items()
        ],
        "containerStatuses": [
            {
                "name": CONTAINER,
                "image": LEFT_ALONE,
                "imageID": "",
                "ready": False,
                "restartCount": restarts,
                "state": state,
                "lastState": {"terminated": {"exitCode": last, "reason": "Error"}} if last else {},
            }
        ],
    }
    pod = {"apiVersion": "v1", "kind": "Pod", **pod}
    cluster.api.patch(pod, {"status": status}, subresource="status")


def warn(cluster: KServe, pod: Manifest, reason: str, message: str, count: int) -> None:
    """Write an event as a kubelet does; each time it happens its count rises."""
    meta = pod["metadata"]
    about = {"apiVersion": "v1", "kind": "Pod", "fieldPath": f"spec.containers{{{CONTAINER}}}"}
    about |= {key: meta[key] for key in ("name", "namespace", "uid")}
    cluster.api.apply(
        basic_object(
            "v1",
            "Event",
            f"{meta['name']}.{reason.lower()}",
            meta["namespace"],
            involvedObject=about,
            type="Warning",
            reason=reason,
            message=message,
            count=count,
            firstTimestamp=meta["creationTimestamp"],
            lastTimestamp=now(),
            source={"component": "kubelet"},
        )
    )


def warned(cluster: KServe, namespace: str, reason: str) -> bool:
    """Whether the namespace has an event of that reason."""
    return any(
        event.get("reason") == reason for event in cluster.api.list("v1", "Event", namespace)
    )


def no_pull(cluster: KServe, pod: Manifest, times: int) -> None:
    said = f'Failed to pull image "{LEFT_ALONE}": not found'
    report(cluster, pod, 0, waiting={"reason": "ErrImagePull", "message": "not found"})
    warn(cluster, pod, "Failed", said, times)


def crash(cluster: KServe, pod: Manifest, times: int) -> None:
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}
    report(cluster, pod, times, last=1, waiting=waiting)
    warn(cluster, pod, "BackOff", "Back-off restarting failed container", times)


def quota(cluster: KServe, namespace: str) -> None:
    """A quota that is full; its status is written here, as its controller would."""
    made = cluster.api.create(
        basic_object("v1", "ResourceQuota", "full", namespace, spec={"hard": {"pods": "1"}})
    )
    counted = {"hard": {"pods": "1"}, "used": {"pods": "1"}}
    cluster.api.patch(
        {"apiVersion": "v1", "kind": "ResourceQuota", **made},
        {"status": counted},
        subresource="status",
    )


def policy(cluster: KServe, namespace: str) -> None:
    """A policy that denies pods of the new image, as an admission webhook may."""
    version = "admissionregistration.k8s.io/v1"
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["pods"],
    }
    test = f"object.spec.containers.all(c, c.image != '{LEFT_ALONE}')"
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": test, "message": "this registry is not allowed"}],
    }
    here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    binding = {"policyName": namespace, "validationActions": ["Deny"], "matchResources": here}
    for kind, content in (
        ("ValidatingAdmissionPolicy", spec),
        ("ValidatingAdmissionPolicyBinding", binding),
    ):
        cluster.api.create(basic_object(version, kind, namespace, spec=content))


def taint(cluster: KServe, *taints: Manifest) -> None:
    node = basic_object("v1", "Node", NODE)
    cluster.api.patch(node, {"spec": {"taints": list(taints)}})
