"""Generated clusters on real controllers: is what a plan says what then happens?"""

import argparse
import sys
from collections.abc import Sequence

from tests.differential.occupied import Occupied
from tests.forecasts.generator import SERVICES, given
from tests.forecasts.rehearsal import Rehearsal
from tests.testbed.kserve import KServe
from tests.testbed.releases import RELEASES


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare; returns 1 if there is any mismatch."""
    options = _parser().parse_args(arguments)
    first, last = options.first, options.first + options.clusters
    with KServe(options.kserve, knative=options.knative) as kserve:
        flags = {"beyond_images": options.beyond_images, "to_runtimes": options.to_runtimes}
        rehearsal = Rehearsal(Occupied(kserve), **flags)
        for index in range(first, last):
            print(f"KServe {options.kserve}, seed {options.seed}, cluster {index}:", flush=True)
            cluster = given(options.kserve, options.seed, index, options.services)
            for mismatch in rehearsal.run(cluster):
                print(f"  MISMATCH {mismatch}", flush=True)
    print("\n".join(rehearsal.tally.lines()))
    return 1 if rehearsal.tally.wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.forecasts", description=__doc__)
    parser.add_argument("--kserve", choices=list(RELEASES), default="0.20.0", help="the release")
    parser.add_argument("--seed", type=int, default=1, help="which clusters to generate")
    parser.add_argument("--clusters", type=int, default=8, help="how many of them")
    parser.add_argument("--first", type=int, default=0, help="the index of the first")
    parser.add_argument("--services", type=int, default=SERVICES, help="so many in each, or more")
    parser.add_argument("--knative", action="store_true", help="with Knative Serving's programs")
    parser.add_argument(
        "--beyond-images", action="store_true", help="change variables and arguments, too"
    )
    parser.add_argument(
        "--to-runtimes", action="store_true", help="move what is set globally into namespaces"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
