"""The KServe manager as a process, with what its container would give it."""

import shutil
from pathlib import Path

from tests.testbed.control_plane import ControlPlane
from tests.testbed.manifests import NAMESPACE
from tests.testbed.ports import HOST, answers, free_port, is_free
from tests.testbed.processes import Process
from tests.testbed.programs import build
from tests.testbed.releases import Release
from tests.testbed.waiting import ProcessEndedError, wait_until

_PORT_SECONDS = 20
_SERVING_SECONDS = 60


def write_webhook_certificate(plane: ControlPlane) -> None:
    """Put a serving certificate where the managers look for it, under their TMPDIR."""
    certificate, key = plane.authority.issue("webhook", "kserve-webhook")
    folder = _temporary(plane) / "k8s-webhook-server/serving-certs"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(certificate, folder / "tls.crt")
    shutil.copy(key, folder / "tls.key")


def start_manager(plane: ControlPlane, release: Release, port: int) -> Process:
    """Start the manager of ``release``, as soon as an earlier one has let go of ``port``."""
    binary = build(f"kserve-manager-{release.version}")
    wait_until(lambda: is_free(port), _PORT_SECONDS, f"port {port} to be free")
    flags = [f"--metrics-addr={HOST}:{free_port()}"]
    if release.health_flag:
        flags.append(f"--health-probe-addr={HOST}:{free_port()}")
    if release.port_flag:
        flags.append(f"--webhook-port={port}")
    env = {
        "KUBECONFIG": str(plane.kubeconfig("kserve-manager")),
        "POD_NAMESPACE": NAMESPACE,
        "TMPDIR": str(_temporary(plane)),
    }
    log = plane.folder / f"kserve-manager-{release.version}.log"
    return Process("kserve-manager", [binary, *flags], log, env)


def wait_serving(manager: Process, port: int) -> bool:
    """Wait until the manager's webhooks answer at ``port``; False if it ended instead."""
    try:
        what = "the manager to serve its webhooks"
        return wait_until(lambda: answers(port), _SERVING_SECONDS, what, [manager])
    except ProcessEndedError:
        return False


def _temporary(plane: ControlPlane) -> Path:
    return plane.folder / "manager"
