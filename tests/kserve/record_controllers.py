"""Record KServe's own workloads: python -m tests.kserve.record_controllers [TREES].

As ``record_fingerprints.py``, of which TREES is explained in ``tests/catalog/released.py``. Writes
``cases/controllers.json``: each Deployment and StatefulSet that the manifests and charts hold, with
its labels, those of its pods, and its containers' images; those that are equal once, with where
they were found.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from migrate.kserve import terms
from migrate.objects import Manifest, canonical
from tests.catalog.released import RELEASES, NotReleasedError, chart, manifest

TABLE = Path(__file__).parent / "cases" / "controllers.json"
READERS = {"manifest": manifest, "chart": chart}


def kept(workload: Manifest) -> Manifest:
    """Return what tells which program a workload runs."""
    meta, template = workload["metadata"], workload["spec"]["template"]
    containers = [{k: c[k] for k in ("name", "image")} for c in template["spec"]["containers"]]
    pods = {"metadata": {"labels": template["metadata"].get("labels", {})}}
    return {
        "kind": workload["kind"],
        "metadata": {"name": meta["name"], "labels": meta.get("labels", {})},
        "spec": {"template": {**pods, "spec": {"containers": containers}}},
    }


def _workloads(release: str, trees: Path | None) -> Iterator[tuple[str, Manifest]]:
    for origin, read in READERS.items():
        try:
            found = read(release, trees)
        except NotReleasedError as reason:
            print(reason, file=sys.stderr)
            continue
        kinds = (terms.DEPLOYMENT, terms.STATEFUL_SET)
        yield from ((f"{release} {origin}", kept(o)) for o in found if o["kind"] in kinds)


def main(arguments: list[str]) -> None:
    trees = Path(arguments[0]).absolute() if arguments else None
    found: dict[bytes, list[str]] = {}
    for release in RELEASES:
        for place, workload in _workloads(release, trees):
            found.setdefault(canonical(workload), []).append(place)
    lines = (canonical(", ".join(places)) + b":" + text for text, places in found.items())
    TABLE.write_bytes(b"{\n" + b",\n".join(lines) + b"\n}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
