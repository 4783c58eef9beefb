"""kmigrate where so many services are many already, so that there are two processes.

``python -m tests.commands.crowded MANY ARGUMENT...``
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from migrate.__main__ import main
from migrate.commands import workloads
from tests.commands.faulty import Faulty
from tests.commands.snapshots import SET

ROOT = Path(__file__).parents[2]
FEW, ENDLESS = 2, 10**9
PLAN = ("plan", *SET, "-o", "json")


def command(server: Faulty, folder: Path, many: int) -> list[str]:
    """A plan of that server."""
    where = ("--kubeconfig", server.kubeconfig(folder))
    return [sys.executable, "-m", "tests.commands.crowded", str(many), *PLAN, *where]


def planned(server: Faulty, folder: Path, many: int = FEW) -> tuple[int, str, str]:
    """Plan, and return the exit code and what was written to stdout and stderr."""
    argv = command(server, folder, many)
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


if __name__ == "__main__":
    # Ctrl-C is ignored in whatever a shell runs in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    workloads.MANY = int(sys.argv[1])
    sys.exit(main(sys.argv[2:]))
