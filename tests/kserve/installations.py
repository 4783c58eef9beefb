"""Installations of all releases, as recorded by ``record_fingerprints.py``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]

FOLDER = Path(__file__).parent / "cases" / "fingerprints"
RECORDED: dict[str, dict[str, Json]] = {
    file.stem: {
        origin: installation
        for origins, installation in json.loads(file.read_text()).items()
        for origin in origins.split()
    }
    for file in sorted(FOLDER.glob("*.json"))
}
PLACES = [(release, origin) for release, found in RECORDED.items() for origin in found]


def minor_of(release: str) -> str:
    return release.rpartition(".")[0]


def number_of(release: str) -> int:
    return int(release.split(".")[1])


def schema_of(fields: Json) -> Json:
    """A field of which no names were recorded is one that anything may stand in."""
    if not fields:
        return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {"type": "object", "properties": {n: schema_of(inner) for n, inner in fields.items()}}


def crd_of(fields: Json) -> Json:
    former = {"name": "v1alpha0", "storage": False, "schema": {"openAPIV3Schema": schema_of({})}}
    stored = {"name": "v1", "storage": True, "schema": {"openAPIV3Schema": schema_of(fields)}}
    return {"spec": {"versions": [former, stored]}}


def crds_of(release: str, origin: str) -> Json:
    crds = RECORDED[release][origin]["crds"]
    return {name: crd_of(fields) for name, fields in crds.items()}


def config_of(release: str, origin: str) -> dict[str, str]:
    config = RECORDED[release][origin]["config"]
    return {key: "# text" if value is None else json.dumps(value) for key, value in config.items()}


def mirrored(config: dict[str, str]) -> dict[str, str]:
    """The ConfigMap with images whose tags tell nothing."""
    return {key: _mirrored(text) if '"image"' in text else text for key, text in config.items()}


def _mirrored(text: str) -> str:
    return json.dumps({**json.loads(text), "image": "mirror/x:latest"})
