"""What the API server was asked: its audit log, read back."""

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.testbed.api import Api
from tests.testbed.waiting import wait_until

# One entry for each request, when it is answered; a watch has one more when it starts.
POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
"""
MUTATING = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_SETTLE_SECONDS = 10


@dataclass(frozen=True)
class Request:
    """One request; ``resource`` has its subresource behind a slash, as in RBAC rules."""

    verb: str
    resource: str
    namespace: str
    name: str
    user: str
    user_agent: str
    uri: str
    code: int

    @property
    def is_dry_run(self) -> bool:
        """Whether it asked the server to persist nothing."""
        return "All" in parse_qs(urlsplit(self.uri).query).get("dryRun", [])

    @property
    def is_mutating(self) -> bool:
        """Whether its verb writes; also true for dry runs and for access reviews."""
        return self.verb in MUTATING


class AuditLog:
    """The log at ``path``; marks are positions in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mark(self) -> int:
        """Return where the log ends now, to read on from there later."""
        return self.path.stat().st_size if self.path.exists() else 0

    def since(
        self,
        mark: int,
        *,
        verb: str | None = None,
        resource: str | None = None,
        user_agent: str = "",
    ) -> list[Request]:
        """Return the requests answered (watches: started) since ``mark`` that match.

        ``user_agent`` need only be contained. A request that is answered is logged at that very
        moment, but another thread's entry may be a little late: see settle().
        """
        with self.path.open("rb") as log:
            # A mark taken while an entry was being written starts with the next one.
            log.seek(max(mark - 1, 0))
            if mark:
                log.readline()
            lines = [line for line in log if line.endswith(b"\n")]
        events = {event["auditID"]: event for event in map(json.loads, lines)}
        return [
            request
            for request in map(_request, events.values())
            if verb in (None, request.verb)
            and resource in (None, request.resource)
            and user_agent in request.user_agent
        ]

    def settle(self, api: Api) -> None:
        """Wait until the log has all that was answered before this call."""
        mark, name = self.mark(), f"audit-{uuid.uuid4().hex}"
        api.get("v1", "Namespace", name)

        def is_logged() -> bool:
            return any(request.name == name for request in self.since(mark))

        wait_until(is_logged, _SETTLE_SECONDS, "the audit log to show a request just made")


def _request(event: dict[str, Any]) -> Request:
    about = event.get("objectRef", {})
    resource = "/".join(filter(None, [about.get("resource"), about.get("subresource")]))
    return Request(
        verb=event["verb"],
        resource=resource,
        namespace=about.get("namespace", ""),
        name=about.get("name", ""),
        user=event["user"].get("username", ""),
        user_agent=event.get("userAgent", ""),
        uri=event["requestURI"],
        code=event.get("responseStatus", {}).get("code", 0),
    )
