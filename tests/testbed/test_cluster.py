"""The cluster that people start by hand."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.testbed.api import Api
from tests.testbed.kserve import SERVING


@pytest.mark.usefixtures("no_kserve")
def test_cluster_serves_until_it_is_asked_to_end() -> None:
    command = [sys.executable, "-m", "tests.testbed.cluster", "--kserve", "0.15.2", "--samples"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as cluster:
        assert cluster.stdout is not None
        variable, _, value = cluster.stdout.readline().strip().partition("=")
        assert variable == "export KUBECONFIG"
        api = Api(Path(value))
        services = [
            service["metadata"]["namespace"] for service in api.list(SERVING, "InferenceService")
        ]
        api.close()
        cluster.send_signal(signal.SIGTERM)
        _, progress = cluster.communicate(timeout=30)
    assert services == ["team-a", "team-b"]
    assert cluster.returncode == 0
    assert progress.endswith("everything has ended\n")
    assert not Path(value).exists()
