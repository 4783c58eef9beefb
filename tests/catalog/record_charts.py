"""Record which Helm values set which image: python -m tests.catalog.record_charts [TREES].

Needs Go, which fetches the modules and Helm; TREES is explained in ``released.py``. Every
``image`` and ``tag`` below ``kserve.servingruntime`` of a chart is given a text of its own, Helm
renders the chart, and the texts are looked for in the ClusterServingRuntimes. Writes
``migrate/catalog/charts.json``.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

import migrate.catalog.charts as catalog
from migrate.objects import Json, Manifest, canonical, pointer
from tests.catalog.released import CHARTS, RELEASES, NotReleasedError, rendered, trees_of

DATA = Path(catalog.__file__).with_name("charts.json")
_PROBE = re.compile(r"probe/([a-z_]+):probe-\1(.*)")


def table_of(release: str, trees: Path | None) -> dict[str, Json]:
    """Return the chart of a release that installs runtimes, and what makes up their images."""
    for root in trees_of(release, trees):
        for name in CHARTS:
            folder = root / "charts" / name
            keys = _keys(folder)
            if keys:
                objects = _probed(folder, keys)
                return {"chart": name, "images": dict(_found(objects))}
    raise NotReleasedError(f"no chart with runtimes of {release}")


def _keys(folder: Path) -> list[str]:
    file = folder / "values.yaml"
    values = (yaml.safe_load(file.read_text()) if file.exists() else None) or {}
    servers = values.get("kserve", {}).get("servingruntime", {})
    return [key for key, value in servers.items() if isinstance(value, dict) and "tag" in value]


def _probed(folder: Path, keys: list[str]) -> list[Manifest]:
    probes = {key: {"image": f"probe/{key}", "tag": f"probe-{key}"} for key in keys}
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump({"kserve": {"servingruntime": probes}}, file)
        file.flush()
        return rendered(folder, "--values", file.name)


def _found(objects: list[Manifest]) -> Iterator[tuple[str, dict[str, list[str]]]]:
    runtimes = [each for each in objects if each["kind"] == "ClusterServingRuntime"]
    for runtime in sorted(runtimes, key=lambda each: str(each["metadata"]["name"])):
        parts = dict(_parts(runtime["spec"]))
        if parts:
            yield runtime["metadata"]["name"], parts


def _parts(spec: Manifest) -> Iterator[tuple[str, list[str]]]:
    for above in ((), ("workerSpec",)):
        holder = spec
        for part in above:
            holder = holder.get(part) or {}
        for container in holder.get("containers", ()):
            found = _PROBE.fullmatch(container["image"])
            if found:
                path = pointer("spec", *above, "containers", f"name={container['name']}", "image")
                yield path, [found[1], found[2]]


def main(arguments: list[str]) -> None:
    trees = Path(arguments[0]).absolute() if arguments else None
    groups: dict[bytes, list[str]] = {}
    for release in RELEASES:
        try:
            groups.setdefault(canonical(table_of(release, trees)), []).append(release)
        except NotReleasedError as reason:
            print(reason, file=sys.stderr)
    lines = [b'{"releases":' + canonical(r) + b"," + text[1:] for text, r in groups.items()]
    DATA.write_bytes(b"[\n" + b",\n".join(lines) + b"\n]\n")


if __name__ == "__main__":
    main(sys.argv[1:])
