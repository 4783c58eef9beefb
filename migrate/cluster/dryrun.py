"""Server dry run: the API server judges each write, and the next read sees its answer."""

from __future__ import annotations

from migrate.cluster import rules
from migrate.cluster.memory import MemoryCluster, ref_in
from migrate.cluster.port import Cluster, JsonPatch
from migrate.cluster.resources import resource_of
from migrate.objects import Manifest, ObjectRef, canonical


class ServerDryRun(MemoryCluster):
    """A cluster over a server whose writes do not persist (``connect(dry_run=True)``).

    The first write to an object goes to the server with ``dryRun=All``, so that schemas,
    defaults, webhooks, quotas and permissions have their say; the answer is kept in memory,
    where later reads find it. Any further write to that object is made in memory alone, since
    the server knows nothing of the first: it meets the rules of MemoryCluster and no webhook.
    """

    def __init__(self, server: Cluster) -> None:
        """Raise ValueError for a server whose writes do persist."""
        if server.controllers_act:
            message = f"{server.name}: a server dry run needs connect(dry_run=True)"
            raise ValueError(message)
        super().__init__(base=server, name=f"server dry run on {server.name}")
        self._server = server

    def create(self, manifest: Manifest) -> Manifest:
        """Create and return the object as the server would; see the port."""
        resource = resource_of(manifest["apiVersion"], manifest["kind"])
        ref = ref_in(resource, manifest) if resource.stored else None
        if ref is None or self._holds(ref):
            return super().create(manifest)
        # The one thing that a dry run of the server lets pass.
        rules.check_new(manifest)
        answer = self._server.create(manifest)
        with self._lock:
            return self._store(ref, answer)

    def patch(
        self, ref: ObjectRef, patch: JsonPatch | Manifest, *, subresource: str = ""
    ) -> Manifest:
        """Patch and return the object as the server would; see the port."""
        if self._holds(ref):
            return super().patch(ref, patch, subresource=subresource)
        live = self._server.get(ref)
        answer = self._server.patch(ref, patch, subresource=subresource)
        with self._lock:
            return live if _comparable(answer) == _comparable(live) else self._store(ref, answer)

    def delete(self, ref: ObjectRef, *, uid: str, resource_version: str) -> None:
        """Delete that very object where the server would; see the port."""
        if not self._holds(ref):
            self._server.delete(ref, uid=uid, resource_version=resource_version)
        super().delete(ref, uid=uid, resource_version=resource_version)


def _comparable(manifest: Manifest) -> bytes:
    # A dry run keeps the resourceVersion even of what it changes, and always signs its fields.
    meta = {key: value for key, value in manifest["metadata"].items() if key != "managedFields"}
    return canonical({**manifest, "metadata": meta})
