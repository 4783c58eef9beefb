"""What an error answer of the API server means, and how to say it to a person.

Pure, and without the Kubernetes client: a request and the answer go in, an error comes out.
"""

from __future__ import annotations

import re
from shlex import quote

import msgspec

from migrate.cluster.resources import Resource
from migrate.errors import (
    ApiError,
    ConflictError,
    ExpiredError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RefusedError,
    UnauthorizedError,
    UnreachableError,
)

IN_CLUSTER = "in-cluster"
"""The name for the context of a pod, which has no kubeconfig."""

_SHOWN = 1000
"""So many characters of the server's words are shown at most."""

_FORBIDDEN, _NOT_FOUND = 403, 404
_SERVER_ERRORS = 500
_PASSING = {408, 429, 502, 503, 504}
_PASSING_REASONS = {"ServerTimeout", "Timeout", "ServiceUnavailable", "TooManyRequests"}
_PASSING_WORDS = re.compile(
    r"failed calling webhook|failed to call webhook|conversion webhook for .* failed"
    r"|etcdserver: |context deadline exceeded|connection refused|no endpoints available",
    re.DOTALL,
)
_CALLED = re.compile(
    r"call(?:ing|) webhook .*?https://([-a-z0-9.]+)\.([-a-z0-9]+)\.svc\b", re.DOTALL
)
_DENIED = re.compile(r"denied (the )?request")
_NO_PERMISSION = re.compile(r"\bcannot \S+ (resource|path)\b")
_NO_WORDS = "the server rejected our request due to an error in our request"
_NO_SUCH_PATH = "404 page not found"
"""What an API server says of kinds that it does not serve."""
_TAG = re.compile(r"<(script|style).*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_WHOLE_OBJECT = re.compile(r'Invalid value: "\{.*\}": ', re.DOTALL)

_BY_STATUS: dict[int, type[ApiError]] = {
    401: UnauthorizedError,
    404: NotFoundError,
    409: ConflictError,
    410: ExpiredError,
    422: InvalidError,
}


class Place(msgspec.Struct, frozen=True):
    """Which cluster was asked: a context of the kubeconfig, and the URL of its server."""

    context: str
    server: str

    def __str__(self) -> str:
        return f"context {self.context}, {self.server}"

    @property
    def option(self) -> str:
        """The option with which kubectl asks the same cluster; empty in a pod of it."""
        return "" if self.context == IN_CLUSTER else f" --context {quote(self.context)}"


class Request(msgspec.Struct, frozen=True):
    """What was asked of the API server, in the words of its permissions."""

    verb: str
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    def __str__(self) -> str:
        path = "/".join(part for part in (self.namespace, self.name) if part)
        what = self.resource.kind if self.name else self.resource.full_name
        status = f" ({self.subresource})" if self.subresource else ""
        return " ".join(part for part in (self.verb, what, path) if part) + status

    @property
    def permission(self) -> str:
        """The permission that it needs, for people."""
        return f"{self.verb} on {self._resource} {self._scope}"

    def can_i(self, place: Place) -> str:
        """Return the command that asks the API server whether the permission is there."""
        status = f" --subresource={self.subresource}" if self.subresource else ""
        everywhere = " -A" if self.resource.namespaced else ""
        where = f" -n {self.namespace}" if self.namespace else everywhere
        question = f"kubectl auth can-i {self.verb} {self.resource.full_name}"
        return f"{question}{status}{where}{place.option}"

    @property
    def _resource(self) -> str:
        plural, dot, group = self.resource.full_name.partition(".")
        return f"{plural}{'/' if self.subresource else ''}{self.subresource}{dot}{group}"

    @property
    def _scope(self) -> str:
        if self.namespace and self.resource.namespaced:
            return f"in namespace {self.namespace}"
        return "in all namespaces" if self.resource.namespaced else "of the cluster"


class ListMeta(msgspec.Struct, frozen=True, gc=False):
    """The token with which a list goes on; empty at its end."""

    token: str = msgspec.field(default="", name="continue")


class Status(msgspec.Struct):
    """The API server's own form of an error (``kind: Status``)."""

    message: str = ""
    reason: str = ""
    metadata: ListMeta = ListMeta()


def status_of(body: bytes) -> Status:
    """Return the Status in an answer; one without a reason where a proxy answered instead."""
    try:
        return msgspec.json.decode(body, type=Status)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Status(message=plain_text(body))


def plain_text(body: bytes) -> str:
    """Return the words of an answer that is not JSON: of a page of HTML, those that are shown."""
    text = body.decode(errors="replace").strip()
    if not text.startswith("<"):
        return text
    return "HTML that says: " + (" ".join(_TAG.sub(" ", text).split()) or "nothing")


def error_of(
    status: int, body: bytes, request: Request, place: Place, retry_after: float = 0.0
) -> ApiError:
    """Return the error for an answer with this HTTP status (300 and above).

    ``retry_after``: seconds that the answer wants to pass before the next try.
    """
    said = status_of(body)
    kind = _kind(status, said)
    hint = _serving(said) or _hint(kind, request, place)
    error = kind(_text(kind, status, said, request, place), hint)
    error.status = status
    if isinstance(error, UnreachableError):
        error.is_passing, error.retry_after = status != _NOT_FOUND, retry_after
    if isinstance(error, ExpiredError):
        error.token = said.metadata.token
    return error


def unreadable(what: str, request: Request, place: Place, *, is_passing: bool) -> UnreachableError:
    """Return the error for an answer of which nothing can be read; ``what`` tells why."""
    error = UnreachableError(f"{place}: {request}: {what}", _hint(UnreachableError, request, place))
    error.is_passing = is_passing
    return error


def unreachable(cause: str, request: Request, place: Place) -> UnreachableError:
    """Return the error for a request that was not answered at all."""
    message = f"{place} does not answer: {cause} ({request})"
    return UnreachableError(message, _hint(UnreachableError, request, place))


def _kind(status: int, said: Status) -> type[ApiError]:
    of_server = status >= _SERVER_ERRORS
    if status in _PASSING or (of_server and _is_passing(said)) or _is_nowhere(status, said):
        return UnreachableError
    if _DENIED.search(said.message):
        return RefusedError
    return _forbidden(said) if status == _FORBIDDEN else _BY_STATUS.get(status, ApiError)


def _is_passing(said: Status) -> bool:
    return said.reason in _PASSING_REASONS or bool(_PASSING_WORDS.search(said.message))


def _is_nowhere(status: int, said: Status) -> bool:
    # A server of something else, or a wrong path to this one: it cannot tell what there is.
    return status == _NOT_FOUND and not (said.reason or said.message == _NO_SUCH_PATH)


def _forbidden(said: Status) -> type[ApiError]:
    # Quotas, Pod Security and dying namespaces answer 403 too: no role would help there.
    permission = _NO_PERMISSION.search(said.message) or not said.reason
    return ForbiddenError if permission else RefusedError


def _text(kind: type[ApiError], status: int, said: Status, request: Request, place: Place) -> str:
    words = _words(said)
    if kind is ForbiddenError:
        return f"{place}: no permission to {request.permission}: {words}"
    if kind is UnauthorizedError:
        return f"{place}: the credentials of this context are wrong or expired: {words}"
    if kind is UnreachableError and status == _NOT_FOUND:
        return f"{place} is no API server (HTTP 404, {request}): {words}"
    if kind is UnreachableError:
        return f"{place} cannot answer now (HTTP {status}, {request}): {words}"
    return f"{request}: {words} (HTTP {status}, {place})"


def _words(said: Status) -> str:
    if said.message == _NO_WORDS:
        return "a field is no longer what it was when it was read: the JSON Patch does not apply"
    # A rejected patch is answered with the whole object, and that may hold credentials.
    words = _WHOLE_OBJECT.sub("", said.message) or "no reason given"
    return words if len(words) <= _SHOWN else words[:_SHOWN] + "..."


def _serving(said: Status) -> str:
    """Return the command that shows who should have answered for a webhook; empty without one."""
    found = _CALLED.search(said.message)
    return (
        f"kubectl get pods,endpointslices -n {found[2]}  # of Service {found[1]}" if found else ""
    )


def _hint(kind: type[ApiError], request: Request, place: Place) -> str:
    if kind is ForbiddenError:
        return request.can_i(place)
    if kind is UnauthorizedError:
        return f"log in again, then: kubectl auth whoami{place.option}"
    if kind in (UnreachableError, ExpiredError):
        return f"kubectl get --raw /readyz{place.option}"
    return ""
