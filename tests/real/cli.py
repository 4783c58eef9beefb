"""Running the installed command as a person does, in a process of its own."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.testbed.waiting import wait_until

KMIGRATE = Path(sys.executable).with_name("kmigrate")


def environment(kubeconfig: Path | str, home: Path | None = None) -> dict[str, str]:
    """The environment of a machine that has nothing but a kubeconfig."""
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL") if key in os.environ}
    return {**kept, "KUBECONFIG": str(kubeconfig), "HOME": str(home or Path("/nonexistent"))}


def kmigrate(
    kubeconfig: Path | str,
    *arguments: str,
    home: Path | None = None,
    expect: int | None = 0,
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Run kmigrate; fail with everything it said when the exit code is another one."""
    done = subprocess.run(
        [str(KMIGRATE), *arguments],
        env=environment(kubeconfig, home),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    said = f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert expect is None or done.returncode == expect, said
    assert "Traceback" not in done.stderr, said
    return done


def on_a_terminal(kubeconfig: Path | str, *arguments: str) -> tuple[int, int]:
    """Run kmigrate on a terminal of its own; return its process id and our end of the terminal."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(str(KMIGRATE), ["kmigrate", *arguments], environment(kubeconfig))
    return child, terminal


def runs_of(kubeconfig: Path | str) -> list[str]:
    """The ids of the runs that are recorded, the latest first."""
    told = json.loads(kmigrate(kubeconfig, "status", "-o", "json").stdout)
    return [run["id"] for run in reversed(told["runs"])]


def status_of(kubeconfig: Path | str, run: str = "") -> dict[str, Any]:
    """What `status` tells of a run, of the latest by default."""
    done = kmigrate(kubeconfig, "status", *filter(None, [run]), "-o", "json")
    found: dict[str, Any] = json.loads(done.stdout)["run"]
    return found


def words_of(status: dict[str, Any]) -> set[tuple[str, str, str]]:
    """The words for the services of a run: standing, actuation, reconcile."""
    rows = status["services"]
    return {(row["standing"], row["actuation"], row["reconcile"]) for row in rows}


def read_until(terminal: int, wanted: bytes) -> bytes:
    """Read from a terminal until this was written to it; return all of it."""
    seen = b""

    def is_there() -> bool:
        nonlocal seen
        seen += os.read(terminal, 65536)
        return wanted in seen

    wait_until(is_there, 60, f"{wanted!r} on the terminal")
    return seen
