"""A proxy between a client and the API server that counts writes and kills the client."""

import os
import ssl
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.testbed.api import read_kubeconfig
from tests.testbed.control_plane import ControlPlane
from tests.testbed.forwarding import ProxyServer, Upstream
from tests.testbed.kills import Killer, Moment, Write
from tests.testbed.pki import write_kubeconfig
from tests.testbed.ports import HOST
from tests.testbed.processes import spawn
from tests.testbed.waiting import wait_until

_QUIET_SECONDS = 30
# How late stop() is noticed at most.
_POLL_SECONDS = 0.02


class KillProxy:
    """A reverse proxy on loopback in front of a control plane; ``kubeconfig`` leads to it.

    It acts as an administrator, but for a client that sends a bearer token, which is passed on
    instead. Watches are streamed. Connection upgrades (exec, port-forward) are not supported. It
    serves one client at a time: what a second one does would be counted as the first one's.
    """

    def __init__(self, plane: ControlPlane) -> None:
        authority = plane.authority
        server, as_admin = read_kubeconfig(plane.admin)
        as_nobody = ssl.create_default_context(cafile=authority.ca)
        self._killer = Killer()
        identity = authority.issue("proxy", "kmigrate-testbed-proxy")
        self._server = ProxyServer(Upstream(server, as_admin, as_nobody), identity, self._killer)
        self.url = f"https://{HOST}:{self._server.server_port}"
        file = authority.folder / f"proxy-{self._server.server_port}.kubeconfig"
        self.kubeconfig = write_kubeconfig(file, self.url, authority.ca, {})
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=[_POLL_SECONDS], daemon=True)
        self._thread.start()

    @property
    def requests(self) -> list[Write]:
        """The writes so far, in the order in which they arrived (see kills.is_counted)."""
        return list(self._killer.writes)

    @property
    def has_killed(self) -> bool:
        """Whether the last client was killed by the proxy."""
        return self._killer.has_killed

    def arm(self, request: int, moment: Moment) -> None:
        """Kill the client at its ``request``-th write from now, counted from 1."""
        self._killer.arm(request, moment)

    def watch(self, pid: int) -> None:
        """Kill process ``pid`` when the time comes; run() does this by itself."""
        self._killer.watch(pid)

    def run(
        self,
        command: Sequence[str | Path],
        env: Mapping[str, str] | None = None,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Run a client with KUBECONFIG set to the proxy, and kill it as armed.

        Returns when the client has ended and the server has dealt with all that reached it, so
        that the cluster can be judged. A killed client has return code -9; a plan that was not
        carried out is given up. Raises subprocess.TimeoutExpired after ``timeout`` seconds.
        """
        pipe = subprocess.PIPE
        environment = {**os.environ, **(env or {}), "KUBECONFIG": str(self.kubeconfig)}
        client = spawn(command, environment, stdout=pipe, stderr=pipe)
        self.watch(client.pid)
        try:
            output, errors = client.communicate(timeout=timeout)
        finally:
            client.kill()
            client.communicate()
            self.settle()
        code = client.returncode
        return subprocess.CompletedProcess(command, code, output.decode(), errors.decode())

    def settle(self) -> None:
        """Wait until nothing of a client that has ended is under way; give up the plan."""

        def is_quiet() -> bool:
            self._server.cut_reads()
            return self._server.connections == 0

        wait_until(is_quiet, _QUIET_SECONDS, "the proxy to be done with its client")
        self._killer.disarm()

    def stop(self) -> None:
        """Close it and every connection through it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
