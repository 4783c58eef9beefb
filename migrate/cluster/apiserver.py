"""A cluster behind its API server: the port's calls as requests, its answers as manifests.

Paths and bodies are built here rather than by the client library, whose API classes cost
400 ms of imports and whose decoder is many times slower than typed decoding page by page.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import cache
from typing import Any, Generic, TypeVar, cast
from urllib.parse import urlencode

import msgspec

from migrate.cluster.answers import ListMeta, Request, status_of
from migrate.cluster.decoding import record_of
from migrate.cluster.port import JsonPatch
from migrate.cluster.resources import Resource, resource_of
from migrate.cluster.transport import Call, Transport
from migrate.objects import Manifest, ObjectRef

T = TypeVar("T")

_MERGE_PATCH = "application/merge-patch+json"
_JSON_PATCH = "application/json-patch+json"
_GONE = 410


class _Page(msgspec.Struct, Generic[T]):
    items: list[T]
    metadata: ListMeta = ListMeta()


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

    def get(self, ref: ObjectRef) -> Manifest:
        """Return the object as it is; see the port."""
        about = _about(ref, "get")
        return self._manifest(Call(about, "GET", about.resource.item(ref)))

    def list(
        self, api_version: str, kind: str, into: type[T], *, namespace: str = "", selector: str = ""
    ) -> Iterator[T]:
        """Yield the objects of a kind, page by page; see the port.

        Every object that was there all the time comes exactly once. Where the server has
        forgotten the state in which the list began (410, after some minutes), it goes on
        with the token that the server offers for that: from the same place, in a newer state.
        """
        resource = resource_of(api_version, kind)
        query = {"limit": str(self._page_size)} | ({"labelSelector": selector} if selector else {})
        token = ""
        while True:
            page = _decoded(self._page(resource, namespace, query, token), kind, into)
            yield from _complete(page.items, resource) if into is dict else page.items
            token = page.metadata.token
            if not token:
                return

    def create(self, manifest: Manifest) -> Manifest:
        """Create and return the object; see the port."""
        resource = resource_of(manifest["apiVersion"], manifest["kind"])
        meta = manifest.get("metadata", {})
        about = Request("create", resource, meta.get("namespace", ""), meta.get("name", ""))
        resource.check_namespace(about.namespace)
        path = resource.collection(about.namespace) + self._query()
        return self._manifest(Call(about, "POST", path, manifest))

    def patch(
        self, ref: ObjectRef, patch: JsonPatch | Manifest, *, subresource: str = ""
    ) -> Manifest:
        """Patch and return the object; see the port."""
        body_type = _JSON_PATCH if isinstance(patch, list) else _MERGE_PATCH
        about = _about(ref, "patch", subresource)
        path = about.resource.item(ref, subresource) + self._query()
        return self._manifest(Call(about, "PATCH", path, patch, body_type))

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
        manifest: Manifest = msgspec.json.decode(self._transport.send(call))
        return manifest

    def _query(self) -> str:
        dry = {"dryRun": "All"} if self._dry_run else {}
        return "?" + urlencode({"fieldManager": "kmigrate"} | dry)

    def _page(self, resource: Resource, namespace: str, query: dict[str, str], token: str) -> bytes:
        asked = query | ({"continue": token} if token else {})
        path = f"{resource.collection(namespace)}?{urlencode(asked)}"
        call = Call(Request("list", resource, namespace), "GET", path)
        answer = self._transport.ask(call)
        newer = status_of(answer.body).metadata.token if answer.status == _GONE else ""
        if newer and newer != token:
            return self._page(resource, namespace, query, newer)
        return self._transport.content(answer, call)


def _about(ref: ObjectRef, verb: str, subresource: str = "") -> Request:
    resource = resource_of(ref.api_version, ref.kind)
    return Request(verb, resource, ref.namespace, ref.name, subresource)


@cache
def _decoder(into: Hashable) -> msgspec.json.Decoder[_Page[Any]]:
    return msgspec.json.Decoder(_Page[into])  # type: ignore[valid-type]


def _decoded(raw: bytes, kind: str, into: type[T]) -> _Page[T]:
    try:
        return _decoder(cast("Hashable", into)).decode(raw)
    except msgspec.ValidationError:
        # One object does not fit: it is worth a second look to name it.
        for item in _decoder(cast("Hashable", dict)).decode(raw).items:
            record_of(item, kind, into)
        raise


def _complete(items: list[Any], resource: Resource) -> Iterator[Any]:
    # In a list of a core kind the items do not say what they are.
    for item in items:
        yield {"apiVersion": resource.api_version, "kind": resource.kind, **item}
