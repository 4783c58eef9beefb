"""Writing an object as it is, so that a webhook converts it."""

from __future__ import annotations

from contextlib import suppress

from msgspec import UNSET

from migrate.cluster.lookup import read_or_none
from migrate.cluster.port import Cluster
from migrate.errors import NotFoundError
from migrate.objects import ObjectRef, value_at


def convert(cluster: Cluster, target: ObjectRef, path: str) -> None:
    """Write the object as it is, unless there is something at ``path``.

    A merge patch without fields goes through the mutating webhooks as any other write does, and
    what they answer is stored (KServe 0.8.0 and 0.9.0 on Kubernetes 1.34). An object that has
    gone has nothing to convert.
    """
    live = read_or_none(cluster, target)
    if live is not None and value_at(live, path) in (UNSET, None):
        with suppress(NotFoundError):
            cluster.patch(target, {})
