"""Verdicts kept as data: ``python -m tests.differential.record --kserve 0.15.2 --seed 7``."""

import argparse
import gzip
import io
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.differential.generator import GENERATOR, clusters
from tests.differential.live import Asker
from tests.differential.shapes import Cluster, Manifest, Verdict, compact
from tests.testbed.kserve import KServe
from tests.testbed.releases import RELEASES

FOLDER = Path(__file__).parents[2] / "fixtures/verdicts"
_EVERY = 10


def path_of(release: str) -> Path:
    """The file with the recorded verdicts of a release."""
    return FOLDER / f"{release}.jsonl.gz"


def header(release: str) -> Manifest:
    """What was recorded: {"release", "seed", "generator", "clusters", "services"}."""
    with gzip.open(path_of(release), "rt", encoding="utf-8") as file:
        found: Manifest = json.loads(next(file))
        return found


def load(release: str) -> Iterator[tuple[Cluster, Verdict]]:
    """Yield each recorded cluster with what the controller made of it."""
    with gzip.open(path_of(release), "rt", encoding="utf-8") as file:
        next(file)
        for line in file:
            entry = json.loads(line)
            yield entry["cluster"], entry["verdict"]


def save(release: str, seed: int, asked: Sequence[tuple[Cluster, Verdict]]) -> None:
    """Write the verdicts of a release, the same bytes for the same content."""
    count = sum(len(cluster["services"]) for cluster, _ in asked)
    about = {"release": release, "seed": seed, "generator": GENERATOR}
    lines = [about | {"clusters": len(asked), "services": count}]
    lines += [{"cluster": cluster, "verdict": verdict} for cluster, verdict in asked]
    content = "".join(f"{compact(line)}\n" for line in lines).encode()
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as file:
        file.write(content)
    FOLDER.mkdir(parents=True, exist_ok=True)
    path_of(release).write_bytes(packed.getvalue())


def ask_all(release: str, generated: Sequence[Cluster]) -> Iterator[tuple[Cluster, Verdict]]:
    """Start the release's control plane and ask it about one cluster after the other."""
    with KServe(release) as kserve:
        asker = Asker(kserve)
        started = time.monotonic()
        for number, cluster in enumerate(generated, 1):
            verdict = asker.ask(cluster)
            yield cluster, verdict
            if number % _EVERY == 0 or "crashed" in verdict:
                passed = time.monotonic() - started
                crash = f": crashed on {cluster['index']}" if "crashed" in verdict else ""
                print(f"{number} clusters in {passed:.0f} s{crash}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Record one release anew and say how it went."""
    options = _parser().parse_args(arguments)
    generated = clusters(options.kserve, options.seed, options.clusters)
    asked = list(ask_all(options.kserve, generated))
    save(options.kserve, options.seed, asked)
    print(_summary(asked), f"-> {path_of(options.kserve).relative_to(FOLDER.parents[1])}")
    return 0


def _summary(asked: Sequence[tuple[Cluster, Verdict]]) -> str:
    told = [s for _, verdict in asked for s in verdict.get("services", {}).values()]
    counts = {
        "clusters": len(asked),
        "crashed": sum("crashed" in verdict for _, verdict in asked),
        "services": len(told),
        "denied": sum(bool(service["denied"]) for service in told),
        "failed": sum(bool(service["failed"]) for service in told),
        "with workloads": sum(bool(service["workloads"]) for service in told),
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.differential.record")
    parser.add_argument("--kserve", choices=list(RELEASES), required=True, help="the release")
    parser.add_argument("--seed", type=int, default=7, help="which clusters to generate")
    parser.add_argument("--clusters", type=int, default=65, help="how many of them")
    return parser


if __name__ == "__main__":
    sys.exit(main())
