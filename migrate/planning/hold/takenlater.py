"""Services in the framework form that a copy of KServe 0.8 would take after the upgrade.

A runtime of 0.8 cannot list protocols (its CRD has no ``protocolVersions``), and a runtime without
a list serves any (``IsProtocolVersionSupported`` in ``servingruntime_types.go``, 0.9 to 0.20). So
from 0.9 on a copy of `kserve-sklearnserver` takes who is written then and has protocol v2. Who is
written under 0.8 is safe: its webhook names the runtime (``assignSKLearnRuntime`` and its like in
``inference_service_defaults.go``, 0.8.0).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from migrate.kserve.admission import admitted
from migrate.kserve.releases import Release
from migrate.objects import ObjectRef
from migrate.planning.stock.passing import Stop, is_framework, passing
from migrate.planning.world.course import Course
from migrate.planning.world.forecast import World


def taken_later(
    course: Course, services: Iterable[ObjectRef], way: Iterable[Release]
) -> Iterator[ObjectRef]:
    """Yield who would get a copy of the course by a write on the way, and another runtime now.

    Where the webhook that runs names no runtime, a write now changes nothing: nobody is found.
    """
    if not (course.copies and course.planned.rules.stores_runtime):
        return
    stops = tuple(passing(course.after, way))
    for ref in services:
        if is_taken_later(course.planned, ref, stops, course.copies):
            yield ref


def is_taken_later(
    planned: World, ref: ObjectRef, stops: Iterable[Stop], copies: Collection[ObjectRef]
) -> bool:
    """Tell whether a service gets one of the copies by a write at a stop, and not by one now."""
    if not (planned.rules.stores_runtime and is_framework(planned, ref)):
        return False
    names = {one.name for stop in stops if (one := taker(stop, ref, copies))}
    return bool(names) and names != {_named_now(planned, ref)}


def taker(stop: Stop, ref: ObjectRef, copies: Collection[ObjectRef]) -> ObjectRef | None:
    """Return the copy that a service gets by a write at a stop; None where it gets none."""
    runtime = stop.once_written(ref).runtime if stop.is_converted(ref) else None
    return runtime.ref if runtime is not None and runtime.ref in copies else None


def _named_now(planned: World, ref: ObjectRef) -> str | None:
    """Return the runtime that a write now has the service name."""
    model = admitted(planned.services[ref], planned.config).spec.predictor.model
    return model.runtime if model is not None else None
