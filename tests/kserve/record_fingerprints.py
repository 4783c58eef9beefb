"""Record what installations look like: python -m tests.kserve.record_fingerprints [TREES].

Needs Go, which fetches the modules and Helm; TREES is explained in ``tests/catalog/released.py``.
Writes ``tests/kserve/cases/fingerprints/<release>.json``: for each installation, be it by
manifest, by chart, or by chart with minimal CRDs, the kinds of the controller that run and the
labels of all, the ConfigMap without values but for images, and of the CRDs the names of the
fields beside those that are asked for. A field without names below it is written as {}.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from migrate.catalog.fingerprints import SCHEMA_FACTS
from migrate.kserve import terms
from migrate.objects import Manifest, canonical
from tests.catalog.released import RELEASES, NotReleasedError, chart, manifest, minimal

FOLDER = Path(__file__).parent / "cases" / "fingerprints"
Reader = Callable[[str, Path | None], list[Manifest]]


def _with_minimal_crds(release: str, trees: Path | None) -> list[Manifest]:
    others = [each for each in chart(release, trees) if not _is_crd(each)]
    return [*minimal(release, trees), *others]


READERS: dict[str, Reader] = {"manifest": manifest, "chart": chart, "minimal": _with_minimal_crds}


def skeleton(schema: Manifest, parents: Iterable[list[str]]) -> Manifest:
    """Return the names of the fields of a schema, and those below them on the way to parents."""
    below = [parent for parent in parents if parent]
    fields = schema.get("properties", {})
    return {
        name: skeleton(fields[name], [rest for first, *rest in below if first == name])
        if any(parent[0] == name for parent in below)
        else {}
        for name in sorted(fields)
    }


def _crd(crd: Manifest) -> Manifest:
    (stored,) = (version for version in crd["spec"]["versions"] if version["storage"])
    facts = SCHEMA_FACTS[crd["metadata"]["name"]]
    parents = [fact.path.split(".")[:-1] for fact in facts]
    return skeleton(stored["schema"]["openAPIV3Schema"], parents)


def _value(key: str, text: str) -> Any:
    if key == terms.PREDICTORS_KEY:
        return {}
    try:
        return _without_values(json.loads(text))
    except json.JSONDecodeError:
        return None


def _without_values(value: Any) -> Any:
    if not isinstance(value, dict):
        return None
    images = {key: inner for key, inner in value.items() if key == "image"}
    return {key: _without_values(inner) for key, inner in value.items()} | images


def installation(objects: list[Manifest]) -> Manifest:
    """Return what is kept of an installation. Raise ValueError unless the ConfigMap is there."""
    (config,) = (each for each in objects if each["metadata"]["name"] == terms.CONFIG_MAP)
    crds = [each for each in objects if _is_crd(each)]
    kinds = (terms.DEPLOYMENT, terms.STATEFUL_SET)
    found = [each for each in objects if each["metadata"]["name"] in terms.CONTROLLER_NAMES]
    workloads = [each for each in found if each["kind"] in kinds]
    return {
        "kinds": sorted(each["kind"] for each in workloads if each["spec"].get("replicas") != 0),
        "labels": [each["metadata"].get("labels", {}) for each in workloads],
        "crds": {crd["metadata"]["name"]: _crd(crd) for crd in crds},
        "config": {key: _value(key, text) for key, text in sorted(config["data"].items())},
    }


def _is_crd(each: Manifest) -> bool:
    is_crd = each["kind"] == "CustomResourceDefinition"
    return is_crd and each["metadata"]["name"] in SCHEMA_FACTS


def _installations(release: str, trees: Path | None) -> dict[bytes, list[str]]:
    """Return the origins of each installation, those that are equal together."""
    found: dict[bytes, list[str]] = {}
    for origin, read in READERS.items():
        try:
            text = canonical(installation(read(release, trees)))
        except (NotReleasedError, ValueError) as reason:
            print(f"{release} {origin}: {reason}", file=sys.stderr)
            continue
        found.setdefault(text, []).append(origin)
    return found


def main(arguments: list[str]) -> None:
    trees = Path(arguments[0]).absolute() if arguments else None
    FOLDER.mkdir(exist_ok=True)
    for release in RELEASES:
        found = _installations(release, trees)
        lines = (canonical(" ".join(origins)) + b":" + text for text, origins in found.items())
        (FOLDER / f"{release}.json").write_bytes(b"{\n" + b",\n".join(lines) + b"\n}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
