"""A server on loopback that answers as it was told: what no API server says at will."""

import gzip
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import yaml

S = TypeVar("S", bound=ThreadingHTTPServer)
Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]
"""HTTP status, body (text, or what is sent as JSON), and headers."""


class ScriptedServer(ThreadingHTTPServer):
    """Gives its ``answers`` one after the other and keeps what was asked."""

    daemon_threads = True

    def __init__(self, answers: list[Answer]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.asked: list[str] = []
        self.headers: list[Message] = []
        self.bodies: list[bytes] = []
        self.packs = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def kubeconfig(self, folder: Path, **user: Any) -> str:
        """Write a kubeconfig that leads here."""
        content = {
            "clusters": [{"name": "c", "cluster": {"server": self.url}}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "scripted", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "scripted",
        }
        path = folder / "scripted.kubeconfig"
        path.write_text(yaml.safe_dump(content))
        return str(path)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedServer

    def _answer(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        self.server.asked.append(f"{self.command} {self.path}")
        self.server.headers.append(self.headers)
        status, body, *headers = self.server.answers.pop(0)
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response_only(status)
        for name, value in (headers[0] if headers else {}).items():
            self.send_header(name, value)
        if self.server.packs:
            data = gzip.compress(data)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: the test knows what it asked."""


def scripted(*answers: Answer) -> AbstractContextManager[ScriptedServer]:
    """Run a server with these answers."""
    return serving(ScriptedServer(list(answers)))


@contextmanager
def serving(server: S) -> Iterator[S]:
    """Run a server until the end of the block."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
