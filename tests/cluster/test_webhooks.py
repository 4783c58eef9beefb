"""Admission webhooks of the real API server: one that says no, one that cannot be reached."""

import json
import ssl
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from migrate.cluster.kube import KubeCluster
from migrate.errors import ApiError, Exit, RefusedError, UnreachableError
from tests.cluster.manifests import config_map, manifest
from tests.testbed.api import encoded
from tests.testbed.control_plane import ControlPlane
from tests.testbed.ports import free_port
from tests.testbed.waiting import wait_until

WORDS = "the team's policy: no ConfigMap on a Friday"
Guard = Callable[[str], None]


@pytest.fixture
def guard(plane: ControlPlane, namespace: str) -> Iterator[Guard]:
    """Have the webhook at a URL judge the ConfigMaps of the namespace."""
    made = []

    def install(url: str) -> None:
        client = {"url": url, "caBundle": encoded(plane.authority.ca)}
        rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
        webhook = {
            "name": "guard.example.com",
            "clientConfig": client,
            "rules": [rule | {"operations": ["*"]}],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "timeoutSeconds": 5,
        }
        group, kind = "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"
        made.append(manifest(group, kind, f"guard-{namespace}", "", None, {"webhooks": [webhook]}))
        plane.api.create(made[0])

    yield install
    for each in made:
        plane.api.delete(each)


@pytest.fixture
def denying(plane: ControlPlane) -> Iterator[str]:
    """The URL of a webhook that denies everything."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*plane.authority.issue("guard", "guard"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Denying)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_denial_is_told_in_the_webhooks_words(
    kube: KubeCluster, guard: Guard, denying: str, namespace: str
) -> None:
    guard(denying)
    error = _until_judged(kube, namespace)
    assert isinstance(error, RefusedError)
    assert (error.status, error.code) == (403, Exit.BLOCKED)
    assert f'admission webhook "guard.example.com" denied the request: {WORDS}' in error.message
    assert "permission" not in error.message


def test_a_webhook_that_cannot_be_reached_is_worth_another_try(
    kube: KubeCluster, guard: Guard, namespace: str
) -> None:
    guard(f"https://127.0.0.1:{free_port()}/")
    error = _until_judged(kube, namespace)
    assert isinstance(error, UnreachableError)
    assert (error.status, error.code) == (500, Exit.UNREACHABLE)
    assert 'failed calling webhook "guard.example.com"' in error.message
    assert "connection refused" in error.message


def _until_judged(kube: KubeCluster, namespace: str) -> ApiError:
    """Create ConfigMaps until the API server has heard of the webhook."""
    names = (f"c-{number}" for number in range(10_000))

    def refused() -> ApiError | None:
        try:
            kube.create(config_map(next(names), namespace))
        except ApiError as error:
            return error
        return None

    return wait_until(refused, 30, "the webhook to be asked")


class _Denying(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = {"code": 403, "message": WORDS, "reason": "Forbidden"}
        verdict = {"uid": review["request"]["uid"], "allowed": False, "status": status}
        answer = {"apiVersion": review["apiVersion"], "kind": "AdmissionReview"}
        data = json.dumps(answer | {"response": verdict}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""
