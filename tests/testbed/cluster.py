"""A cluster to try kmigrate on: ``python -m tests.testbed.cluster --kserve 0.9.0 --samples``."""

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Never

from tests.testbed.cache import say
from tests.testbed.kserve import KServe
from tests.testbed.releases import RELEASES
from tests.testbed.samples import apply_samples


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a cluster until Ctrl-C or SIGTERM, then end all of it; returns the exit code.

    Progress goes to standard error; standard output has one line that a shell can evaluate.
    """
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        _serve(options.kserve, with_samples=options.samples)
    except KeyboardInterrupt:
        say("everything has ended")
    return 0


def _serve(release: str, *, with_samples: bool) -> Never:
    say(f"starting a control plane with KServe {release}; the first time builds it from source")
    with KServe(release) as cluster:
        if with_samples:
            names = apply_samples(cluster)
            say(f"put in {', '.join(names)}")
        sys.stdout.write(f"export KUBECONFIG={cluster.admin}\n")
        sys.stdout.flush()
        say(f"KServe {release} is running; Ctrl-C ends it and removes everything")
        while True:
            signal.pause()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.testbed.cluster", description=__doc__)
    parser.add_argument("--kserve", choices=list(RELEASES), default="0.9.0", help="the release")
    parser.add_argument(
        "--samples", action="store_true", help="put InferenceServices into team-a and team-b"
    )
    return parser


def _interrupt(_number: int, _frame: FrameType | None) -> Never:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
