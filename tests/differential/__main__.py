"""Fresh clusters before the real controller, held against what kmigrate predicts of them."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence

from tests.differential.generator import clusters
from tests.differential.live import Asker
from tests.differential.prediction import Mismatch, mismatches
from tests.differential.shapes import Cluster
from tests.differential.shrink import readable_diff, shrink
from tests.differential.tally import hits
from tests.testbed.kserve import KServe
from tests.testbed.releases import RELEASES

# With no fault in n trials, a fault in more than 3/n of all is unlikely (5 in 100).
_RULE_OF_THREE = 3


class Comparison:
    """Clusters asked about one after the other, and what was found by it."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self.services = 0
        self.hits: Counter[str] = Counter()
        self.wrong: list[tuple[Cluster, Mismatch]] = []

    def ask(self, cluster: Cluster) -> None:
        """Ask the controller about one cluster; print where the prediction differs."""
        verdict = self._asker.ask(cluster)
        self.services += len(verdict.get("services", {}))
        if "crashed" not in verdict:
            self.hits += hits(cluster, verdict)
        for mismatch in mismatches(cluster, verdict):
            print(f"seed {cluster['seed']}, cluster {cluster['index']}: {mismatch}")
            print(readable_diff(mismatch.predicted, mismatch.found), flush=True)
            self.wrong.append((cluster, mismatch))

    def shrunk(self, cluster: Cluster, mismatch: Mismatch) -> Cluster:
        """The smallest cluster in which the same field of the same service is still wrong."""
        return shrink(cluster, lambda smaller: self._is_wrong(smaller, mismatch))

    def report(self) -> str:
        """The figures of the whole run."""
        lines = [f"{name}: {count}" for name, count in self.hits.most_common()]
        lines.append(f"{self.services} services, {len(self.wrong)} mismatches")
        if self.services and not self.wrong:
            bound = _RULE_OF_THREE / self.services
            lines.append(f"so fewer than {bound:.2%} of such services are predicted wrongly (95 %)")
        return "\n".join(lines)

    def _is_wrong(self, cluster: Cluster, mismatch: Mismatch) -> bool:
        verdict = self._asker.ask(cluster)
        found = mismatches(cluster, verdict)
        return any(_same(one, mismatch) for one in found)


def _same(one: Mismatch, other: Mismatch) -> bool:
    return (one.service, one.field) == (other.service, other.field)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare; returns 1 if there is any mismatch."""
    options = _parser().parse_args(arguments)
    with KServe(options.kserve) as kserve:
        comparison = Comparison(Asker(kserve))
        for cluster in clusters(options.kserve, options.seed, options.clusters):
            comparison.ask(cluster)
        for cluster, mismatch in comparison.wrong[: options.shrink]:
            print(f"the smallest cluster with {mismatch}:")
            print(json.dumps(comparison.shrunk(cluster, mismatch), indent=1), flush=True)
    print(comparison.report())
    return 1 if comparison.wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("--kserve", choices=list(RELEASES), default="0.15.2", help="the release")
    parser.add_argument("--seed", type=int, default=1, help="which clusters to generate")
    parser.add_argument("--clusters", type=int, default=20, help="how many of them")
    parser.add_argument("--shrink", type=int, default=2, help="how many mismatches to make small")
    return parser


if __name__ == "__main__":
    sys.exit(main())
