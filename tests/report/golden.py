"""What people see, kept to the byte: ``python -m tests.report.golden`` writes it anew."""

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
from tempfile import TemporaryDirectory

from tests.report.before_upgrades import write_all

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent / "golden"
REGISTRY = "registry.example.com/ml"
OURS = f"{REGISTRY}/sklearnserver:v0.7.0-p5"
OTHER = f"runtime/kserve-sklearnserver={REGISTRY}/sklearnserver:v1"
VERBS = {
    "predictors": ("plan", "--snapshot", "demo/before", "--set", f"sklearn={OURS}"),
    "runtimes": ("plan", "--snapshot", "copies", "--set", OTHER),
    "copied": ("plan", "--snapshot", "0.15.2.json", "--to-runtimes"),
    "hold-0.9": ("plan", "--snapshot", "0.7.0.json", "--target", "0.9.0"),
    "hold-0.10": ("plan", "--snapshot", "0.9.0.json", "--target", "0.10.2"),
    "hold-0.16": ("plan", "--snapshot", "0.15.2.json", "--target", "0.16.0"),
    "check-0.10": ("check", "--snapshot", "0.7.0.json", "--target", "0.10.2", "--via", "0.9.0"),
    "check-0.20": ("check", "--snapshot", "0.15.2.json", "--target", "0.20.0"),
    "checkpoint-same": ("status", "before.json.gz", "--snapshot", "0.9.0.json"),
    "checkpoint-after": ("status", "before.json.gz", "--snapshot", "0.10.2.json"),
}
"""What is typed, by the name of the files with what it shows."""
FIXTURES = ("demo", "copies")
FOLLOWING = ("next: kmigrate apply ", "then: upgrade KServe to ")


@dataclass(frozen=True)
class Case:
    """One command, one form, one place that it is written to."""

    shows: str
    form: str = "table"
    columns: int = 80
    is_terminal: bool = False
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The file of what is expected."""
        where = "-terminal" if self.is_terminal else ""
        plain = "-plain" if self.environment else ""
        return f"{self.shows}-{self.form}-{self.columns}{where}{plain}.txt"


NO_COLOR = (("NO_COLOR", "1"),)
PLANS = tuple(name for name, words in VERBS.items() if words[0] == "plan")
EVERYWHERE = PLANS[:2]
"""Of these each form is kept at each place; of the others what a reader needs."""
CASES = [
    *(Case(shows, is_terminal=where) for shows in VERBS for where in (False, True)),
    *(Case(shows, "markdown") for shows in VERBS if VERBS[shows][0] != "status"),
    *(Case(shows, "wide", 200) for shows in PLANS),
    *(Case(shows, "wide") for shows in EVERYWHERE),
    *(Case(shows, "wide", 200, is_terminal=True) for shows in EVERYWHERE),
    *(Case(shows, columns=200) for shows in EVERYWHERE),
    *(Case(shows, is_terminal=True, environment=NO_COLOR) for shows in EVERYWHERE),
]


def written(case: Case, folder: Path) -> str:
    """Return what a process of its own writes to stdout; ``folder`` has what is read."""
    return shown(case, folder, *VERBS[case.shows])


def prepare(folder: Path) -> None:
    """Put what is read into a folder."""
    for name in FIXTURES:
        (folder / name).symlink_to(ROOT / "fixtures" / name)
    write_all(folder)


def shown(case: Case, folder: Path, *arguments: str) -> str:
    """Return what a command writes, in the form and to the place of a case."""
    command = [sys.executable, "-m", "migrate", *arguments, "-o", case.form]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm", **dict(case.environment)}
    if case.is_terminal:
        return _on_terminal(command, environment, case.columns, folder)
    environment["COLUMNS"] = str(case.columns)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    told = done.stderr.decode().splitlines()
    assert [line for line in told if not line.startswith(FOLLOWING)] == []
    return done.stdout.decode()


def _on_terminal(
    command: list[str], environment: dict[str, str], columns: int, folder: Path
) -> str:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=theirs):
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
    with TemporaryDirectory() as folder:
        prepare(Path(folder))
        for case in CASES:
            (FOLDER / case.name).write_text(written(case, Path(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
