"""When KServe was upgraded, and what each workload ran before that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile

import msgspec

from migrate.kserve import terms
from migrate.kserve.releases import Release, detect
from migrate.kserve.replicas import Kept
from migrate.objects import Json, Manifest


class Moment(msgspec.Struct, frozen=True):
    """The upgrade: ``at`` is RFC 3339 in UTC, empty where nothing tells; ``by`` says what tells.

    ``release`` is the one before it, None where that is not told.
    """

    at: str = ""
    by: str = ""
    release: Release | None = None


def moment_of(controllers: Iterable[Kept], running: Release | None, config: Manifest) -> Moment:
    """Return when the release that runs came; after an upgrade that was given up, when that began.

    The ReplicaSets of the controller tell it: the first with this release after one with another.
    Where none has another, as with the StatefulSet of 0.7 and 0.8, the last write to the data of
    the ConfigMap does.
    """
    turns = _turns(controllers)
    if at := _former([release for _, release in turns], running):
        (first, release), (_, former) = turns[at - 1], turns[at]
        by = f"{first.name} is the controller's first ReplicaSet with KServe {release}"
        given_up = ", which was given up" if release != running else ""
        return Moment(first.created, f"{by}{given_up}", former)
    if written := last_written(config, "f:data"):
        return Moment(written, f"ConfigMap {terms.CONFIG_MAP} was last written then")
    return Moment()


def _turns(controllers: Iterable[Kept]) -> list[tuple[Kept, Release | None]]:
    """Return the ReplicaSets with their releases, the newest first.

    The former manifests applied again give the former ReplicaSet another number: it is there twice.
    """
    found = [(number, one) for one in controllers for number in one.numbers or (0,)]
    newest = sorted(found, key=lambda each: each[0], reverse=True)
    return [(one, detect([one.image])) for _, one in newest]


def _former(releases: Sequence[Release | None], running: Release | None) -> int:
    """Return where the former release is among these, the newest first; 0 where it is not.

    Newer ones between two turns of the one that runs are an upgrade that was given up: what was is
    what was before it, and not what it left.
    """
    if not (other := next((at for at, one in enumerate(releases) if one != running), 0)):
        return 0
    newer = takewhile(lambda one: one and running and one > running, releases[other:])
    again = other + sum(1 for _ in newer)
    return again if releases[again : again + 1] == [running] else other


def last_written(live: Manifest, *path: str) -> str:
    """Return when somebody last wrote who has this field, RFC 3339 in UTC; empty if nobody has.

    ``path`` is that of ``managedFields``: ``"f:data"``.
    """
    fields = live["metadata"].get("managedFields") or ()
    owners = (one for one in fields if _has(one.get("fieldsV1"), path))
    return max((str(one.get("time") or "") for one in owners), default="")


def _has(fields: Json, path: Sequence[str]) -> bool:
    for name in path:
        if name not in (fields or {}):
            return False
        fields = fields[name]
    return True


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
