"""A stand-in API server in a process of its own, for as long as it is needed."""

from __future__ import annotations

import json
import ssl
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.benchmarks.asked import Asked
from tests.testbed.folders import working_folder
from tests.testbed.processes import Process
from tests.testbed.waiting import wait_until

_SECONDS = 300


class Serving:
    """A stand-in that serves; ``folder`` is for whoever uses it, too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kubeconfig = folder / "admin.kubeconfig"
        cluster = yaml.safe_load(self.kubeconfig.read_text())["clusters"][0]["cluster"]
        self.url: str = cluster["server"]
        self._trust = ssl.create_default_context(cafile=cluster["certificate-authority"])

    def asked(self) -> Asked:
        """Return what was asked since the last call of ``forget``."""
        return Asked(json.loads(self._counts("GET")))

    def forget(self) -> None:
        """Begin to count anew."""
        self._counts("DELETE")

    def undo(self) -> None:
        """Let everything be as it was generated."""
        self._counts("DELETE", "writes")

    def _counts(self, method: str, what: str = "counts") -> bytes:
        request = urllib.request.Request(f"{self.url}/{what}", method=method)
        with urllib.request.urlopen(request, context=self._trust) as answer:
            body: bytes = answer.read()
            return body


@contextmanager
def serving(services: int, *flags: str) -> Iterator[Serving]:
    """Serve a generated cluster with so many services; ``flags`` are those of the server."""
    with working_folder() as folder:
        log = folder / "server.log"
        base = (sys.executable, "-m", "tests.benchmarks.server", "--folder", folder)
        process = Process("stand-in", [*base, "--services", str(services), *flags], log)
        try:
            wait_until(lambda: "ready" in log.read_text(), _SECONDS, "the stand-in", [process])
            yield Serving(folder)
        finally:
            process.kill()
