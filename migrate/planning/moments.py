"""When KServe was upgraded, and what each workload ran before that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from migrate.kserve import terms
from migrate.kserve.releases import Release, detect
from migrate.kserve.replicas import Kept
from migrate.objects import Manifest


class Moment(msgspec.Struct, frozen=True):
    """The upgrade: ``at`` is RFC 3339 in UTC, empty where nothing tells; ``by`` says what tells.

    ``release`` is the one before it, None where that is not told.
    """

    at: str = ""
    by: str = ""
    release: Release | None = None


def moment_of(controllers: Iterable[Kept], running: Release | None, config: Manifest) -> Moment:
    """Return when the release that runs came.

    The ReplicaSets of the controller tell it: the first with this release after one with another.
    Where none has another, as with the StatefulSet of 0.7 and 0.8, the last write to the data of
    the ConfigMap does.
    """
    newest = sorted(controllers, key=lambda one: max(one.numbers, default=0), reverse=True)
    others = [at for at, one in enumerate(newest) if detect([one.image]) != running]
    if others and others[0]:
        first, former = newest[others[0] - 1], newest[others[0]]
        by = f"{first.name} is the controller's first ReplicaSet with KServe {running}"
        return Moment(first.created, by, detect([former.image]))
    if at := max(_writes(config), default=""):
        return Moment(at, f"ConfigMap {terms.CONFIG_MAP} was last written then")
    return Moment()


def _writes(config: Manifest) -> Iterator[str]:
    for entry in config["metadata"].get("managedFields") or ():
        if "f:data" in (entry.get("fieldsV1") or {}):
            yield str(entry.get("time") or "")


def before(kept: Sequence[Kept], at: str) -> Kept | None:
    """Return what a workload ran right before a moment; None where that is not kept.

    A ReplicaSet that is used again keeps its age, and gets a new number; former ones stay in an
    annotation. So of those made before, the one counts that has the highest number below all of
    those made since.
    """
    since = [min(one.numbers, default=0) for one in kept if one.created >= at]
    limit = min(since, default=0)
    found = [(_last(one, limit), one.created, one) for one in kept if one.created < at]
    return max(found, key=lambda each: each[:2])[2] if found else None


def _last(one: Kept, limit: int) -> int:
    return max((n for n in one.numbers if not limit or n < limit), default=0)
