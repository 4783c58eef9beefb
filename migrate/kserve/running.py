"""What a model's workload runs now: compact, since there may be fifty thousand."""

from __future__ import annotations

from collections.abc import Iterable
from struct import pack

import msgspec

from migrate.kserve.budgets import Budget, selects
from migrate.kserve.containers import container_manifest
from migrate.kserve.likeness import FIELDS, texts
from migrate.kserve.rollouts import Rollout, rollout_of
from migrate.kserve.workloads import Workload, serving_container
from migrate.objects import Manifest, ObjectRef

_SIZE = 8


class Running(msgspec.Struct, frozen=True):
    """The container that serves the model, and what it takes to replace its pods.

    ``prints`` has 8 bytes for each of likeness.FIELDS, good for one process; empty where
    nothing but the image is known. ``budgets`` are the PodDisruptionBudgets of its pods.
    """

    image: str
    prints: bytes = b""
    rollout: Rollout | None = None
    budgets: tuple[ObjectRef, ...] = ()


def running_of(workload: Workload, budgets: Iterable[Budget] = ()) -> Running | None:
    """Return what a workload runs; None where no container of it serves a model.

    ``budgets`` are those of its namespace.
    """
    container = serving_container(workload)
    if container is None or container.image is None:
        return None
    labels = workload.spec.template.metadata.labels or {}
    return Running(
        container.image,
        prints_of(texts(container_manifest(container))),
        rollout_of(workload),
        tuple(one.ref for one in budgets if selects(one, labels)),
    )


def prints_of(found: Iterable[bytes]) -> bytes:
    """Return the prints of a container's fields."""
    return b"".join(pack("q", hash(text)) for text in found)


def differing(running: Running, container: Manifest) -> tuple[str, ...]:
    """Return the fields in which this container is not what runs, by likeness.FIELDS."""
    if not running.prints:
        return () if container.get("image", "") == running.image else ("image",)
    wanted, found = prints_of(texts(container)), running.prints
    places = range(0, len(wanted), _SIZE)
    return tuple(
        field
        for field, at in zip(FIELDS, places, strict=True)
        if wanted[at : at + _SIZE] != found[at : at + _SIZE]
    )
