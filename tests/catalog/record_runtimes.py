"""Record the runtimes that the releases ship: python -m tests.catalog.record_runtimes [TREES].

Needs Go, which fetches the modules and Helm; TREES is explained in ``released.py``. Writes
``migrate/catalog/stock_runtimes.json`` and, for the test that nothing got lost in it, the hash
of every runtime as it was found, to ``tests/catalog/cases/stock_hashes.json``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import migrate.catalog.runtimes as catalog
from migrate.objects import Manifest, canonical, sha256
from tests.catalog.released import RELEASES, NotReleasedError, chart, manifest

HASHES = Path(__file__).parent / "cases" / "stock_hashes.json"
DATA = Path(catalog.__file__).with_name("stock_runtimes.json")
READERS = {catalog.MANIFEST: manifest, catalog.CHART: chart}
OWN_TAG = b"<release>"

Found = dict[str, dict[str, dict[str, Manifest]]]


def shape_of(runtime: Manifest) -> Manifest:
    """Return what is kept of a runtime."""
    annotations = runtime["metadata"].get("annotations")
    return {"spec": runtime["spec"]} | ({"annotations": annotations} if annotations else {})


def found_in(release: str, trees: Path | None) -> dict[str, dict[str, Manifest]]:
    """Return the shapes of a release by origin and name."""
    shapes = {}
    for origin, read in READERS.items():
        try:
            runtimes = _runtimes(read(release, trees))
        except NotReleasedError as reason:
            print(reason, file=sys.stderr)
            continue
        shapes[origin] = {runtime["metadata"]["name"]: shape_of(runtime) for runtime in runtimes}
    return {origin: named for origin, named in shapes.items() if named}


def _runtimes(objects: Iterable[Manifest]) -> list[Manifest]:
    found = (each for each in objects if each["kind"] == "ClusterServingRuntime")
    return sorted(found, key=lambda runtime: str(runtime["metadata"]["name"]))


def hashes_of(found: Found) -> bytes:
    """Return a line for each release and origin: the hash of each shape by name."""
    return lines({
        f"{release} {origin}": canonical({n: sha256(canonical(s)) for n, s in named.items()})
        for release, origins in found.items()
        for origin, named in origins.items()
    })  # fmt: skip


def data_of(found: Found) -> bytes:
    """Return the catalog's file: shapes that are equal but for the own tag are kept once."""
    shapes: dict[str, bytes] = {}
    table: dict[str, bytes] = {}
    for release, origins in found.items():
        keys = {origin: _keys(release, named, shapes) for origin, named in origins.items()}
        table[release] = canonical(keys)
    kept = {key: shapes[key] for key in sorted(shapes)}
    return b'{"shapes":' + lines(kept) + b',"releases":' + lines(table) + b"}\n"


def _keys(release: str, named: dict[str, Manifest], shapes: dict[str, bytes]) -> dict[str, str]:
    keys = {}
    for name, shape in named.items():
        text = canonical(shape).replace(f"v{release}".encode(), OWN_TAG)
        keys[name] = sha256(text).removeprefix("sha256:")[:10]
        assert shapes.setdefault(keys[name], text) == text, "two shapes under one key"
    return keys


def lines(entries: dict[str, bytes]) -> bytes:
    """Return a JSON object with an entry to a line, so that a difference can be read."""
    each = (canonical(key) + b":" + text for key, text in entries.items())
    return b"{\n" + b",\n".join(each) + b"\n}"


def main(arguments: list[str]) -> None:
    trees = Path(arguments[0]).absolute() if arguments else None
    every = {release: found_in(release, trees) for release in RELEASES}
    found = {release: origins for release, origins in every.items() if origins}
    DATA.write_bytes(data_of(found))
    HASHES.write_bytes(hashes_of(found) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
