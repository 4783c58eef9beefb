"""Overrides moved into namespaces on real controllers: nobody restarts, and all goes back.

Containers do not run here: pods are simulated, the controllers are real.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migrate.kserve.releases import parse_release
from tests.real.claims import only_if_all
from tests.real.cli import kmigrate, runs_of, status_of, words_of
from tests.real.everything import differences, everything, traces
from tests.real.tenants import Tenants, make_tenants
from tests.testbed.kserve import KServe

RELEASES = ["0.9.0+knative", "0.20.0", *only_if_all("0.11.2", "0.15.2", "0.16.0")]
pytestmark = pytest.mark.parametrize("kserve_cluster", RELEASES, indirect=True)
REPORTS = parse_release("0.16.0")
"""From this release on a service's status tells its runtime."""


@pytest.fixture
def tenants(kserve_cluster: KServe) -> Iterator[Tenants]:
    yield make_tenants(kserve_cluster)
    kserve_cluster.reset()


def restart(tenants: Tenants) -> None:
    """Have everybody reconciled, as an upgrade or a lost node does."""
    controller = tenants.kserve.controller
    note = {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}
    template = {"spec": {"template": {"metadata": {"annotations": note}}}}
    tenants.kserve.api.patch(controller, template)
    tenants.kserve.wait_controller()


def test_overrides_move_into_namespaces_and_back_and_nobody_restarts(tenants: Tenants) -> None:
    admin, api = tenants.kserve.admin, tenants.kserve.api
    before, start = tenants.settled(), everything(api)
    users = tenants.users(before)
    assert not traces(start)
    assert len(set(users.values())) > 1
    kmigrate(admin, "apply", "--to-runtimes", "--yes", timeout=600)
    assert not tenants.moved_since(before)
    assert tenants.copies() == {(team, runtime) for (team, _), runtime in users.items()}
    _reported(tenants, users, moved=True)
    assert words_of(status_of(admin)) == {("applied", "Succeeded", "Succeeded")}
    kmigrate(admin, "apply", "--reset-global", "--yes", timeout=600)
    assert tenants.runtimes() == tenants.stock
    restart(tenants)
    assert not tenants.moved_since(before)
    reset, moved = runs_of(admin)
    kmigrate(admin, "rollback", moved, "--yes", expect=7)
    kmigrate(admin, "rollback", reset, "--yes", timeout=600)
    kmigrate(admin, "rollback", moved, "--yes", timeout=600)
    assert not tenants.moved_since(before)
    _reported(tenants, users, moved=False)
    assert words_of(status_of(admin, moved)) == {("pending", "Succeeded", "Succeeded")}
    end = everything(api)
    assert not differences(start, end)
    assert not traces(end)


def _reported(tenants: Tenants, users: dict[tuple[str, str], str], *, moved: bool) -> None:
    if parse_release(tenants.kserve.release.version) < REPORTS:
        return
    found = tenants.reports()
    for service, runtime in users.items():
        assert found[service] == ((runtime, None) if moved else (None, runtime)), service
