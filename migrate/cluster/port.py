"""The port to a cluster. Its adapters: ``kube`` (the Kubernetes API), ``memory``.

Dry run is another adapter, never a flag: nobody who holds a Cluster knows which it is.
What callers may ask is ``controllers_act``, and for a cluster ``apart`` to read from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeVar

from migrate.objects import Json, Manifest, ObjectRef

T = TypeVar("T")

JsonPatch = list[dict[str, Json]]
"""RFC 6902: a list of operations; a failing ``test`` makes the whole patch fail (422)."""


class Cluster(Protocol):
    """Reads and writes objects. Every method raises the ``ApiError`` classes.

    No answer at all, 429, 502, 503, 504, and a webhook that cannot be reached raise
    UnreachableError; 401, 403, 404, 409 and 422 raise the class of that status.
    """

    @property
    def controllers_act(self) -> bool:
        """Whether controllers act on what is written here, so that waiting makes sense."""
        ...

    @property
    def name(self) -> str:
        """What a person calls this cluster: context and server, or the snapshot's path."""
        ...

    def apart(self) -> Cluster | None:
        """Return the same cluster for a process that is forked from this one.

        It has connections of its own and never logs in anew. None where there are none to
        have: in memory a second process would save nothing.
        """
        ...

    def get(self, ref: ObjectRef) -> Manifest:
        """Return the object as it is. Raise NotFoundError where there is none."""
        ...

    def list(
        self, api_version: str, kind: str, into: type[T], *, namespace: str = "", selector: str = ""
    ) -> Iterator[T]:
        """Yield the objects of a kind, decoded page by page into ``into``.

        ``into`` is ``dict`` for whole manifests or a msgspec Struct with ``metadata``.
        An empty ``namespace`` means all of them. ``selector`` is a label selector of
        equalities and of labels that must be there (``a=b,c``). Raise NotFoundError where the
        kind is not served.
        """
        ...

    def create(self, manifest: Manifest) -> Manifest:
        """Create and return the object. Raise ConflictError where it exists already."""
        ...

    def patch(
        self, ref: ObjectRef, patch: JsonPatch | Manifest, *, subresource: str = ""
    ) -> Manifest:
        """Patch and return the object: a list is a JSON Patch, a dict a JSON merge patch.

        Raise InvalidError where a ``test`` fails, NotFoundError where there is no object.
        """
        ...

    def logs(self, pod: ObjectRef, container: str, *, lines: int) -> str:
        """Return the last lines that a container of the pod wrote, of its last run.

        Raise NotFoundError where nobody keeps them.
        """
        ...

    def would_patch(self, ref: ObjectRef, patch: JsonPatch | Manifest) -> Manifest | None:
        """Return what the server would store for a patch, and store nothing.

        Defaults, webhooks and permissions have their say. None where there is no server. Raise
        as ``patch``.
        """
        ...

    def would_create(self, manifest: Manifest) -> Manifest | None:
        """Return what the server would store for a new object, and store nothing.

        As ``would_patch``. Raise as ``create``.
        """
        ...

    def delete(self, ref: ObjectRef, *, uid: str, resource_version: str) -> None:
        """Delete that very object. Raise ConflictError where it is another or a newer one."""
        ...
