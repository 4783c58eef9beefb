"""Who gets other pods by a plan, and what runs otherwise than it will be written."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from migrate.kserve.building import Pod
from migrate.kserve.cutting import filled
from migrate.kserve.likeness import FIELDS, is_same_amount
from migrate.kserve.marks import can_be_equal, has_marks
from migrate.kserve.resolution import Resolution
from migrate.kserve.resolutions import Resolutions
from migrate.kserve.running import (
    Running,
    Written,
    differing,
    differing_always,
    is_named_after,
    service_name,
    written_of,
)
from migrate.objects import Manifest, ObjectRef
from migrate.planning.world.differences import Difference, differences


class Pair(msgspec.Struct, frozen=True):
    """What all that are alike get now and by the plan, compared.

    ``moves`` is whether image or pods are others, ``told`` how variables and flags differ: None
    where that depends on the single service. ``is_own``: there are marks in what is told.
    ``image`` and ``wanted`` are what the plan writes; the latter is None where that is no pod.
    ``runtimes`` decide now and by the plan. ``shows``: all that differs is in what is read of a
    workload that runs, so that it can be seen whether it is there already.
    """

    moves: bool | None
    told: tuple[Difference, ...] | None
    is_own: bool
    image: str | None
    wanted: Written | None
    runtimes: tuple[ObjectRef | None, ObjectRef | None]
    shows: bool


def _pair_of(found: Resolution, after: Resolution) -> Pair:
    told = _told_of(found, after)
    return Pair(
        _differ(found, after),
        told,
        any(has_marks(str(one.value)) for one in told or ()),
        after.pod.container.get("image", "") if after.pod else after.image,
        written_of(after.pod.container) if after.pod else None,
        (_runtime(found), _runtime(after)),
        _unseen(found.pod) == _unseen(after.pod),
    )


_SEEN = {*FIELDS, "resources"}


def _unseen(pod: Pod | None) -> object:
    """Return what is not compared with a workload that runs: all but fields of its container."""
    if pod is None:
        return None
    kept = {name: value for name, value in pod.container.items() if name not in _SEEN}
    resources = pod.container.get("resources") or {}
    limits = resources.get("limits") or {}
    # A request that equals its limit is there without being written.
    requests = {k: v for k, v in (resources.get("requests") or {}).items() if limits.get(k) != v}
    return (kept, requests, pod.containers[1:], pod.fields, pod.labels, pod.annotations)


def _runtime(found: Resolution) -> ObjectRef | None:
    return found.runtime.ref if found.runtime is not None and found.pod is not None else None


class Moves:
    """Who gets other pods: compared once for all services that are alike.

    Both worlds keep what they resolved, and the snapshot what runs: no other object gets the
    same id meanwhile.
    """

    def __init__(self, now: Resolutions, planned: Resolutions) -> None:
        self.now, self.planned = now, planned
        self._pairs: dict[tuple[int, int], Pair] = {}
        self._of: dict[ObjectRef, Pair] = {}
        self._changes: dict[tuple[int, int], tuple[str, ...] | None] = {}

    def pair(self, ref: ObjectRef) -> Pair:
        """Return what it gets now and by the plan, compared with all that are alike."""
        pair = self._of.get(ref)
        if pair is None:
            pair = self._of[ref] = self._compared(self.now.shared(ref), self.planned.shared(ref))
        return pair

    def _compared(self, found: Resolution, after: Resolution) -> Pair:
        key = (id(found), id(after))
        if key not in self._pairs:
            self._pairs[key] = _pair_of(found, after)
        return self._pairs[key]

    def moves(self, ref: ObjectRef) -> bool:
        """Tell whether the plan makes a difference to its next reconcile."""
        known = self.pair(ref).moves
        if known is None or not self._has_kept_its_own(ref):
            known = _pods(self.now[ref]) != _pods(self.planned[ref])
        return known

    def differences(self, ref: ObjectRef) -> tuple[Difference, ...]:
        """Return the variables and flags that the plan changes in its next reconcile."""
        pair = self.pair(ref)
        if pair.told is None or not self._has_kept_its_own(ref):
            return differences(self.now[ref].pod, self.planned[ref].pod)
        return filled(pair.told, self.planned.services.own(ref)) if pair.is_own else pair.told

    def _has_kept_its_own(self, ref: ObjectRef) -> bool:
        before, after = self.now.services, self.planned.services
        return before is after or before.own(ref) == after.own(ref)

    def changes(self, ref: ObjectRef, workload: ObjectRef, running: Running) -> tuple[str, ...]:
        """Return the fields in which what runs is not what will be written."""
        pair, found = self.pair(ref), running.written
        if pair.wanted is None or found is None:
            return ("image",) if pair.image != running.image else ()
        texts = (id(found.texts), id(pair.wanted))
        if texts not in self._changes:
            self._changes[texts] = differing_always(found.texts, pair.wanted.texts)
        always = self._changes[texts]
        if always is None or not is_named_after(workload.name, ref.name):
            return self._one_by_one(ref, workload, found)
        is_known = "limits" in always or self._has_memory(ref, found, pair.wanted)
        return always if is_known else _with_limits(always)

    def _has_memory(self, ref: ObjectRef, found: Written, wanted: Written) -> bool:
        memory = wanted.memory
        if has_marks(memory):
            memory = filled(memory, self.planned.services.own(ref))
        return is_same_amount(found.memory, memory)

    def _one_by_one(self, ref: ObjectRef, workload: ObjectRef, found: Written) -> tuple[str, ...]:
        pod = self.planned[ref].pod
        assert pod is not None
        return differing(found.named(service_name(workload.name)), written_of(pod.container))


def _with_limits(fields: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(field for field in FIELDS if field in (*fields, "limits"))


def _differ(found: Resolution, after: Resolution) -> bool | None:
    """Tell whether image or pods are others; None where that depends on the single service."""
    if found is after or (found.image, found.pod) == (after.image, after.pod):
        return False
    if found.image != after.image or not can_be_equal(found.pod, after.pod):
        return True
    return None


def _told_of(found: Resolution, after: Resolution) -> tuple[Difference, ...] | None:
    """Return the differences of all that are alike; None where they depend on the single service.

    They do where a text with marks can read like another one.
    """
    told = differences(found.pod, after.pod)
    if not told or found.pod is None or after.pod is None:
        return told
    texts = {*_texts(found.pod.container), *_texts(after.pod.container)}
    marked = [text for text in texts if has_marks(text)]
    alike = any(one != other and can_be_equal(one, other) for one in marked for other in texts)
    return None if alike else told


def _texts(container: Manifest) -> Iterator[str]:
    yield from container.get("args") or ()
    yield from (item["value"] for item in container.get("env") or () if item.get("value"))


def _pods(found: Resolution) -> tuple[str | None, Pod | None]:
    return (found.image, found.pod)
