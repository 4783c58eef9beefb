"""Fresh clusters before the real controller, held against what kmigrate predicts of them."""

import argparse
import importlib
import json
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Protocol, cast

from tests.differential.generator import clusters
from tests.differential.live import Asker
from tests.differential.shapes import Cluster, Verdict
from tests.differential.shrink import readable_diff, shrink
from tests.testbed.kserve import KServe
from tests.testbed.releases import RELEASES

_PREDICTION = "tests.differential.prediction"
# With no fault in n trials, a fault in more than 3/n of all is unlikely (5 in 100).
_RULE_OF_THREE = 3


class Mismatch(Protocol):
    """Where a prediction and the controller differ about a service."""

    service: str
    field: str
    predicted: object
    found: object


class Prediction(Protocol):
    """What is held against the controller; ``hits`` counts which rules decided."""

    def mismatches(self, cluster: Cluster, verdict: Verdict) -> list[Mismatch]: ...

    def hits(self, cluster: Cluster, verdict: Verdict) -> Counter[str]: ...


class Comparison:
    """Clusters asked about one after the other, and what was found by it."""

    def __init__(self, asker: Asker, prediction: Prediction) -> None:
        self._asker, self._prediction = asker, prediction
        self.services = 0
        self.hits: Counter[str] = Counter()
        self.wrong: list[tuple[Cluster, Mismatch]] = []

    def ask(self, cluster: Cluster) -> None:
        """Ask the controller about one cluster; print where the prediction differs."""
        verdict = self._asker.ask(cluster)
        self.services += len(verdict.get("services", {}))
        if hasattr(self._prediction, "hits") and "crashed" not in verdict:
            self.hits += self._prediction.hits(cluster, verdict)
        for mismatch in self._prediction.mismatches(cluster, verdict):
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
        found = self._prediction.mismatches(cluster, verdict)
        return any(_same(one, mismatch) for one in found)


def _same(one: Mismatch, other: Mismatch) -> bool:
    return (one.service, one.field) == (other.service, other.field)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare; returns 1 if there is any mismatch."""
    options = _parser().parse_args(arguments)
    # Imported by its name, so that the harness can be used without what it judges.
    prediction = cast("Prediction", importlib.import_module(_PREDICTION))
    with KServe(options.kserve) as kserve:
        comparison = Comparison(Asker(kserve), prediction)
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
