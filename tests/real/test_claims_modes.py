"""Services of 0.15 in the mode RawDeployment under later releases. Containers are simulated.

Knative's programs do not run: whether KServe takes the Knative branch shows in what it writes.
"""

from __future__ import annotations

import pytest

from tests.conftest import StartKServe
from tests.real.claims import (
    add_service,
    events_of,
    get_service,
    manager_log,
    only_if_all,
    write_status,
)
from tests.testbed.api import ApiError, Manifest, basic_object, is_true
from tests.testbed.kserve import KNATIVE, KServe
from tests.testbed.releases import RAW, STANDARD
from tests.testbed.samples import model_service
from tests.testbed.waiting import wait_until

_SECONDS = 30
_MODE = "serving.kserve.io/deploymentMode"
_KNATIVE_CRD = basic_object(
    "apiextensions.k8s.io/v1", "CustomResourceDefinition", "services.serving.knative.dev"
)
_BEFORE = "0.15.2"
_FAILS = "InternalError: fails to reconcile predictor: fails to reconcile knative service"
_REFUSED = "deploymentMode cannot be changed from '{}' to '{}'"


@pytest.mark.parametrize("release", only_if_all("0.16.0", "0.17.0"))
def test_0_16_and_0_17_leave_the_deployment_and_write_a_knative_service(
    start_kserve: StartKServe, release: str
) -> None:
    """Its status goes on saying Ready. The stored mode put right, the Deployment is kept again."""
    cluster, namespace = _with_a_service_of_before(start_kserve)
    before = _deployment(cluster, namespace)
    cluster.upgrade(release)
    cluster.wait_knative_service(namespace, "iris")
    add_service(cluster, namespace, "later")
    assert _deployment(cluster, namespace)["spec"] == before["spec"]
    service = get_service(cluster, namespace, "iris")
    assert is_true(service, "Ready")
    assert service["status"]["deploymentMode"] == RAW

    write_status(cluster, service, deploymentMode=STANDARD)
    _wait_new_release_in_deployment(cluster, namespace, before)
    assert cluster.api.list(KNATIVE, "Service", namespace)
    _annotate(cluster, service, STANDARD)
    _label(cluster, service)


@pytest.mark.parametrize("release", only_if_all("0.16.0", "0.17.0"))
def test_where_knative_is_not_installed_each_reconcile_fails(
    start_kserve: StartKServe, release: str
) -> None:
    """Its pods are as they were; 0.17 says in the status that reconciling fails, 0.16 does not."""
    cluster, namespace = _with_a_service_of_before(start_kserve)
    before = _deployment(cluster, namespace)
    cluster.api.delete(_KNATIVE_CRD)
    cluster.upgrade(release)
    stays_ready = release == "0.16.0"

    def has_failed() -> bool:
        events = events_of(cluster, namespace, "iris")
        is_ready = is_true(get_service(cluster, namespace, "iris"), "Ready")
        return is_ready == stays_ready and any(_FAILS in event for event in events)

    wait_until(has_failed, _SECONDS, "an event and a status that tell of the failure")
    assert _deployment(cluster, namespace)["spec"] == before["spec"]


@pytest.mark.parametrize("release", only_if_all("0.17.0"))
def test_0_17_refuses_each_update_but_deletion_until_the_stored_mode_is_put_right(
    start_kserve: StartKServe, release: str
) -> None:
    cluster, namespace = _with_a_service_of_before(start_kserve)
    service, other = get_service(cluster, namespace, "iris"), add_service(cluster, namespace, "x")
    cluster.upgrade(release)
    with pytest.raises(ApiError, match=_REFUSED.format(RAW, STANDARD)):
        _label(cluster, service)
    cluster.api.delete(other)
    _wait_gone(cluster, other)
    write_status(cluster, service, deploymentMode=STANDARD)
    _label(cluster, service)


@pytest.mark.parametrize("release", only_if_all("0.16.0"))
def test_under_0_16_an_edit_reaches_the_knative_service_alone(
    start_kserve: StartKServe, release: str
) -> None:
    cluster, namespace = _with_a_service_of_before(start_kserve)
    cluster.upgrade(release)
    service = get_service(cluster, namespace, "iris")
    _label(cluster, service)

    def has_it() -> bool:
        return _is_labelled(cluster.wait_knative_service(namespace, "iris"))

    wait_until(has_it, _SECONDS, "the edit to reach the Knative Service")
    assert not _is_labelled(_deployment(cluster, namespace))
    cluster.api.delete(service)
    _wait_gone(cluster, service)


