"""A stand-in for an API server that answers as fast as it can, and counts what it is asked.

``python -m tests.benchmarks.server --services 10000 --folder DIR`` writes DIR/admin.kubeconfig,
prints ``ready``, and serves on loopback over TLS until it is ended.
"""

from __future__ import annotations

import argparse
import gc
import json
import ssl
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from migrate.cluster.resources import Resource
from migrate.errors import ApiError
from migrate.objects import Json, Manifest
from tests.benchmarks import discovery
from tests.benchmarks.store import SERVED, Question, Store, generated
from tests.benchmarks.writes import Writes
from tests.testbed.pki import Authority, write_kubeconfig
from tests.testbed.ports import HOST

COUNTS = "/counts"
"""GET says what was asked since the last DELETE of it."""
WRITES = "/writes"
"""DELETE lets everything be as it was generated."""
REASONS = {404: "NotFound", 405: "MethodNotAllowed", 409: "AlreadyExists", 422: "Invalid"}


class Delay(NamedTuple):
    """How long an answer is held back, in seconds: each, and for each object of a list."""

    request: float = 0.0
    item: float = 0.0


NO_DELAY = Delay()


class StandIn(ThreadingHTTPServer):
    """Serves a store. ``asked`` are the requests, by verb and path."""

    daemon_threads = True

    def __init__(self, store: Store, folder: Path, delay: Delay = NO_DELAY) -> None:
        super().__init__((HOST, 0), _Handler)
        self.store, self.writes, self.delay = store, Writes(store), delay
        self.asked: list[str] = []
        self.lock = Lock()
        authority = Authority(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.issue("server", "server"))
        # The handshake is the thread's: one that is slow must not keep others out.
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.url = f"https://{HOST}:{self.server_address[1]}"
        login = {"token": "stand-in"}
        self.kubeconfig = folder / "admin.kubeconfig"
        write_kubeconfig(self.kubeconfig, self.url, authority.ca, login)


class _Place(NamedTuple):
    resource: Resource
    namespace: str
    name: str


def _place(path: str) -> _Place | None:
    root, *parts = path.strip("/").split("/")
    group = parts.pop(0) if root == "apis" and parts else ""
    version = parts.pop(0) if parts else ""
    namespace = ""
    if len(parts) > 2 and parts[0] == "namespaces":
        _, namespace, *parts = parts
    resource = SERVED.get((group, version, parts[0])) if parts else None
    return _Place(resource, namespace, "/".join(parts[1:])) if resource else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes: the second must not wait for the client's acknowledgement.
    disable_nagle_algorithm = True
    server: StandIn

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == COUNTS:
            self._send(json.dumps(self.server.asked).encode())
            return
        self._note("GET")
        place = _place(url.path)
        if place is None:
            self._discover(url.path)
        elif place.name:
            found = self.server.store.one(*place)
            self._send(found) if found else self._fail(404, f"{place.name} not found")
        else:
            self._list(place, parse_qs(url.query))

    def do_DELETE(self) -> None:
        if self.path == WRITES:
            self.server.store.forget()
        self.server.asked.clear()
        self._send(b"{}")

    def do_POST(self) -> None:
        body = self._read("POST")
        url = urlsplit(self.path)
        place = _place(url.path)
        if place is None or not place.resource.stored:
            review = {**body, "status": {"allowed": True}}
            self._send(json.dumps(review).encode(), status=201)
        elif "dryRun" in parse_qs(url.query):
            self._send(json.dumps(body).encode(), status=201)
        else:
            self._write(lambda: self.server.writes.create(place.resource, body), 201)

    def do_PATCH(self) -> None:
        body = self._read("PATCH")
        place = _place(urlsplit(self.path).path)
        if place is None:
            self._fail(404, "the server could not find the requested resource")
            return
        kind = self.headers.get("Content-Type", "")
        self._write(lambda: self.server.writes.patch(*place, body, kind), 200)

    def _read(self, verb: str) -> Json:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._note(verb)
        return json.loads(body)

    def _write(self, write: Callable[[], bytes], status: int) -> None:
        try:
            self._send(write(), status=status)
        except ApiError as error:
            self._fail(error.status, error.message)

    def _note(self, verb: str) -> None:
        with self.server.lock:
            self.server.asked.append(f"{verb} {self.path}")
        time.sleep(self.server.delay.request)

    def _discover(self, path: str) -> None:
        aggregated = "as=APIGroupDiscoveryList" in self.headers.get("Accept", "")
        found = discovery.document(path, aggregated=aggregated)
        is_root = path.strip("/") in ("api", "apis")
        if found is None:
            self._fail(404, "the server could not find the requested resource")
            return
        kind = discovery.AGGREGATED if aggregated and is_root else "application/json"
        self._send(json.dumps(found).encode(), kind=kind)

    def _list(self, place: _Place, query: dict[str, list[str]]) -> None:
        def first(key: str, default: str) -> str:
            return query.get(key, [default])[0]

        asked = Question(
            place.resource,
            place.namespace,
            first("labelSelector", ""),
            int(first("continue", "0")),
            int(first("limit", "0")),
            "as=Table" in self.headers.get("Accept", ""),
        )
        packs = "gzip" in self.headers.get("Accept-Encoding", "")
        answer = self.server.store.many(asked, packs=packs)
        time.sleep(self.server.delay.item * answer.size)
        self._send(answer.body, answer.is_packed)

    def _send(
        self,
        body: bytes,
        packed: bool = False,
        *,
        kind: str = "application/json",
        status: int = 200,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body)

    def _fail(self, status: int, message: str) -> None:
        reason = REASONS[status]
        said: Manifest = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        said |= {"message": message, "reason": reason, "code": status}
        self._send(json.dumps(said).encode(), status=status)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the counts tell."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--namespaces", type=int, default=0)
    parser.add_argument("--request-ms", type=float, default=0.0)
    parser.add_argument("--item-us", type=float, default=0.0)
    flags = parser.parse_args()
    # Nothing of what is generated is ever collected, and looking for it takes minutes.
    gc.disable()
    delay = Delay(flags.request_ms / 1e3, flags.item_us / 1e6)
    server = StandIn(generated(flags.services, flags.namespaces), flags.folder, delay)
    print("ready", flush=True)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
