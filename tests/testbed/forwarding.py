"""The HTTP half of the proxy: takes requests, passes them on, and streams the answers back."""

import contextlib
import http.client
import socket
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from tests.testbed.kills import ClientGoneError, Killer, Moment, Write, is_counted
from tests.testbed.ports import HOST

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "host"})
_CHUNK = 65536
_NO_BODY = frozenset({204, 304})


@dataclass(frozen=True)
class Upstream:
    """Where requests go: the server's address, and TLS with and without an admin's certificate."""

    server: str
    as_admin: ssl.SSLContext
    as_nobody: ssl.SSLContext


@dataclass
class _Open:
    """The connections of the clients that are there now, each with its own to the server."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    handlers: "set[Handler]" = field(default_factory=set)


class ProxyServer(ThreadingHTTPServer):
    """Listens on a free port of loopback, with TLS; one thread for each connection."""

    daemon_threads = True
    # Clients with many threads connect all at once.
    request_queue_size = 128

    def __init__(self, upstream: Upstream, identity: tuple[Path, Path], killer: Killer) -> None:
        super().__init__((HOST, 0), Handler)
        self.upstream = upstream
        self.killer = killer
        self.open = _Open()
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(*identity)

    @property
    def connections(self) -> int:
        """How many clients' connections are being served."""
        return len(self.open.handlers)

    def cut_reads(self) -> None:
        """End the reads that still run, such as watches, because their reader has gone."""
        with self.open.lock:
            for handler in self.open.handlers:
                handler.cut()

    # In the connection's own thread: a slow handshake must not keep others from connecting.
    def finish_request(self, request: Any, client_address: Any) -> None:
        with contextlib.suppress(OSError):
            Handler(self._tls.wrap_socket(request, server_side=True), client_address, self)

    def shutdown_request(self, request: Any) -> None:
        # Wrapping has taken the descriptor over; the handler closed it.
        request.close()


class Handler(BaseHTTPRequestHandler):
    """Serves one connection of a client; passes its requests on over one of its own."""

    protocol_version = "HTTP/1.1"
    # Small writes must not wait for the peer's acknowledgement.
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._proxy = cast("ProxyServer", self.server)
        self._upstream: http.client.HTTPSConnection | None = None
        self._is_writing = False
        with self._proxy.open.lock:
            self._proxy.open.handlers.add(self)

    def handle(self) -> None:
        # Gone, killed or cut: whatever it was, this connection is over.
        with contextlib.suppress(OSError, http.client.HTTPException, ClientGoneError):
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        if self._upstream:
            self._upstream.close()
        self.connection.close()
        with self._proxy.open.lock:
            self._proxy.open.handlers.discard(self)

    def cut(self) -> None:
        """Break the connection to the server, from another thread, but let a write end."""
        sock = self._upstream and self._upstream.sock
        if sock and not self._is_writing:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: the audit log of the API server has it all."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "Transfer-Encoding" in self.headers:
            self.send_error(411)
        elif is_counted(self.command, self.path, body):
            self._is_writing = True
            self._serve_write(body)
            self._is_writing = False
        else:
            self._pass_answer(self._ask(body))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def _serve_write(self, body: bytes) -> None:
        moment = self._proxy.killer.count(Write(self.command, self.path, body))
        if moment is Moment.BEFORE:
            self._kill()
        answer = self._ask(body)
        if moment is Moment.DONE:
            answer.read()
            self._kill()
        self._pass_answer(answer)
        if moment is Moment.ANSWERED:
            self._kill()

    def _kill(self) -> None:
        self._proxy.killer.kill()
        raise ClientGoneError

    def _ask(self, body: bytes) -> http.client.HTTPResponse:
        upstream = self._upstream = self._upstream or self._connect()
        upstream.putrequest(self.command, self.path, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _HOP_BY_HOP:
                upstream.putheader(name, value)
        upstream.endheaders(body)
        return upstream.getresponse()

    def _connect(self) -> http.client.HTTPSConnection:
        target = self._proxy.upstream
        tls = target.as_nobody if "Authorization" in self.headers else target.as_admin
        address = urlsplit(target.server)
        assert address.hostname is not None
        return http.client.HTTPSConnection(address.hostname, address.port, context=tls)

    def _pass_answer(self, answer: http.client.HTTPResponse) -> None:
        """Pass the answer on as it comes in, so that a watch shows each event at once."""
        has_body = self.command != "HEAD" and answer.status not in _NO_BODY
        is_chunked = has_body and answer.getheader("Content-Length") is None
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        if is_chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while piece := answer.read1(_CHUNK):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if is_chunked else piece)
        if is_chunked:
            self.wfile.write(b"0\r\n\r\n")
        # Read to its end, but http.client only takes the next request once it is closed.
        answer.close()
