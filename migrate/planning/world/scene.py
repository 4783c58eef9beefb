"""What a check looks at: a cluster under the rules of a release, resolved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from msgspec.structs import replace

from migrate.kserve import terms
from migrate.kserve.building import base_or_none
from migrate.kserve.config import Config
from migrate.kserve.containers import Container
from migrate.kserve.releases import Release
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.resolver import resolve_anyway
from migrate.kserve.rules import Rules
from migrate.kserve.runtimes import Runtime
from migrate.kserve.services import InferenceService
from migrate.objects import ObjectRef
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot


@dataclass(frozen=True)
class Scene:
    """A snapshot under a configuration; ``release`` is the one that is asked about.

    ``namespace`` narrows what is reported, not what is resolved; empty means all.
    """

    snapshot: Snapshot
    world: World
    release: Release
    namespace: str = ""

    @property
    def config(self) -> Config:
        """What KServe decides by."""
        return self.world.config

    @property
    def rules(self) -> Rules:
        """The rules of the release."""
        return self.config.rules

    @cached_property
    def resolved(self) -> list[tuple[InferenceService, Resolution]]:
        """The services that are reported on, each with what it gets.

        Of a service that is not updated while Ready, what it gets once it is not Ready. A service
        has its name and namespace; for all else that nobody decides by there may be marks.
        """
        return [
            (self._named(ref), self._pending(ref, self.world.shared(ref)))
            for ref in self.world.services
            if self.namespace in ("", ref.namespace)
        ]

    def _named(self, ref: ObjectRef) -> InferenceService:
        if self.world.resolved.is_alone(ref):
            return self.world.services[ref]
        service = self.world.shape(ref)
        meta = replace(service.metadata, name=ref.name, namespace=ref.namespace)
        return replace(service, metadata=meta)

    @cached_property
    def runtimes(self) -> list[Runtime]:
        """The runtimes that are reported on; those of the cluster always."""
        every = self.config.runtimes.everywhere
        return [r for r in every if self.namespace in ("", r.metadata.namespace) or r.is_cluster]

    @cached_property
    def used(self) -> frozenset[ObjectRef]:
        """The runtimes that services use."""
        world = self.world
        found = (self._anyway(ref, world.shared(ref)).runtime for ref in world.services)
        return frozenset(runtime.ref for runtime in found if runtime is not None)

    def _pending(self, ref: ObjectRef, found: Resolution) -> Resolution:
        meta = self.world.shape(ref).metadata
        skips = meta.annotation(terms.DISABLE_AUTO_UPDATE) == "true"
        return self._anyway(ref, found) if skips and not meta.deletion_timestamp else found

    def _anyway(self, ref: ObjectRef, found: Resolution) -> Resolution:
        if found.verdict is not Verdict.NOT_RECONCILED:
            return found
        return resolve_anyway(self.world.services[ref], self.config)

    def with_verdict(self, verdict: Verdict) -> Iterator[tuple[InferenceService, Resolution]]:
        """Yield the services of which this can be said."""
        return ((service, found) for service, found in self.resolved if found.verdict is verdict)

    def base(self, runtime: Runtime) -> Container | None:
        """Return the container of a runtime that serves the model; None where none does."""
        return base_or_none(runtime, self.rules)