@pytest.mark.parametrize("release", only_if_all("0.16.0"))
def test_0_16_refuses_each_update_and_the_end_of_a_service_made_with_the_old_word(
    start_kserve: StartKServe, release: str
) -> None:
    cluster = start_kserve(release)
    namespace = cluster.create_namespace()
    service = _create_with_the_old_word(cluster, namespace)
    refused = _REFUSED.format(STANDARD, RAW)
    with pytest.raises(ApiError, match=refused):
        _label(cluster, service)
    cluster.api.delete(service)
    what = "its end to be refused"
    wait_until(lambda: _reconcile_is_refused(cluster, namespace, refused), _SECONDS, what)
    assert "deletionTimestamp" in get_service(cluster, namespace, "iris")["metadata"]
    _annotate(cluster, service, STANDARD)
    _wait_gone(cluster, service)


@pytest.mark.parametrize("release", only_if_all("0.17.0", "0.19.0", "0.20.0"))
def test_from_0_17_on_the_old_word_is_rewritten(start_kserve: StartKServe, release: str) -> None:
    cluster = start_kserve(release)
    service = _create_with_the_old_word(cluster, cluster.create_namespace())
    assert service["metadata"]["annotations"][_MODE] == STANDARD
    _label(cluster, service)
    cluster.api.delete(service)
    _wait_gone(cluster, service)


@pytest.mark.parametrize("release", only_if_all("0.19.0", "0.20.0"))
def test_from_0_19_on_the_deployment_is_kept_and_updates_are_accepted(
    start_kserve: StartKServe, release: str
) -> None:
    """The upgrade itself rolls it out, with the new release's image."""
    cluster, namespace = _with_a_service_of_before(start_kserve)
    before = _deployment(cluster, namespace)
    cluster.upgrade(release)
    _wait_new_release_in_deployment(cluster, namespace, before)
    assert cluster.api.list(KNATIVE, "Service", namespace) == []
    _wait_mode(cluster, namespace, STANDARD)
    service = get_service(cluster, namespace, "iris")
    assert service["metadata"]["annotations"][_MODE] == RAW
    _label(cluster, service)
    cluster.api.delete(service)
    _wait_gone(cluster, service)


def _with_a_service_of_before(start_kserve: StartKServe) -> tuple[KServe, str]:
    cluster = start_kserve(_BEFORE)
    namespace = cluster.create_namespace()
    service = add_service(cluster, namespace, "iris")
    assert service["metadata"]["annotations"][_MODE] == RAW
    assert service["status"]["deploymentMode"] == RAW
    return cluster, namespace


def _create_with_the_old_word(cluster: KServe, namespace: str) -> Manifest:
    service = model_service("iris", namespace, "sklearn")
    service["metadata"]["annotations"] = {_MODE: RAW}
    cluster.api.create(service)
    return cluster.wait_ready(namespace, "iris")


def _deployment(cluster: KServe, namespace: str) -> Manifest:
    found = cluster.api.get("apps/v1", "Deployment", "iris-predictor", namespace)
    assert found is not None
    return found


def _wait_new_release_in_deployment(cluster: KServe, namespace: str, before: Manifest) -> None:
    """The stock runtimes of each release have an image of their own."""

    def has_new_image() -> bool:
        return bool(_deployment(cluster, namespace)["spec"] != before["spec"])

    wait_until(has_new_image, _SECONDS, "the Deployment to be reconciled")


def _wait_mode(cluster: KServe, namespace: str, mode: str) -> None:
    def is_written() -> bool:
        return bool(get_service(cluster, namespace, "iris")["status"]["deploymentMode"] == mode)

    wait_until(is_written, _SECONDS, f"the status to say {mode}")


def _label(cluster: KServe, service: Manifest) -> None:
    cluster.api.patch(service, {"metadata": {"labels": {"testbed": "edited"}}})


def _annotate(cluster: KServe, service: Manifest, mode: str) -> None:
    cluster.api.patch(service, {"metadata": {"annotations": {_MODE: mode}}})


def _is_labelled(workload: Manifest) -> bool:
    return "testbed" in workload["spec"]["template"]["metadata"]["labels"]


def _wait_gone(cluster: KServe, service: Manifest) -> None:
    wait_until(lambda: cluster.api.get_same(service) is None, _SECONDS, "the service to be gone")


def _reconcile_is_refused(cluster: KServe, namespace: str, words: str) -> bool:
    """Whether the manager's log says so of a service of the namespace."""
    lines = [line for line in manager_log(cluster) if "Reconciler error" in line]
    return any(words in line and namespace in line for line in lines)
