"""Work in a second process, in a process of one thread: pytest's own may have several."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEGINNING = """
import os, signal, threading
from migrate.commands.beside import beside
from migrate.errors import ForbiddenError, InterruptError, UnauthorizedError

def instead():
    return "instead", os.getpid()

def none_left():
    try:
        return os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return "none left"
"""


def run(script: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BEGINNING + script]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def said(script: str) -> str:
    done = run(script)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_what_is_one_object_stays_one_and_no_process_is_left() -> None:
    script = """
def work():
    one = [b"more than a pipe holds" * 10_000]
    return one, one, os.getpid()
with beside(work, instead) as result:
    first, second, pid = result()
print(len(first[0]), first is second, pid == os.getpid(), none_left())
"""
    assert said(script) == "220000 True False none left\n"


def test_an_error_comes_with_all_that_it_says() -> None:
    script = """
def work():
    error = ForbiddenError("no permission", "kubectl auth can-i")
    error.status = 418
    raise error
with beside(work, instead) as result:
    try:
        result()
    except ForbiddenError as error:
        print(type(error).__name__, error.message, error.hint, error.status, int(error.code))
print(none_left())
"""
    assert said(script) == "ForbiddenError no permission kubectl auth can-i 418 9\nnone left\n"


@pytest.mark.parametrize(
    "fails",
    [
        "raise UnauthorizedError('expired')",
        "raise MemoryError",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "os.kill(os.getpid(), signal.SIGINT)",
        "return lambda: 'no pickle'",
    ],
)
def test_what_cannot_be_done_there_is_done_here(fails: str) -> None:
    script = f"""
def work():
    {fails}
with beside(work, instead) as result:
    print(result() == ("instead", os.getpid()))
print(none_left())
"""
    assert said(script) == "True\nnone left\n"


@pytest.mark.parametrize("missing", [1, 500_000])
def test_half_a_result_is_none(missing: int) -> None:
    script = f"""
import pickle
def dump(found, answer, _):
    answer.write(pickle.dumps(found)[:-{missing}])
    answer.flush()
    os.kill(os.getpid(), signal.SIGKILL)
pickle.dump = dump
with beside(lambda: b"x" * 1_000_000, instead) as result:
    print(result()[0])
"""
    assert said(script) == "instead\n"


@pytest.mark.parametrize(
    "hinders",
    [
        "threading.Thread(target=threading.Event().wait, daemon=True).start()",
        "import sys; sys.platform = 'darwin'",
        "os.fork = lambda: (_ for _ in ()).throw(BlockingIOError())",
    ],
)
def test_where_no_process_can_be_had_all_is_done_here(hinders: str) -> None:
    script = f"""
{hinders}
with beside(lambda: "there", instead) as result:
    print(result() == ("instead", os.getpid()))
"""
    assert said(script) == "True\n"


def test_an_error_in_the_block_ends_the_process() -> None:
    script = """
reads, writes = os.pipe()
def work():
    os.write(writes, b"begun")
    threading.Event().wait()
try:
    with beside(work, instead):
        os.read(reads, 5)
        raise KeyError
except KeyError:
    print(none_left())
"""
    assert said(script) == "none left\n"


def test_nothing_is_printed_twice_and_no_handler_runs_in_the_second_process() -> None:
    script = """
import atexit
atexit.register(print, "at exit")
signal.signal(signal.SIGTERM, lambda *_: print("handled"))
signal.signal(signal.SIGHUP, signal.SIG_IGN)
print("in the buffer")
with beside(lambda: [*map(signal.getsignal, (signal.SIGTERM, signal.SIGHUP))], instead) as result:
    print(*result())
"""
    assert said(script) == "in the buffer\n0 1\nat exit\n"
