"""Every release of the table: installed, its controller running, and acting on a service."""

import os

import pytest

from tests.conftest import StartKServe
from tests.testbed.programs import is_built
from tests.testbed.releases import RELEASES, SERVERLESS
from tests.testbed.samples import framework_service


def _needed(*releases: str) -> None:
    """Skip what needs a manager that would have to be built first, unless asked to build it."""
    missing = [release for release in releases if not is_built(f"kserve-manager-{release}")]
    if missing and "KMIGRATE_TESTBED_ALL" not in os.environ:
        names = ", ".join(missing)
        pytest.skip(f"KServe {names} is not built; KMIGRATE_TESTBED_ALL=1 builds it")


@pytest.mark.parametrize("release", RELEASES)
def test_release_acts_on_a_service(release: str, start_kserve: StartKServe) -> None:
    _needed(release)
    cluster = start_kserve(release)
    namespace = cluster.create_namespace()
    cluster.api.apply(framework_service("iris", namespace, "sklearn"))
    written = cluster.wait_predictor(namespace, "iris")
    container = written["spec"]["template"]["spec"]["containers"][0]
    assert "kserve/sklearnserver:" in container["image"]
    if cluster.mode != SERVERLESS:
        cluster.wait_ready(namespace, "iris")
    cluster.clear()


@pytest.mark.parametrize(
    ("old", "new"), [("0.10.2", "0.11.2"), ("0.10.2", "0.20.0"), ("0.16.0", "0.20.0")]
)
def test_release_is_upgraded(old: str, new: str, start_kserve: StartKServe) -> None:
    """The mode stays what it was, although a fresh cluster of the newer release is not so."""
    _needed(old, new)
    cluster = start_kserve(old)
    namespace, mode = cluster.create_namespace(), cluster.mode
    cluster.upgrade(new)
    assert cluster.mode == mode
    cluster.api.apply(framework_service("iris", namespace, "sklearn"))
    cluster.wait_predictor(namespace, "iris")
    cluster.clear()
