"""The parts that make pods run, or seem to: controllers, scheduler, and simulated nodes."""

import io
from pathlib import Path

import yaml

from tests.testbed.api import Manifest, basic_object, is_true
from tests.testbed.control_plane import ControlPlane
from tests.testbed.modules import documents, module_folder
from tests.testbed.ports import HOST, free_port
from tests.testbed.processes import Process
from tests.testbed.waiting import wait_until

NODE = "node-1"
CONTROLLER_LABEL = {"control-plane": "kserve-controller-manager"}
LEFT_ALONE = "registry.example.com/ml/left-alone:v1"
"""Pods with a container of this image are bound to a node, and left for a test to report on."""
# Those that the objects of a KServe cluster need; each one more costs memory and start-up time.
_CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "deployment-controller",
    "disruption-controller",
    "endpoints-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "horizontal-pod-autoscaler-controller",
    "namespace-controller",
    "node-lifecycle-controller",
    "pod-garbage-collector-controller",
    "replicaset-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "statefulset-controller",
    "taint-eviction-controller",
)
# Their API groups are not served, and without them the scheduler would wait forever.
_NOT_SCHEDULED_BY = ("NodeVolumeLimits", "VolumeBinding", "VolumeRestrictions", "VolumeZone")
_STAGES = ("node/fast", "node/heartbeat-with-lease", "pod/fast")
_START_SECONDS = 60


def start_nodes(plane: ControlPlane) -> None:
    """Start controllers, scheduler and kwok, add one roomy node, and wait until it is Ready."""
    processes = [_start_controllers(plane), _start_scheduler(plane), _start_kwok(plane)]
    node = plane.api.create(_node())
    _set_size(plane, node)

    def is_ready() -> bool:
        node = plane.api.get("v1", "Node", NODE)
        return node is not None and is_true(node, "Ready")

    wait_until(is_ready, _START_SECONDS, f"node {NODE} to be Ready", processes)


def _start_controllers(plane: ControlPlane) -> Process:
    return plane.run(
        "kube-controller-manager",
        [
            f"--kubeconfig={plane.kubeconfig('system:kube-controller-manager', '')}",
            f"--service-account-private-key-file={plane.authority.folder / 'sa.key'}",
            f"--root-ca-file={plane.authority.ca}",
            f"--controllers={','.join(_CONTROLLERS)}",
            # Its own user may not do what the controllers do; their service accounts may.
            "--use-service-account-credentials=true",
            "--leader-elect=false",
            f"--bind-address={HOST}",
            f"--secure-port={free_port()}",
        ],
    )


def _start_scheduler(plane: ControlPlane) -> Process:
    kubeconfig = plane.kubeconfig("system:kube-scheduler", "")
    config = plane.folder / "scheduler.yaml"
    config.write_text(yaml.safe_dump(_scheduler_config(kubeconfig)))
    return plane.run(
        "kube-scheduler",
        [
            f"--config={config}",
            "--feature-gates=DynamicResourceAllocation=false",
            f"--bind-address={HOST}",
            f"--secure-port={free_port()}",
        ],
    )


def _scheduler_config(kubeconfig: Path) -> Manifest:
    disabled = [{"name": name} for name in _NOT_SCHEDULED_BY]
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "leaderElection": {"leaderElect": False},
        "profiles": [{"plugins": {"multiPoint": {"disabled": disabled}}}],
    }


def _start_kwok(plane: ControlPlane) -> Process:
    stages = plane.folder / "stages.yaml"
    stages.write_text(_stages())
    return plane.run(
        "kwok",
        [
            f"--kubeconfig={plane.kubeconfig('kwok')}",
            f"--config={stages}",
            "--manage-all-nodes=true",
            # Without renewed leases the node counts as lost after 40 s, and its pods as failing.
            "--node-lease-duration-seconds=40",
            f"--server-address={HOST}:{free_port()}",
        ],
    )


def _stages() -> str:
    """Return kwok's own fast stages, with the KServe controller's pod left to our kubelet.

    Pods of LEFT_ALONE are left to tests.
    """
    base = module_folder("sigs.k8s.io/kwok") / "kustomize/stage"
    files = [file for stage in _STAGES for file in sorted((base / stage).glob("*.yaml"))]
    stages = [stage for stage in documents(*files) if stage["kind"] == "Stage"]
    for stage in stages:
        if stage["metadata"]["name"] == "pod-ready":
            stage["spec"]["selector"]["matchExpressions"] += [
                *_not_the_controller(),
                {"key": ".spec.containers[].image", "operator": "NotIn", "values": [LEFT_ALONE]},
            ]
    text = io.StringIO()
    yaml.safe_dump_all(stages, text)
    return text.getvalue()


def _not_the_controller() -> list[Manifest]:
    return [
        {"key": f'.metadata.labels["{key}"]', "operator": "NotIn", "values": [value]}
        for key, value in CONTROLLER_LABEL.items()
    ]


def _node() -> Manifest:
    return basic_object("v1", "Node", NODE)


def _set_size(plane: ControlPlane, node: Manifest) -> None:
    size = {"cpu": "1000", "memory": "4Ti", "pods": "100000", "nvidia.com/gpu": "1000"}
    plane.api.patch(node, {"status": {"capacity": size, "allocatable": size}}, subresource="status")
