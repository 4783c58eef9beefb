"""What an API server says of the kinds it serves: aggregated, and one group at a time.

``apidiscovery.k8s.io/v2`` and ``v1`` of Kubernetes 1.34.
"""

from __future__ import annotations

from collections.abc import Iterator

from migrate.cluster.resources import Resource
from migrate.objects import Manifest
from tests.benchmarks.store import SERVED

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]


def document(path: str, *, aggregated: bool) -> Manifest | None:
    """Return what is served below a path such as ``/apis``; None where it is none of these."""
    match path.strip("/").split("/"):
        case ["version"]:
            return {"major": "1", "minor": "34", "gitVersion": "v1.34.4", "platform": "any"}
        case ["api"] if not aggregated:
            return {"kind": "APIVersions", "versions": ["v1"]}
        case ["apis"] if not aggregated:
            groups = [_group(name) for name in _groups() if name]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        case ["api" | "apis" as root]:
            return _aggregated(core=root == "api")
        case ["api", version] | ["apis", _, version]:
            return _resources(path.strip("/").removeprefix("apis/").removeprefix("api/"), version)
    return None


def _groups() -> list[str]:
    return sorted({group for group, _, _ in SERVED})


def _versions(group: str) -> list[str]:
    # The newest is the preferred one: a stable version sorts before v1beta1 and v1alpha1.
    found = {version for name, version, _ in SERVED if name == group}
    return sorted(found, key=lambda version: ("alpha" in version, "beta" in version))


def _group(name: str) -> Manifest:
    versions = [{"groupVersion": f"{name}/{v}", "version": v} for v in _versions(name)]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def _of(group: str, version: str) -> Iterator[Resource]:
    for (name, found, _), resource in SERVED.items():
        if (name, found) == (group, version):
            yield resource


def _aggregated(*, core: bool) -> Manifest:
    items = [
        {
            "metadata": {"name": name} if name else {},
            "versions": [_told(name, version) for version in _versions(name)],
        }
        for name in _groups()
        if core == (name == "")
    ]
    kind = {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2"}
    return {**kind, "metadata": {}, "items": items}


def _told(group: str, version: str) -> Manifest:
    resources = [
        {
            "resource": r.plural,
            "responseKind": {"group": group, "version": version, "kind": r.kind},
            "scope": "Namespaced" if r.namespaced else "Cluster",
            "singularResource": r.kind.lower(),
            "verbs": _VERBS,
        }
        for r in _of(group, version)
    ]
    return {"version": version, "freshness": "Current", "resources": resources}


def _resources(api_version: str, version: str) -> Manifest | None:
    group = api_version.rpartition("/")[0]
    found = [
        {
            "name": r.plural,
            "singularName": r.kind.lower(),
            "namespaced": r.namespaced,
            "kind": r.kind,
            "verbs": _VERBS,
        }
        for r in _of(group, version)
    ]
    kind = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version}
    return {**kind, "resources": found} if found else None
