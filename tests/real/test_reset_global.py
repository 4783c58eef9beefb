"""A reset of the global setting on real controllers: refused, then without a new pod, and back.

Containers are simulated; what is looked at is what KServe writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.claims import (
    OTHER_IMAGE,
    add_service,
    copy_runtime,
    get_service,
    image_of,
    only_if_all,
    rollouts,
    stock_runtime,
    wake_by_status,
)
from tests.real.cli import kmigrate
from tests.testbed.kserve import KServe
from tests.testbed.waiting import wait_until

pytestmark = pytest.mark.parametrize(
    "kserve_cluster",
    ["0.15.2", "0.20.0", *only_if_all("0.11.2", "0.16.0")],
    indirect=True,
)
RESET = "--reset-global"


@pytest.fixture
def overridden(kserve_cluster: KServe) -> Iterator[tuple[dict[str, Any], str]]:
    """The shipped runtime, which somebody edited for a service of the namespace."""
    cluster = kserve_cluster
    stock = stock_runtime(cluster)
    container = {**stock["spec"]["containers"][0], "image": OTHER_IMAGE}
    container["args"] = [*container["args"], "--workers=2"]
    container["env"] = [{"name": "PREDICT_PROBA", "value": "True"}]
    cluster.api.patch(stock, {"spec": {"containers": [container]}})
    namespace = cluster.create_namespace("team-a")
    add_service(cluster, namespace, "iris")
    assert image_of(cluster, namespace, "iris") == OTHER_IMAGE
    yield stock, namespace
    cluster.api.patch(stock_runtime(cluster), {"spec": stock["spec"]})
    cluster.reset()


def test_nobody_notices_a_reset_nor_its_rollback(
    kserve_cluster: KServe, overridden: tuple[dict[str, Any], str], tmp_path: Path
) -> None:
    cluster, (stock, namespace) = kserve_cluster, overridden
    edited = stock_runtime(cluster)["spec"]
    before = rollouts(cluster, namespace)
    refused = kmigrate(cluster.admin, "apply", RESET, "--yes", expect=7)
    assert "KM260" in refused.stderr
    assert f"{namespace}/iris" in refused.stderr
    assert stock_runtime(cluster)["spec"] == edited

    copy_runtime(cluster, namespace)
    kmigrate(cluster.admin, "apply", RESET, "--yes")
    assert stock_runtime(cluster)["spec"] == stock["spec"]
    nothing = kmigrate(cluster.admin, "apply", RESET, "--yes")
    assert "nothing to change" in nothing.stdout
    still(cluster, namespace, before)
    fresh = cluster.create_namespace("team-b")
    add_service(cluster, fresh, "tomorrow")
    shipped = stock["spec"]["containers"][0]["image"]
    assert image_of(cluster, fresh, "tomorrow") == shipped

    back = kmigrate(cluster.admin, "rollback", "--yes", home=tmp_path / "another machine")
    assert f"{fresh}/tomorrow" in back.stderr
    assert stock_runtime(cluster)["spec"] == edited
    still(cluster, namespace, before)


def still(cluster: KServe, namespace: str, before: list[str]) -> None:
    """Nothing rolls, not even once the service was reconciled."""
    mark = wake_by_status(cluster, namespace, "iris")["status"]["observedGeneration"]

    def is_reconciled() -> bool:
        status = get_service(cluster, namespace, "iris")["status"]
        return bool(status.get("observedGeneration") != mark)

    wait_until(is_reconciled, 30, "the service to be reconciled")
    assert image_of(cluster, namespace, "iris") == OTHER_IMAGE
    assert rollouts(cluster, namespace) == before
