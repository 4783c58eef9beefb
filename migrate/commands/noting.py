"""Manifests that are handed on while a cluster is read for something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, cast

from migrate.cluster.decoding import record_of
from migrate.cluster.memory import MemoryCluster
from migrate.cluster.port import Cluster
from migrate.commands.installed import served
from migrate.kserve import terms
from migrate.objects import Manifest

T = TypeVar("T")

RUNTIMES = (
    (terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME),
    (terms.RUNTIME_VERSION, terms.SERVING_RUNTIME),
)
KINDS = ((terms.SERVING_VERSION, terms.INFERENCE_SERVICE), *RUNTIMES)


class Noting(MemoryCluster):
    """A cluster to read from; each object of the ``kinds`` that is listed goes to ``note`` once.

    So no list is read twice, and what is noted is what was planned with. Nothing is kept.
    """

    def __init__(
        self,
        base: Cluster,
        note: Callable[[Manifest], None],
        kinds: Sequence[tuple[str, str]] = KINDS,
    ) -> None:
        super().__init__(base=base, name=base.name)
        self._note, self._kinds = note, kinds
        self._noted: set[str] = set()

    def list(
        self, api_version: str, kind: str, into: type[T], *, namespace: str = "", selector: str = ""
    ) -> Iterator[T]:
        """Yield the objects of a kind; see the port."""
        is_whole = not (namespace or selector)
        if is_whole and (api_version, kind) in self._kinds and kind not in self._noted:
            return self._listed(api_version, kind, into)
        return super().list(api_version, kind, into, namespace=namespace, selector=selector)

    def _listed(self, api_version: str, kind: str, into: type[T]) -> Iterator[T]:
        self._noted.add(kind)
        for manifest in super().list(api_version, kind, dict):
            self._note(manifest)
            yield cast("T", manifest) if into is dict else record_of(manifest, kind, into)

    def note_rest(self) -> None:
        """List what was not: a release that knows no runtimes does not read any."""
        for version, kind in self._kinds:
            if kind not in self._noted:
                for _ in served(self.list(version, kind, dict)):
                    pass
