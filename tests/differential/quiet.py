"""The parts of the control plane that KServe's decisions do not need, held still."""

import os
import signal
from pathlib import Path

from tests.testbed.kserve import KServe

# Without them nothing reacts to a Deployment, and the machine is left to what is asked.
_NOT_NEEDED = ("kube-controller-manager", "kube-scheduler", "kwok")


def hold_still(kserve: KServe) -> None:
    """Stop what makes pods; namespaces can no longer be deleted then. Ends with the cluster."""
    for pid in kserve.plane.pids:
        program = Path(f"/proc/{pid}/exe").resolve().name
        if program.startswith(_NOT_NEEDED):
            os.kill(pid, signal.SIGSTOP)
