"""Record the snapshots of the demo from real controllers: python -m tests.real.record_demo.

What `kubectl get -o yaml` writes before a run and after it, of KServe 0.7.0 with services of
two teams. Containers do not run in the testbed; nothing of them is in these files.
"""

from __future__ import annotations

import getpass
import socket
import subprocess
from pathlib import Path

from tests.real.cli import kmigrate
from tests.testbed.api import basic_object
from tests.testbed.kserve import KServe
from tests.testbed.programs import build
from tests.testbed.samples import framework_service

DEMO = Path(__file__).parents[2] / "fixtures" / "demo"
WANTED = "sklearn=registry.example.com/ml/sklearnserver:v0.7.0-p5"
TEAMS = {
    "fraud": {"iris": "sklearn", "prices": "xgboost"},
    "pricing": {"churn": "sklearn", "vision": "tensorflow"},
}
FILES = {
    "kserve": ("-n", "kserve", "configmaps,statefulsets,deployments,leases"),
    "services": ("-A", "inferenceservices.serving.kserve.io,services.serving.knative.dev"),
    "cluster": ("namespace", "kube-system"),
}


def main() -> None:
    """Start KServe 0.7.0, record, apply, record again."""
    with KServe("0.7.0") as kserve:
        _services(kserve)
        _record(kserve, DEMO / "before")
        kmigrate(kserve.admin, "apply", "--yes", "--repin", "--set", WANTED)
        _record(kserve, DEMO / "after")


def _services(kserve: KServe) -> None:
    for team, services in TEAMS.items():
        kserve.api.create(basic_object("v1", "Namespace", team))
        for name, framework in services.items():
            kserve.api.create(framework_service(name, team, framework))
            kserve.wait_knative_service(team, name)


def _record(kserve: KServe, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, what in FILES.items():
        command = [
            str(build("kubectl")),
            f"--kubeconfig={kserve.admin}",
            "get",
            "-o",
            "yaml",
            *what,
        ]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        text = text.replace(f"{getpass.getuser()}@{socket.gethostname()}", "operator@laptop")
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
