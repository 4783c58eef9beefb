"""Record what ``config/runtimes`` says at each tag: python -m tests.catalog.record_config TREES.

TREES is explained in ``released.py``. The names that stand for images are replaced as
``kustomization.yaml`` there says, which is all that it does. Writes
``tests/catalog/cases/config_runtimes.json``: for each release and runtime the images as they stand
there, and the hash of the whole shape with the release's own tag in the place of ``latest``, as
``hack/generate-install.sh`` writes it into a manifest.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from migrate.catalog.runtimes import Shipped
from migrate.objects import Manifest, canonical, sha256
from tests.catalog.record_runtimes import lines, shape_of
from tests.catalog.released import RELEASES
from tests.testbed.modules import documents

TABLE = Path(__file__).parent / "cases" / "config_runtimes.json"


def config_runtimes(folder: Path) -> Iterator[Manifest]:
    """Yield the runtimes of a folder ``config/runtimes`` with the images of its kustomization."""
    [kustomization] = documents(folder / "kustomization.yaml")
    images = {one["name"]: one for one in kustomization["images"]}
    for runtime in documents(*(folder / name for name in kustomization["resources"])):
        spec = runtime["spec"]
        for container in (*spec["containers"], *spec.get("workerSpec", {}).get("containers", ())):
            name, _, tag = container["image"].partition(":")
            one = images.get(name, {})
            container["image"] = f"{one.get('newName', name)}:{one.get('newTag', tag)}"
        yield runtime


def released(runtime: Manifest, release: str) -> Manifest:
    """Return the shape that a manifest of the release has of a runtime."""
    text = canonical(shape_of(runtime)).replace(b":latest", f":v{release}".encode())
    found: Manifest = msgspec.json.decode(text)
    return found


def row_of(runtime: Manifest, release: str) -> dict[str, object]:
    images = Shipped("config", runtime["spec"], {}).images
    return {"images": images, "hash": sha256(canonical(released(runtime, release)))}


def main(trees: Path) -> None:
    rows = {}
    for release in RELEASES:
        folder = trees / f"v{release}" / "config/runtimes"
        for runtime in config_runtimes(folder) if folder.is_dir() else ():
            rows[f"{release} {runtime['metadata']['name']}"] = canonical(row_of(runtime, release))
    TABLE.write_bytes(lines(rows) + b"\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
