"""What is found about services that are converted where `predictors` is not read any more.

KServe 0.10 and later give a service in the framework form no image (``GetContainer`` in
``predictor_sklearn.go`` of 0.10.2 returns what is stored). What such a service runs, if anything,
is what an earlier release gave its workload, where Knative's webhook refused to take it away.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

import msgspec

from migrate.kserve.image import has_name
from migrate.kserve.running import Running
from migrate.objects import ObjectRef
from migrate.planning.change.conversion import Conversion
from migrate.planning.model import codes
from migrate.planning.model.findings import SET_BEFORE, finding
from migrate.planning.model.plan import Finding
from migrate.planning.world.closure import used
from migrate.planning.world.copies import PREPARED_FOR
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot

FORMER_SUFFIX = "-predictor-default"
"""What followed the name of the service in that of its workload up to 0.10."""
_ANOTHER = f"--set runtime/NAME=IMAGE gives them another; {SET_BEFORE}"
SHOWN = "kmigrate explain NAMESPACE/NAME shows why"


def late_findings(
    snapshot: Snapshot,
    planned: World,
    found: Conversion,
    images: Mapping[ObjectRef, str],
    *,
    is_former: bool,
) -> Iterator[Finding]:
    """Yield who gets an image for the first time, who another one, and what a rollback gives.

    ``planned`` is the world with the copies and the services converted, ``images`` are those that
    are wanted of copies, ``is_former`` whether they are those of before an upgrade.
    """
    if not found.is_late:
        return
    services = sorted(found.services, key=lambda ref: ref.place)
    getting = [ref for ref in services if planned.shared(ref).image]
    had = {ref: _runs(snapshot, found.before, ref) for ref in getting}
    others = [ref for ref in getting if had[ref] not in ("", planned.shared(ref).image)]
    yield from _others(planned, others, had, found.foreseen, images)
    first = [ref for ref in getting if not had[ref] and not _is_own(found, ref)]
    for image, alike in _by(first, lambda ref: _given(planned, ref)):
        text = f"no image is given to them now; converted, they get {image}"
        yield finding(codes.GETS_FIRST, text, "" if is_former else _ANOTHER, alike)
    yield from _back(planned, found, getting)


def _is_own(found: Conversion, ref: ObjectRef) -> bool:
    """Tell whether a service names an image of its own: it has that one already."""
    return bool(found.before.shared(ref).image)


def _runs(snapshot: Snapshot, before: World, ref: ObjectRef) -> str:
    """Return the image of a service's workload, also of one under its former name; else empty.

    One that names no repository runs nowhere.
    """
    workload = before.workload(ref, snapshot.workloads)
    former = msgspec.structs.replace(workload, name=ref.name + FORMER_SUFFIX)
    found = (snapshot.workloads.get(one) for one in (workload, former))
    images = (one.image for one in found if isinstance(one, Running))
    return next(filter(has_name, images), "")


def _others(
    planned: World,
    services: Iterable[ObjectRef],
    had: Mapping[ObjectRef, str],
    foreseen: Collection[ObjectRef],
    images: Mapping[ObjectRef, str],
) -> Iterator[Finding]:
    """Tell who runs something, and gets something else: asked for or not."""
    for text, alike in _by(services, lambda ref: f"{_given(planned, ref)}, and run {had[ref]}"):
        unasked = [ref for ref in alike if used(planned, ref) not in images and ref not in foreseen]
        ready = [ref for ref in alike if ref in foreseen and used(planned, ref) not in images]
        if unasked:
            fix = (
                "--set runtime/NAME=IMAGE gives them the image that they run; --exclude leaves "
                "them out"
            )
            told = f"converted, they get {text}: nobody asked for another image"
            yield finding(codes.GETS_ANOTHER, told, fix, unasked)
        if ready:
            told = f"runtimes were made for them before the upgrade: they get {text}"
            fix = "--exclude NAMESPACE/NAME leaves them out; any write gives them that image"
            yield finding(codes.FORESEEN, told, fix, ready)


def _given(planned: World, ref: ObjectRef) -> str:
    runtime = planned.shared(ref).runtime
    place = "prepared " if runtime and runtime.metadata.annotation(PREPARED_FOR) else ""
    return f"{planned.shared(ref).image} ({place}{used(planned, ref)})"


def _back(planned: World, found: Conversion, services: Iterable[ObjectRef]) -> Iterator[Finding]:
    """Tell what a rollback gives to those who get their image from a copy of this plan."""
    back = found.world
    moved = [ref for ref in services if back.shared(ref).image != planned.shared(ref).image]
    for image, alike in _by(moved, lambda ref: back.shared(ref).image or "no image"):
        text = (
            f"a rollback cannot take their conversion back, but their images: they get {image} then"
        )
        yield finding(codes.IMAGES_GO_BACK, text, SHOWN, alike)


def _by(
    services: Iterable[ObjectRef], key: Callable[[ObjectRef], str]
) -> Iterator[tuple[str, list[ObjectRef]]]:
    groups: dict[str, list[ObjectRef]] = {}
    for ref in services:
        groups.setdefault(key(ref), []).append(ref)
    yield from sorted(groups.items())
