"""Every error that a person can meet, each with its exit code.

The codes are documented in docs/exit-codes.md. A message names the object, what was
expected, what was found, and the next command.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of kmigrate; a script may rely on them."""

    OK = 0
    UNCLASSIFIED = 1
    CHANGES = 2
    ROLLED_BACK = 3
    MIXED = 4
    STALE = 5
    LOCKED = 6
    BLOCKED = 7
    TIMEOUT = 8
    DENIED = 9
    UNREACHABLE = 10
    USAGE = 64
    INTERRUPTED = 130
    TERMINATED = 143


class KmigrateError(Exception):
    """The root of all errors that are shown without a traceback.

    ``hint`` is the next command to type, or empty.
    """

    code = Exit.UNCLASSIFIED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(KmigrateError):
    """A flag, an argument or an input file is not what it should be."""

    code = Exit.USAGE


class BlockedError(KmigrateError):
    """A check of the plan or of the cluster forbids the change."""

    code = Exit.BLOCKED


class StaleError(KmigrateError):
    """The cluster is no longer what the plan was made for; nothing was written."""

    code = Exit.STALE


class LockedError(KmigrateError):
    """Somebody else holds the Lease."""

    code = Exit.LOCKED


class WaitTimeoutError(KmigrateError):
    """An awaited condition did not become true in time."""

    code = Exit.TIMEOUT


class RolloutFailedError(KmigrateError):
    """An awaited workload cannot become ready: the message tells the cause."""

    code = Exit.TIMEOUT


class MixedStateError(KmigrateError):
    """Something was written, and the end was not reached."""

    code = Exit.MIXED


class InterruptError(KmigrateError):
    """A signal asked to stop; ``code`` tells SIGINT from SIGTERM."""

    def __init__(self, code: Exit, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.code = code


class ApiError(KmigrateError):
    """A request was answered with an error; ``status`` is the HTTP status (0: no answer)."""

    status = 0


class UnreachableError(ApiError):
    """No answer, or one that says that the server cannot answer now: worth another try.

    ``is_passing``: the server is there, so that the next try may succeed soon. ``retry_after``:
    seconds that it wants to pass before that.
    """

    code = Exit.UNREACHABLE
    is_passing = False
    retry_after = 0.0


class UnauthorizedError(ApiError):
    """401: the credentials are wrong or expired."""

    code = Exit.DENIED
    status = 401


class ForbiddenError(ApiError):
    """403: a permission is missing; the message says which verb on which resource."""

    code = Exit.DENIED
    status = 403


class RefusedError(ApiError):
    """A webhook, a policy or a quota said no to this write; the message has its words."""

    code = Exit.BLOCKED


class NotFoundError(ApiError):
    """404: no such object, or no such resource."""

    status = 404


class ConflictError(ApiError):
    """409: the object exists already, or is not the version that was read."""

    code = Exit.STALE
    status = 409


class ExpiredError(ApiError):
    """410: the state in which a list began is forgotten.

    ``token`` goes on from the same place in a newer state; where it is empty, the list has to
    begin again.
    """

    code = Exit.UNREACHABLE
    status = 410
    token = ""


class InvalidError(ApiError):
    """422: a test of a JSON Patch failed, or the object is not valid."""

    code = Exit.STALE
    status = 422
