"""What others did since a checkpoint, told by a rollback to it: none of that is written over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
from msgspec import UNSET

from migrate.errors import BlockedError
from migrate.kserve.runtimes import Runtime
from migrate.kserve.services import FormKind, InferenceService, form_of
from migrate.objects import Manifest, ObjectRef, ref_of
from migrate.planning.former.restorestays import Restoration, uid_of
from migrate.planning.former.restorewrites import former_runtimes
from migrate.planning.model import codes
from migrate.planning.model.checkpoint import Checkpoint
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding, Forecast
from migrate.planning.world.snapshot import Snapshot


@dataclass(frozen=True)
class Seen:
    """What the checks look at; ``remedy`` says what brings back an image that this does not.

    ``rows`` have the former images, ``trouble`` says why the configuration cannot be read.
    """

    snapshot: Snapshot
    found: Restoration
    rows: Sequence[Forecast]
    remedy: str
    trouble: str

    @property
    def checkpoint(self) -> Checkpoint:
        """What is rolled back to."""
        return self.found.checkpoint

    @property
    def judged(self) -> Iterator[Forecast]:
        """Those whose image of then is known."""
        return (row for row in self.rows if row.former is not UNSET)


def gone(seen: Seen) -> Iterator[Finding]:
    """Tell which services and runtimes have gone since: none of them is made again."""
    then, now = seen.checkpoint.services, seen.snapshot.services
    # One that was made anew is not the one that has gone.
    gone = [ref for ref in then if uid_of(then, ref) != uid_of(now, ref)]
    if gone:
        text = "gone since the checkpoint: services are not made again"
        yield finding(codes.GONE_SINCE, text, _APPLY, gone)
    made = {operation.target for operation in seen.found.operations}
    there = {one.ref for one in seen.snapshot.runtimes.everywhere}
    runtimes = former_runtimes(seen.checkpoint).keys() - there - made
    if runtimes:
        text = "gone since the checkpoint, and not made again: no plan of kmigrate made them"
        own = "or no InferenceService is left in their namespace"
        yield finding(codes.GONE_SINCE, f"{text}, {own}", _APPLY, runtimes)


_APPLY = "kubectl apply -f what made them; the checkpoint has them as they were"


def services(seen: Seen) -> Iterator[Finding]:
    """Tell who was converted since, and whose spec others changed: no write takes that back."""
    converted, changed = [], []
    for ref in (ref for ref in seen.checkpoint.services if ref in seen.found.meanings):
        then, now = seen.checkpoint.services[ref], seen.snapshot.services[ref]
        if _is_framework(then) and now.spec.predictor.model is not None:
            converted.append(ref)
        elif then.spec.predictor != now.spec.predictor:
            changed.append(ref)
    if converted:
        text = "converted since the checkpoint: no write takes that back, they stay as they are"
        yield finding(codes.CONVERTED_STAYS, text, objects=converted)
    if changed:
        text = "their spec.predictor was changed since the checkpoint: it stays as it is; "
        yield finding(codes.OTHERS_CHANGED, text + _ABOUT, objects=changed)


_ABOUT = f"whose image is another by that is told by {codes.NOT_AS_BEFORE}"


def _is_framework(service: InferenceService) -> bool:
    return form_of(service).kind is FormKind.FRAMEWORK


def foreign(seen: Seen) -> Iterator[Finding]:
    """Tell which runtimes of namespaces others changed, or made, since: they stay as they are."""
    written = {operation.target for operation in seen.found.operations}
    then = {ref: _spec(each) for ref, each in former_runtimes(seen.checkpoint).items()}
    near = [one for one in seen.snapshot.runtimes.everywhere if not one.is_cluster]
    left = [one for one in near if one.ref not in {*written, *seen.found.kept}]
    changed = [one.ref for one in left if one.ref in then and then[one.ref] != _own(one)]
    made = [one.ref for one in left if one.ref not in then]
    by_runtime: dict[ObjectRef | None, list[ObjectRef]] = {}
    for row in seen.rows:
        by_runtime.setdefault(row.runtime_after_plan, []).append(row.service)
    for what, refs in (("changed", changed), ("made", made)):
        for ref in refs:
            users = by_runtime.get(ref, [])
            told = "no service uses it" if not users else "its services get what it says now"
            text = f"{ref}: {what} by others since the checkpoint, stays as it is; {told}"
            yield finding(codes.OTHERS_CHANGED, text, objects=users or [ref])


def _spec(manifest: Manifest) -> tuple[object, ...]:
    try:
        return _own(msgspec.convert(manifest, Runtime))
    except msgspec.ValidationError as error:
        raise BlockedError(f"{ref_of(manifest)} in the checkpoint: {error}") from error


def _own(runtime: Runtime) -> tuple[object, ...]:
    return (runtime.spec, runtime.server_type)


def stays(seen: Seen) -> Iterator[Finding]:
    """Tell which runtimes that came since stay, and why."""
    for ref, services in sorted(seen.found.needed.items(), key=lambda pair: pair[0].place):
        text = f"{ref} came since the checkpoint, and stays: without it these would lose "
        yield finding(codes.RUNTIME_STAYS, f"{text}their image", "", services)
    if seen.found.wished:
        text = "made by kmigrate since the checkpoint: they stay, as asked by --keep-runtimes"
        yield finding(codes.RUNTIME_STAYS, text, "", seen.found.wished)
    if seen.found.foreign:
        text = "came since the checkpoint, and no release of KServe ships it: it stays"
        fix = "kubectl delete clusterservingruntime NAME, where nobody wants it"
        yield finding(codes.RUNTIME_STAYS, text, fix, seen.found.foreign)


def beside(seen: Seen) -> Iterator[Finding]:
    """Tell which workloads a newer release has left beside those that are looked at.

    0.16 makes Knative Services of services whose status says RawDeployment.
    """
    own = {row.workload for row in seen.rows}
    names = {
        (row.service.namespace, f"{row.service.name}-predictor{suffix}")
        for row in seen.rows
        for suffix in ("", "-default")
    }
    found = [ref for ref in seen.snapshot.workloads if ref not in own]
    if left := [ref for ref in found if (ref.namespace, ref.name) in names]:
        kinds = " and ".join(sorted({f"{ref.kind} ({ref.api_version})" for ref in left}))
        text = f"{kinds} of these names: KServe {seen.checkpoint.release} does not look at them, "
        fix = "kubectl delete, once no request goes there"
        yield finding(codes.BESIDE, f"{text}another release left them", fix, left)
