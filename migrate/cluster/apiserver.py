"""A cluster behind its API server: the port's calls as requests, its answers as manifests.

Paths and bodies are built here rather than by the client library, whose API classes cost
400 ms of imports and whose decoder is many times slower than typed decoding page by page.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TypeVar
from urllib.parse import urlencode

from migrate.cluster.answers import Request
from migrate.cluster.bodies import read_object, read_page
from migrate.cluster.pages import Page, every_item
from migrate.cluster.patience import patiently
from migrate.cluster.port import JsonPatch
from migrate.cluster.resources import resource_of
from migrate.cluster.transport import Call, Transport
from migrate.objects import Manifest, ObjectRef

T = TypeVar("T")

_MERGE_PATCH = "application/merge-patch+json"
_JSON_PATCH = "application/json-patch+json"
_QUERY = "?fieldManager=kmigrate"
_DRY_QUERY = f"{_QUERY}&dryRun=All"


class KubeCluster:
    """A cluster behind its API server. Safe for several threads.

    With ``dry_run`` every write carries ``dryRun=All``, so that nothing persists.
    ``page_size``: how many objects a list asks for at once.
    """

    def __init__(
        self, transport: Transport, *, dry_run: bool = False, page_size: int = 500
    ) -> None:
        self._transport = transport
        self._dry_run = dry_run
        self._page_size = page_size

    @property
    def controllers_act(self) -> bool:
        """Whether controllers act on what is written here: not in a dry run."""
        return not self._dry_run

    @property
    def name(self) -> str:
        """The context and the server, for people."""
        return str(self._transport.place)

    @property
    def context(self) -> str:
        """The name of the context, or ``in-cluster``."""
        return self._transport.place.context

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return self._transport.place.server

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def apart(self) -> KubeCluster | None:
        """Return the same cluster over connections of its own; see the port."""
        apart = self._transport.apart()
        if apart is None:
            return None
        return KubeCluster(apart, dry_run=self._dry_run, page_size=self._page_size)

    def get(self, ref: ObjectRef) -> Manifest:
        """Return the object as it is; see the port."""
        about = _about(ref, "get")
        return self._manifest(Call(about, "GET", about.resource.item(ref)))

    def list(
        self, api_version: str, kind: str, into: type[T], *, namespace: str = "", selector: str = ""
    ) -> Iterator[T]:
        """Yield the objects of a kind, page by page; see the port.

        Every object that was there all the time comes exactly once. A page that does not come
        is asked for again (see ``patiently``), and a list whose beginning the server has
        forgotten goes on in a newer state (see ``every_item``).
        """
        resource = resource_of(api_version, kind)
        query = {"limit": str(self._page_size)} | ({"labelSelector": selector} if selector else {})
        path = f"{resource.collection(namespace)}?{urlencode(query)}"
        call = Call(Request("list", resource, namespace), "GET", path)
        return every_item(partial(self._page, call, into), str(call.about))

    def create(self, manifest: Manifest) -> Manifest:
        """Create and return the object; see the port."""
        return self._create(manifest, self._query())

    def patch(
        self, ref: ObjectRef, patch: JsonPatch | Manifest, *, subresource: str = ""
    ) -> Manifest:
        """Patch and return the object; see the port."""
        about = _about(ref, "patch", subresource)
        path = about.resource.item(ref, subresource) + self._query()
        return self._manifest(Call(about, "PATCH", path, patch, _type_of(patch)))

    def would_patch(self, ref: ObjectRef, patch: JsonPatch | Manifest) -> Manifest | None:
        """Return what the server would store for a patch; see the port."""
        about = _about(ref, "patch")
        path = about.resource.item(ref) + _DRY_QUERY
        return self._manifest(Call(about, "PATCH", path, patch, _type_of(patch)))

    def would_create(self, manifest: Manifest) -> Manifest | None:
        """Return what the server would store for a new object; see the port."""
        return self._create(manifest, _DRY_QUERY)

    def logs(self, pod: ObjectRef, container: str, *, lines: int) -> str:
        """Return the last lines that a container wrote; see the port."""
        about = _about(pod, "get", "log")
        query = urlencode({"container": container, "tailLines": str(lines)})
        call = Call(about, "GET", f"{about.resource.item(pod, 'log')}?{query}")
        return self._transport.send(call).decode(errors="replace")

    def delete(self, ref: ObjectRef, *, uid: str, resource_version: str) -> None:
        """Delete that very object; see the port."""
        about = _about(ref, "delete")
        preconditions = {"uid": uid, "resourceVersion": resource_version}
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}
        # A DELETE with a body ignores its query: there dryRun=All is for the logs alone, and
        # without the one in the body the object would be gone.
        dry = {"dryRun": ["All"]} if self._dry_run else {}
        path = about.resource.item(ref) + ("?dryRun=All" if self._dry_run else "")
        self._transport.send(Call(about, "DELETE", path, options | dry))

    def _manifest(self, call: Call) -> Manifest:
        body = self._transport.send(call)
        return read_object(body, call.about, self._transport.place)

    def _query(self) -> str:
        return _DRY_QUERY if self._dry_run else _QUERY

    def _create(self, manifest: Manifest, query: str) -> Manifest:
        resource = resource_of(manifest["apiVersion"], manifest["kind"])
        meta = manifest.get("metadata", {})
        about = Request("create", resource, meta.get("namespace", ""), meta.get("name", ""))
        resource.check_namespace(about.namespace)
        path = resource.collection(about.namespace) + query
        return self._manifest(Call(about, "POST", path, manifest))

    def _page(self, call: Call, into: type[T], token: str) -> Page[T]:
        path = f"{call.path}&{urlencode({'continue': token})}" if token else call.path
        return patiently(partial(self._read_page, call._replace(path=path), into))

    def _read_page(self, call: Call, into: type[T]) -> Page[T]:
        body = self._transport.send(call)
        return read_page(body, into, call.about, self._transport.place)


def _type_of(patch: JsonPatch | Manifest) -> str:
    return _JSON_PATCH if isinstance(patch, list) else _MERGE_PATCH


def _about(ref: ObjectRef, verb: str, subresource: str = "") -> Request:
    resource = resource_of(ref.api_version, ref.kind)
    return Request(verb, resource, ref.namespace, ref.name, subresource)
