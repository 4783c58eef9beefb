"""What error answers mean, for those that no API server gives at will."""

import json

import pytest

from migrate.cluster.answers import Place, Request, error_of
from migrate.cluster.resources import resource_of
from migrate.errors import (
    ApiError,
    ConflictError,
    Exit,
    ExpiredError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RefusedError,
    UnauthorizedError,
    UnreachableError,
)

PLACE = Place("prod", "https://10.0.0.1:6443")
ASKED = Request("patch", resource_of("v1", "ConfigMap"), "kserve", "inferenceservice-config")

RBAC = 'configmaps "a" is forbidden: User "eve" cannot patch resource "configmaps" in API group ""'
HOOK = 'failed calling webhook "x": failed to call webhook: Post "https://svc.ns.svc:443/"'


@pytest.mark.parametrize(
    ("status", "reason", "message", "expected"),
    [
        (400, "BadRequest", "the name of the object does not match", ApiError),
        (401, "Unauthorized", "Unauthorized", UnauthorizedError),
        (403, "Forbidden", RBAC, ForbiddenError),
        (403, "Forbidden", 'User "system:anonymous" cannot get path "/"', ForbiddenError),
        (403, "Forbidden", 'pods "a" is forbidden: exceeded quota: q, used: 1', RefusedError),
        (403, "Forbidden", 'pods "a" is forbidden: violates PodSecurity "baseline"', RefusedError),
        (403, "Forbidden", 'admission webhook "x" denied the request: no', RefusedError),
        (400, "BadRequest", 'admission webhook "x" denied the request: no', RefusedError),
        (
            422,
            "Invalid",
            "ValidatingAdmissionPolicy 'x' with binding 'y' denied request: no",
            RefusedError,
        ),
        (500, "", 'admission webhook "x" denied the request: cannot read the config', RefusedError),
        (404, "NotFound", 'configmaps "a" not found', NotFoundError),
        (409, "AlreadyExists", 'configmaps "a" already exists', ConflictError),
        (409, "Conflict", "the object has been modified", ConflictError),
        (410, "Expired", "too old resource version", ExpiredError),
        (422, "Invalid", 'ConfigMap "a" is invalid: data: Too long', InvalidError),
        (429, "TooManyRequests", "too many requests", UnreachableError),
        (
            500,
            "InternalError",
            f"Internal error occurred: {HOOK}: connection refused",
            UnreachableError,
        ),
        (
            500,
            "InternalError",
            f"Internal error occurred: {HOOK}: no endpoints available",
            UnreachableError,
        ),
        (
            500,
            "InternalError",
            f"Internal error occurred: {HOOK}: deadline exceeded",
            UnreachableError,
        ),
        (500, "", "conversion webhook for serving.kserve.io/v1beta1 failed: EOF", UnreachableError),
        (500, "", "etcdserver: leader changed", UnreachableError),
        (500, "", "etcdserver: request timed out", UnreachableError),
        (500, "ServerTimeout", "the server cannot complete the operation now", UnreachableError),
        (500, "", "resourceVersion should not be set on objects to be created", ApiError),
        (502, "", "bad gateway", UnreachableError),
        (503, "ServiceUnavailable", "apiserver is shutting down", UnreachableError),
        (504, "Timeout", "request did not complete within 34s", UnreachableError),
    ],
)
def test_the_class_of_an_answer(
    status: int, reason: str, message: str, expected: type[ApiError]
) -> None:
    body = json.dumps({"kind": "Status", "message": message, "reason": reason, "code": status})
    error = error_of(status, body.encode(), ASKED, PLACE)
    assert type(error) is expected
    assert error.status == status
    assert message in error.message
    assert str(PLACE) in error.message


@pytest.mark.parametrize(
    ("status", "expected"),
    [(302, ApiError), (403, ForbiddenError), (404, UnreachableError), (502, UnreachableError)],
)
def test_an_answer_of_something_in_between(status: int, expected: type[ApiError]) -> None:
    page = b"<html><script>x < 1</script>Some  <b>proxy</b> \xff</html>\n"
    error = error_of(status, page, ASKED, PLACE)
    assert type(error) is expected
    assert "HTML that says: Some proxy \ufffd" in error.message
    assert "script" not in error.message


def test_only_an_api_server_can_tell_that_there_is_no_such_kind() -> None:
    assert type(error_of(404, b"404 page not found\n", ASKED, PLACE)) is NotFoundError
    for body in (b"", b"Not Found", b'{"message": "no route"}'):
        error = error_of(404, body, ASKED, PLACE)
        assert isinstance(error, UnreachableError)
        assert not error.is_passing
        assert f"{PLACE} is no API server (HTTP 404" in error.message


def test_the_token_of_a_list_whose_state_is_forgotten() -> None:
    body = json.dumps({"reason": "Expired", "metadata": {"continue": "newer"}}).encode()
    error = error_of(410, body, ASKED, PLACE)
    assert isinstance(error, ExpiredError)
    assert (error.token, error.code) == ("newer", Exit.UNREACHABLE)
    assert error.hint == "kubectl get --raw /readyz --context prod"


def test_an_error_says_what_was_asked_of_whom_and_what_came_back() -> None:
    body = json.dumps({"message": "the object has been modified", "reason": "Conflict"}).encode()
    error = error_of(409, body, ASKED, PLACE)
    assert error.message == (
        "patch ConfigMap kserve/inferenceservice-config: the object has been modified "
        "(HTTP 409, context prod, https://10.0.0.1:6443)"
    )
    assert (error.code, error.hint) == (Exit.STALE, "")


@pytest.mark.parametrize(
    ("context", "command"),
    [
        ("prod", "kubectl get --raw /readyz --context prod"),
        ("my cluster", "kubectl get --raw /readyz --context 'my cluster'"),
        ("in-cluster", "kubectl get --raw /readyz"),
    ],
)
def test_the_next_command_is_for_the_same_cluster(context: str, command: str) -> None:
    assert error_of(503, b"", ASKED, Place(context, "https://a")).hint == command


def test_a_webhook_that_does_not_answer_is_to_be_looked_at() -> None:
    said = (
        'Internal error occurred: failed calling webhook "r.kserve-webhook-server.validator": '
        'failed to call webhook: Post "https://webhook.kserve-a.svc:443/validate?timeout=10s": '
        'no endpoints available for service "webhook"'
    )
    error = error_of(500, json.dumps({"message": said}).encode(), ASKED, PLACE)
    assert error.hint == "kubectl get pods,endpointslices -n kserve-a  # of Service webhook"
    other = 'failed calling webhook "x": Post "https://10.0.0.1:9443/v": connection refused'
    error = error_of(500, json.dumps({"message": other}).encode(), ASKED, PLACE)
    assert error.hint.startswith("kubectl get --raw /readyz")


def test_long_answers_are_cut() -> None:
    message = error_of(422, b"x" * 100_000, ASKED, PLACE).message
    assert 1000 < len(message) < 1300
    assert "x..." in message


def test_an_answer_without_words() -> None:
    assert "no reason given" in error_of(409, b"", ASKED, PLACE).message
