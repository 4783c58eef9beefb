"""The programs of the testbed: which Go module each comes from, and how it is built.

Each folder of ``programs/`` is a Go module that pins one set of dependency versions. A further
KServe release gets the requirements, replacements and exclusions of its own go.mod, a requirement
of itself, and its own go.sum, completed once by ``go list -mod=mod -deps`` of its manager; beside
that, a line in releases.py. ``python -m tests.testbed.programs`` builds everything ahead.
"""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.testbed.cache import cache_dir, locked, say
from tests.testbed.golang import run_go
from tests.testbed.releases import RELEASES

MODULES = Path(__file__).parent / "programs"
_SMALL = "-s -w"


@dataclass(frozen=True)
class Program:
    """One binary: ``package`` of a Go module, at the version that ``folder``/go.mod pins.

    ``seconds`` is about what a build takes on two cores with empty caches; it is only announced.
    """

    binary: str
    folder: str
    package: str
    version: str
    seconds: int
    flags: str = _SMALL

    @property
    def file_name(self) -> str:
        """The name in the cache: another version never overwrites this one."""
        return f"{self.binary}@{self.version}"


def _kubernetes(binary: str, seconds: int) -> Program:
    stamp = "-X k8s.io/component-base/version"
    flags = f"{_SMALL} {stamp}.gitVersion=v1.34.4 {stamp}.gitMajor=1 {stamp}.gitMinor=34"
    package = f"k8s.io/kubernetes/cmd/{binary}"
    return Program(binary, "kubernetes", package, "v1.34.4", seconds, flags)


def _kserve(release: str) -> Program:
    package = "github.com/kserve/kserve/cmd/manager"
    return Program("kserve-manager", f"kserve-{release}", package, f"v{release}", 90)


def _knative(binary: str, seconds: int) -> Program:
    package = f"knative.dev/serving/cmd/{binary}"
    return Program(f"knative-{binary}", "knative", package, "v0.48.1", seconds)


PROGRAMS: dict[str, Program] = {
    "etcd": Program("etcd", "etcd", "go.etcd.io/etcd/server/v3", "v3.6.16", 54),
    "kwok": Program("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok", "v0.8.0", 157),
    "kube-apiserver": _kubernetes("kube-apiserver", 356),
    "kube-controller-manager": _kubernetes("kube-controller-manager", 112),
    "kube-scheduler": _kubernetes("kube-scheduler", 12),
    "kubectl": _kubernetes("kubectl", 49),
    "knative-controller": _knative("controller", 89),
    "knative-autoscaler": _knative("autoscaler", 4),
    "knative-webhook": _knative("webhook", 4),
    **{f"kserve-manager-{release}": _kserve(release) for release in RELEASES},
}


def is_built(name: str) -> bool:
    """Whether build() would find the binary called ``name`` in the cache."""
    return _target(PROGRAMS[name]).exists()


def build(name: str) -> Path:
    """Return the binary called ``name``, building it first unless the cache has it.

    Raises KeyError for an unknown name, GoCommandError if the build fails.
    """
    program = PROGRAMS[name]
    target = _target(program)
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        with locked(program.file_name):
            if not target.exists():
                _build(program, target)
    return target


def _target(program: Program) -> Path:
    return cache_dir() / "bin" / program.file_name


def _build(program: Program, target: Path) -> None:
    say(f"building {program.file_name} from source, once: about {program.seconds} s on two cores")
    started = time.monotonic()
    half = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        command = ["build", "-ldflags", program.flags, "-o", str(half), program.package]
        run_go(command, MODULES / program.folder)
        half.rename(target)
    finally:
        half.unlink(missing_ok=True)
    say(f"built {program.file_name} in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    for name in sys.argv[1:] or PROGRAMS:
        build(name)
