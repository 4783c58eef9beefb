"""What a plan looks like, kept to the byte: ``python -m tests.report.golden`` writes it anew."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent / "golden"
SNAPSHOTS = {
    "predictors": ("demo/before", "sklearn=registry.example.com/ml/sklearnserver:v0.7.0-p5"),
    "runtimes": ("copies", "runtime/kserve-sklearnserver=registry.example.com/ml/sklearnserver:v1"),
}


@dataclass(frozen=True)
class Case:
    """One plan, one form, one place that it is written to."""

    snapshot: str
    form: str = "table"
    columns: int = 80
    is_terminal: bool = False
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The file of what is expected."""
        where = "-terminal" if self.is_terminal else ""
        plain = "-plain" if self.environment else ""
        return f"{self.snapshot}-{self.form}-{self.columns}{where}{plain}.txt"


NO_COLOR = (("NO_COLOR", "1"),)
CASES = [
    case
    for snapshot in SNAPSHOTS
    for case in (
        *(Case(snapshot, form, columns) for form in ("table", "wide") for columns in (80, 200)),
        Case(snapshot, "markdown"),
        Case(snapshot, "table", is_terminal=True),
        Case(snapshot, "wide", 200, is_terminal=True),
        Case(snapshot, "table", is_terminal=True, environment=NO_COLOR),
    )
]


def written(case: Case) -> str:
    """Return what a process of its own writes to stdout."""
    folder, wanted = SNAPSHOTS[case.snapshot]
    return shown(case, "--snapshot", folder, "--set", wanted)


def shown(case: Case, *arguments: str) -> str:
    """Return what `plan` with these arguments writes, in the form and to the place of a case."""
    command = [sys.executable, "-m", "migrate", "plan", *arguments, "-o", case.form]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm", **dict(case.environment)}
    if case.is_terminal:
        return _on_terminal(command, environment, case.columns)
    environment["COLUMNS"] = str(case.columns)
    done = subprocess.run(
        command, cwd=ROOT / "fixtures", env=environment, capture_output=True, check=False
    )
    told = done.stderr.decode().splitlines()
    assert [line for line in told if not line.startswith("next: kmigrate apply ")] == []
    return done.stdout.decode()


def _on_terminal(command: list[str], environment: dict[str, str], columns: int) -> str:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    with subprocess.Popen(command, cwd=ROOT / "fixtures", env=environment, stdout=theirs):
        os.close(theirs)
        text = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return text.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so where the other side is closed
        return b""


def main() -> None:
    """Write every file, and take away those of no case."""
    for file in FOLDER.glob("*"):
        file.unlink()
    for case in CASES:
        (FOLDER / case.name).write_text(written(case), encoding="utf-8")


if __name__ == "__main__":
    main()
