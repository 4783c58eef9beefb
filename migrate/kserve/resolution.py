"""What can be said about the image of a service, and why."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from migrate.kserve.building import Pod
from migrate.kserve.predictors import Entry
from migrate.kserve.runtimes import Runtime
from migrate.kserve.services import InferenceService

SERVER = "server: "
"""How the rule that names a server begins."""


class Verdict(StrEnum):
    """What can be said about the image of a service."""

    RESOLVED = "resolved"
    """It comes from ``predictors`` and the pin, or from a runtime."""
    EXPLICIT = "explicit"
    """It is the service's own image, and stays."""
    CUSTOM = "custom"
    """It is that of a container of its own, and stays."""
    CANNOT_TELL = "cannot-tell"
    """Only Go can tell, or nobody."""
    NOT_RECONCILED = "not-reconciled"
    """The controller leaves the predictor alone."""
    BROKEN = "broken"
    """The controller fails, or writes an image that nobody can pull."""


class Resolution(msgspec.Struct, frozen=True):
    """The image of a service's container after its next reconcile.

    ``image`` is None where nothing is written, or nothing can be told, and "" where the
    container is written without an image. ``entry`` is the entry of ``predictors`` that
    decides, ``runtime`` the runtime, where one does. ``pod`` is what the pods are made of,
    and ``workers`` those of a model on many nodes, where a runtime decides. ``rules`` name
    the rules that decided. ``reported`` is the runtime that the status names (0.16 on).
    ``held`` is the service as KServe holds it in memory then: what is merged over it is merged
    over the runtime's name, its protocol and the defaults of its server, too.
    """

    image: str | None
    verdict: Verdict
    reason: str
    entry: Entry | None = None
    runtime: Runtime | None = None
    pod: Pod | None = None
    workers: Pod | None = None
    rules: tuple[str, ...] = ()
    reported: Runtime | None = None
    held: InferenceService | None = None

    @property
    def made(self) -> tuple[str | None, Pod | None, Pod | None]:
        """What KServe writes: the image, the pods, and those of the workers."""
        return (self.image, self.pod, self.workers)

    @property
    def server(self) -> str:
        """The server whose defaults were set; empty where none were."""
        named = (rule for rule in self.rules if rule.startswith(SERVER))
        return next(named, "").removeprefix(SERVER)
