"""Child processes that cannot outlive the test run, however it ends."""

import atexit
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

_LAUNCHER = Path(__file__).with_name("launch.py")
_GRACE = 10.0

_Spawn = tuple[Callable[[], subprocess.Popen[bytes]], Future[subprocess.Popen[bytes]]]


class _Spawner:
    """Starts every child from one thread that lives as long as this process.

    The kernel's death signal follows the thread that forked, not the process: a child started by
    a worker thread would be killed when that worker is done.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[_Spawn] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def run(self, start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="spawner", daemon=True)
                self._thread.start()
        started: Future[subprocess.Popen[bytes]] = Future()
        self._jobs.put((start, started))
        return started.result()

    def _serve(self) -> None:
        while True:
            start, started = self._jobs.get()
            try:
                started.set_result(start())
            except OSError as error:
                started.set_exception(error)


_spawner = _Spawner()
_running: "set[Process]" = set()


def spawn(
    command: Sequence[str | Path], env: Mapping[str, str], stdout: int, stderr: int
) -> subprocess.Popen[bytes]:
    """Start a program in a process group of its own, killed when this process ends, however."""
    launch = [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid())]
    return _spawner.run(
        lambda: subprocess.Popen(
            [*launch, *map(str, command)],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    )


class Process:
    """One running program in a process group of its own, its output in a log file.

    It is killed when this process ends for any reason, also by SIGKILL.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        environment = {**os.environ, **(env or {})}
        with self.log.open("ab") as file:
            self._popen = spawn(command, environment, file.fileno(), subprocess.STDOUT)
        _running.add(self)

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, or None while it runs; negative means the number of a signal."""
        return self._popen.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; raises subprocess.TimeoutExpired after ``timeout`` seconds."""
        return self._popen.wait(timeout)

    def stop(self, grace: float = _GRACE) -> None:
        """End it: ask, and after ``grace`` seconds force; returns when it is gone."""
        self._signal(signal.SIGTERM)
        try:
            self._popen.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()
        _running.discard(self)

    def kill(self) -> None:
        """End it at once, as a crash or a lost machine would."""
        self._signal(signal.SIGKILL)
        self._popen.wait()
        _running.discard(self)

    def _signal(self, number: signal.Signals) -> None:
        if self.exit_code is None:
            os.killpg(self.pid, number)

    def tail(self, lines: int = 15) -> str:
        """Return the end of its log, under its name."""
        text = self.log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join([f"--- {self.name} ({self.log}):", *text])


def kill_all(processes: Sequence[Process]) -> None:
    """End processes whose data is thrown away, the last started first, without asking."""
    for process in reversed(processes):
        process.kill()


@atexit.register
def _kill_leftovers() -> None:
    for process in list(_running):
        process.kill()
