"""An API server on loopback with a small cluster in it, whose answers can be spoiled one by one.

What is spoiled are the answers of a real list, so that a plan that went well in spite of them
must be the plan that is made without.
"""

from __future__ import annotations

import gzip
import json
import re
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

import yaml

from migrate.cluster.resources import RESOURCES, Resource
from tests.cluster.scripted import serving

PAGE = 2
"""So many objects are in a page, whatever is asked for: then every list of services has several."""

Json: TypeAlias = dict[str, Any]
Spoil: TypeAlias = "Callable[[Handler, bytes], None]"
"""Sends something in place of the body that a sound server would send."""

_PATH = re.compile(
    r"/apis?/(?P<version>v1|[^/]+/[^/]+)(/namespaces/(?P<space>[^/]+))?"
    r"/(?P<plural>[^/]+)(/(?P<name>[^/]+))?"
)
_BY_PATH = {(each.api_version, each.plural): each for each in RESOURCES}
_NO_KIND = b"404 page not found\n"


class Faulty(ThreadingHTTPServer):
    """Serves ``objects``. ``spoiled`` are the faults to come, by plural and token of the page.

    ``clients`` are the ports from which each plural was asked for; ``user`` logs in.
    """

    daemon_threads = True

    def __init__(self, objects: list[Json], missing: tuple[str, ...] = ()) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects = sorted(objects, key=_key)
        self.missing = missing
        self.spoiled: dict[tuple[str, str], list[Spoil]] = {}
        self.asked: list[str] = []
        self.clients: dict[str, set[int]] = {}
        self.user: Json = {}

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that went away: some are made to."""

    def spoil(self, plural: str, token: str, *faults: Spoil) -> None:
        """Spoil the next answers to requests for this page."""
        self.spoiled[plural, token] = list(faults)

    def kubeconfig(self, folder: Path) -> str:
        """Write a kubeconfig that leads here."""
        url = f"http://127.0.0.1:{self.server_address[1]}"
        content = {
            "clusters": [{"name": "c", "cluster": {"server": url}}],
            "users": [{"name": "u", "user": self.user}],
            "contexts": [{"name": "faulty", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "faulty",
        }
        path = folder / "faulty.kubeconfig"
        path.write_text(yaml.safe_dump(content))
        return str(path)

    def pages(self, plural: str) -> list[str]:
        """The tokens of the pages that were asked for, in order."""
        lists = (urlsplit(line.partition(" ")[2]) for line in self.asked)
        return [
            parse_qs(url.query).get("continue", [""])[0]
            for url in lists
            if url.path.endswith(f"/{plural}")
        ]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Faulty

    def do_GET(self) -> None:
        self.server.asked.append(f"GET {self.path}")
        url = urlsplit(self.path)
        token = parse_qs(url.query).get("continue", [""])[0]
        status, body = self._sound(url.path, url.query, token)
        plural = url.path.rpartition("/")[2]
        self.server.clients.setdefault(plural, set()).add(self.client_address[1])
        faults = self.server.spoiled.get((plural, token))
        if faults:
            faults.pop(0)(self, body)
        else:
            self.send(status, body)

    def _write(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        self.send(405, b"nothing can be written here")

    do_POST = do_PATCH = do_DELETE = do_PUT = _write  # noqa: N815

    def _sound(self, path: str, query: str, token: str) -> tuple[int, bytes]:
        found = _PATH.fullmatch(path)
        resource = found and _BY_PATH.get((found["version"], found["plural"]))
        if not found or resource is None or resource.plural in self.server.missing:
            return 404, _NO_KIND
        those = self._those(resource, found["space"] or "", parse_qs(query))
        if not found["name"]:
            return 200, _page(those, int(token or 0))
        named = [each for each in those if each["metadata"]["name"] == found["name"]]
        missing = 404, said(404, "NotFound", f"{found['name']} not found")
        return (200, json.dumps(named[0]).encode()) if named else missing

    def _those(self, resource: Resource, space: str, query: dict[str, list[str]]) -> list[Json]:
        kind = resource.api_version, resource.kind
        # The one selector that a plan sends is for labels that none of these objects has.
        objects = [] if "labelSelector" in query else self.server.objects
        found = [each for each in objects if (each["apiVersion"], each["kind"]) == kind]
        return [each for each in found if space in ("", each["metadata"].get("namespace"))]

    def send(self, status: int, body: bytes, **headers: str) -> None:
        """Send a whole answer; in the names of ``headers`` a low line is a hyphen."""
        self.begin(status, len(body), **headers)
        self.wfile.write(body)

    def begin(self, status: int, length: int, **headers: str) -> None:
        """Send the head of an answer, with a body of so many bytes to come."""
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: the test knows what it asked."""


def _key(manifest: Json) -> str:
    # As in etcd.
    meta = manifest["metadata"]
    return f"{meta.get('namespace', '')}/{meta['name']}"


def _page(items: list[Json], start: int) -> bytes:
    end = start + PAGE
    meta = {"resourceVersion": "9", "continue": str(end) if end < len(items) else ""}
    return json.dumps({"kind": "List", "metadata": meta, "items": items[start:end]}).encode()


def said(status: int, reason: str, message: str, token: str = "") -> bytes:
    """Return a Status as an API server sends it."""
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {"continue": token} if token else {}}
    return json.dumps({**body, "message": message, "reason": reason, "code": status}).encode()


def status(code: int, reason: str, message: str, token: str = "", **headers: str) -> Spoil:
    """Answer with a Status."""
    return lambda handler, _: handler.send(code, said(code, reason, message, token), **headers)


def whole(body: bytes, code: int = 200, **headers: str) -> Spoil:
    """Answer with another body."""
    return lambda handler, _: handler.send(code, body, **headers)


def changed(change: Callable[[Json], None]) -> Spoil:
    """Answer with a list that was changed."""

    def send(handler: Handler, body: bytes) -> None:
        document = json.loads(body)
        change(document)
        handler.send(200, json.dumps(document).encode())

    return send


def half(handler: Handler, body: bytes) -> None:
    """Hang up in the middle of the body."""
    handler.begin(200, len(body))
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True


def half_unnoticed(handler: Handler, body: bytes) -> None:
    """Send half of the body as if it were all of it, as a proxy may that was cut itself."""
    handler.send(200, body[: len(body) // 2])


def half_packed(handler: Handler, body: bytes) -> None:
    """Send half of the packed body as if it were all of it."""
    packed = gzip.compress(body)
    handler.send(200, packed[: len(packed) // 2], Content_Encoding="gzip")


def reset(handler: Handler, _: bytes) -> None:
    """Reset the connection instead of an answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True


def faulty(objects: list[Json], *, missing: tuple[str, ...] = ()) -> AbstractContextManager[Faulty]:
    """Run a server with these objects; the kinds of ``missing`` (plurals) are not installed."""
    return serving(Faulty(objects, missing))


def kmigrate(server: Faulty, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run kmigrate on the server, as a person does."""
    command = [sys.executable, "-m", "migrate", *arguments]
    where = ("--kubeconfig", server.kubeconfig(folder))
    done = subprocess.run(
        [*command, *where], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert all(line.startswith("GET ") for line in server.asked), server.asked
    assert "Traceback" not in done.stderr, done.stderr
    return done
