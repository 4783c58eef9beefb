"""Having a controller reconcile one object, without a trace in the object or its pods."""

from __future__ import annotations

from msgspec import UNSET

from migrate.cluster.port import Cluster
from migrate.objects import Json, ObjectRef, value_at

PATH = "/status/observedGeneration"


def wake(cluster: Cluster, target: ObjectRef) -> None:
    """Change ``status.observedGeneration``, and put it back as it was.

    A write of the status is seen by the controller's watch, but by no webhook and no pod.
    From KServe 0.11 on the controller puts the field right itself in the reconcile that
    this causes; up to 0.10 it does not use the field, so it is put back here.
    """
    former = value_at(cluster.get(target), PATH)
    marked = cluster.patch(target, _merge(_other(former)), subresource="status")
    if value_at(marked, PATH) != former:
        cluster.patch(target, _merge(None if former is UNSET else former), subresource="status")


def _other(former: Json) -> int:
    return int(former) + 1 if isinstance(former, int) else 1


def _merge(value: Json) -> dict[str, Json]:
    return {"status": {"observedGeneration": value}}
