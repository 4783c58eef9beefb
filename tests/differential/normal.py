"""Taking away what the API server, Knative and KServe write into every pod alike."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from migrate.kserve.quantities import quantity

Json = Any

_FIELDS = ("image", "command", "args", "env", "envFrom", "ports", "workingDir", "securityContext")


def container_of(
    told: Json, found: Json, *, is_knative: bool
) -> Iterator[tuple[str, object, object]]:
    for field in _FIELDS:
        yield field, plain(field, told.get(field)), plain(field, found.get(field))
    for kind in ("limits", "requests"):
        ours, theirs = (_quantities((c.get("resources") or {}).get(kind)) for c in (told, found))
        yield (f"resources {kind}", *_less_derived(kind, ours, theirs))
    yield "volumeMounts", _mounts(told.get("volumeMounts")), _mounts(found.get("volumeMounts"))
    for probe in ("livenessProbe", "startupProbe", *(() if is_knative else ("readinessProbe",))):
        if probe in told:
            yield probe, _handler(told[probe]), _handler(found.get(probe))


def plain(field: str, value: Json) -> object:
    if field == "env":
        return [{k: v for k, v in item.items() if v != ""} for item in map(_source, value or [])]
    if field == "ports":
        return [{"protocol": "TCP", **port} for port in value or []]
    return value or None


def _source(item: Json) -> Json:
    """The API server names the version of the object that a field is read from."""
    ref = (item.get("valueFrom") or {}).get("fieldRef")
    if ref is None:
        return item
    return {**item, "valueFrom": {**item["valueFrom"], "fieldRef": {"apiVersion": "v1", **ref}}}


def _quantities(values: Json) -> dict[str, Fraction]:
    return {name: quantity(str(value)) for name, value in (values or {}).items()}


def _less_derived(
    kind: str, told: dict[str, Fraction], found: dict[str, Fraction]
) -> tuple[object, object]:
    """Requests that the API server takes over from limits are none of KServe's."""
    if kind == "requests":
        found = {name: value for name, value in found.items() if name in told}
    return told, found


def _mounts(values: Json) -> list[tuple[str, str]]:
    return [(item["name"], item["mountPath"]) for item in values or []]


def _handler(probe: Json) -> object:
    """The action of a probe; numbers and schemes get defaults on the way."""
    kinds = ("exec", "httpGet", "tcpSocket", "grpc")
    found = {kind: dict(probe[kind]) for kind in kinds if kind in (probe or {})}
    if "httpGet" in found:
        found["httpGet"].setdefault("scheme", "HTTP")
        found["httpGet"].setdefault("path", "/")
    return found


def same_texts(field: str, told: Json, found: Json) -> bool:
    """Whether a field of the pod is as told; volumes are compared by name."""
    if field == "volumes":
        return [v["name"] for v in told or []] == [v["name"] for v in found or []]
    if field == "schedulerName":
        return (told or "default-scheduler") == (found or "default-scheduler")
    return (told or None) == (found or None)
