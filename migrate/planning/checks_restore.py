"""Checks of a rollback to a checkpoint: what others changed since, and who is not as before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from msgspec import UNSET

from migrate.errors import BlockedError
from migrate.kserve.runtimes import Runtime
from migrate.kserve.services import FormKind, InferenceService, form_of
from migrate.objects import Manifest, ObjectRef, ref_of
from migrate.planning import findings as codes
from migrate.planning.checkpoint import Checkpoint
from migrate.planning.findings import as_warning, finding
from migrate.planning.plan import Finding, Forecast
from migrate.planning.restorestays import Restoration, uid_of
from migrate.planning.restorewrites import former_runtimes
from migrate.planning.snapshot import Snapshot

T = TypeVar("T")


def restore_findings(
    snapshot: Snapshot,
    found: Restoration,
    rows: Sequence[Forecast],
    called: str,
    trouble: str,
) -> list[Finding]:
    """Return what is found beside the checks of every plan.

    ``rows`` have the former images, ``called`` is what a person calls the checkpoint, ``trouble``
    why the configuration of now cannot be read.
    """
    remedy = f"kmigrate plan --from-checkpoint {called} --to-runtimes"
    seen = _Seen(snapshot, found, rows, remedy, trouble)
    return [one for check in _CHECKS for one in check(seen)]


@dataclass(frozen=True)
class _Seen:
    """What these checks look at; ``remedy`` brings former images back in other terms."""

    snapshot: Snapshot
    found: Restoration
    rows: Sequence[Forecast]
    remedy: str
    trouble: str

    @property
    def checkpoint(self) -> Checkpoint:
        return self.found.checkpoint

    @property
    def judged(self) -> Iterator[Forecast]:
        """Those whose image of then is known."""
        return (row for row in self.rows if row.former is not UNSET)


def _unreadable(seen: _Seen) -> Iterator[Finding]:
    """Tell that nothing can be told of the next reconcile without this."""
    if seen.trouble:
        text = f"{seen.trouble}; so what is told of the next reconcile is as after the rollback"
        yield as_warning(finding(codes.BROKEN_PART, text))


def _half(seen: _Seen) -> Iterator[Finding]:
    """Tell that the checkpoint holds half of a change."""
    if run := seen.checkpoint.unfinished:
        text = (
            f"the checkpoint was made while run {run} was under way: half of its change comes back"
        )
        yield finding(codes.HALF_A_RUN, text, "kmigrate plan shows what is set then")


def _images(seen: _Seen) -> Iterator[Finding]:
    """Find who does not get the image that it had, and above all who loses it by this."""
    bad = [row for row in seen.judged if _coming(row) != row.former]
    losing = [row for row in bad if row.now == row.former and row.restarts]
    fix = f"{seen.remedy} gives it back from a runtime of the namespace"
    for row, services in _grouped(losing, _pair):
        text = f"runs {row.former} as at the checkpoint, and would get {_coming(row) or 'no image'}"
        yield finding(codes.LOSES_FORMER, f"{text}: {row.reason}", fix, services)
    others = [row for row in bad if row not in losing]
    for row, services in _grouped(others, _pair):
        text = f"ran {row.former} at the checkpoint, will run {_coming(row) or 'no image'}"
        yield finding(codes.NOT_AS_BEFORE, f"{text}: {row.reason}", fix, services)


def _coming(row: Forecast) -> str | None:
    """Return the image that a service will run: who is not reconciled keeps what it has."""
    return row.now if row.after_plan is None else row.after_plan


def _pair(row: Forecast) -> tuple[str, ...]:
    return (str(row.former), _coming(row) or "", row.reason)


def _grouped(
    rows: Iterable[Forecast], key: Callable[[Forecast], tuple[str, ...]]
) -> Iterator[tuple[Forecast, list[ObjectRef]]]:
    groups: defaultdict[tuple[str, ...], list[Forecast]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    for each in sorted(groups):
        yield groups[each][0], [row.service for row in groups[each]]


def _new(seen: _Seen) -> Iterator[Finding]:
    """Tell who came since: nobody knows what it ought to run."""
    came = [row for row in seen.rows if row.service not in seen.found.meanings]
    for row, services in _grouped(came, lambda row: (_coming(row) or "",)):
        text = f"created since the checkpoint; they will run {_coming(row) or 'no image'}"
        yield finding(codes.NEW_SERVICES, f"{text}, and are not judged", objects=services)


def _gone(seen: _Seen) -> Iterator[Finding]:
    """Tell which services and runtimes have gone since: none of them is made again."""
    gone = [ref for each in seen.checkpoint.services if (ref := _gone_ref(seen, each))]
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


def _gone_ref(seen: _Seen, then: Manifest) -> ObjectRef | None:
    """Return the reference of a service that has gone, or was made anew; None of one that stays."""
    ref = ref_of(then)
    is_same = uid_of(seen.snapshot, ref) == then["metadata"].get("uid", "")
    return None if is_same else ref


_APPLY = "kubectl apply -f what made them; the checkpoint has them as they were"


def _services(seen: _Seen) -> Iterator[Finding]:
    """Tell who was converted since, and whose spec others changed: no write takes that back."""
    converted, changed = [], []
    for then in map(_service, seen.checkpoint.services):
        if then.ref not in seen.found.meanings:
            continue
        now = seen.snapshot.services[then.ref]
        if _is_framework(then) and now.spec.predictor.model is not None:
            converted.append(then.ref)
        elif then.spec.predictor != now.spec.predictor:
            changed.append(then.ref)
    if converted:
        text = "converted since the checkpoint: no write takes that back, they stay as they are"
        yield finding(codes.CONVERTED_STAYS, text, objects=converted)
    if changed:
        text = "their spec.predictor was changed since the checkpoint: it stays as it is; "
        yield finding(codes.OTHERS_CHANGED, text + _ABOUT, objects=changed)


_ABOUT = f"whose image is another by that is told by {codes.NOT_AS_BEFORE}"


def _service(manifest: Manifest) -> InferenceService:
    return _typed(manifest, InferenceService)


def _typed(manifest: Manifest, kind: type[T]) -> T:
    try:
        return msgspec.convert(manifest, kind)
    except msgspec.ValidationError as error:
        raise BlockedError(f"{ref_of(manifest)} in the checkpoint: {error}") from error


def _is_framework(service: InferenceService) -> bool:
    return form_of(service).kind is FormKind.FRAMEWORK


def _foreign(seen: _Seen) -> Iterator[Finding]:
    """Tell which runtimes of namespaces others changed, or made, since: they stay as they are."""
    written = {operation.target for operation in seen.found.operations}
    then = {ref: _spec(each) for ref, each in former_runtimes(seen.checkpoint).items()}
    near = [one for one in seen.snapshot.runtimes.everywhere if not one.is_cluster]
    left = [one for one in near if one.ref not in {*written, *seen.found.kept}]
    changed = [one.ref for one in left if one.ref in then and then[one.ref] != _own(one)]
    made = [one.ref for one in left if one.ref not in then]
    for what, refs in (("changed", changed), ("made", made)):
        for ref in refs:
            users = [row.service for row in seen.rows if row.runtime_after_plan == ref]
            told = "no service uses it" if not users else "its services get what it says now"
            text = f"{ref}: {what} by others since the checkpoint, stays as it is; {told}"
            yield finding(codes.OTHERS_CHANGED, text, objects=users or [ref])


def _spec(manifest: Manifest) -> tuple[object, ...]:
    return _own(_typed(manifest, Runtime))


def _own(runtime: Runtime) -> tuple[object, ...]:
    return (runtime.spec, runtime.server_type)


def _stays(seen: _Seen) -> Iterator[Finding]:
    """Tell which runtimes that came since stay, and why."""
    for ref, services in sorted(seen.found.needed.items(), key=lambda pair: pair[0].place):
        text = f"{ref} came since the checkpoint, and stays: without it these would not have "
        yield finding(codes.RUNTIME_STAYS, f"{text}the image that they had then", "", services)
    if seen.found.wished:
        text = "made by kmigrate since the checkpoint: they stay, as asked by --keep-runtimes"
        yield finding(codes.RUNTIME_STAYS, text, "", seen.found.wished)
    if seen.found.foreign:
        text = "came since the checkpoint, and no release of KServe ships it: it stays"
        fix = "kubectl delete clusterservingruntime NAME, where nobody wants it"
        yield finding(codes.RUNTIME_STAYS, text, fix, seen.found.foreign)


def _beside(seen: _Seen) -> Iterator[Finding]:
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


_CHECKS: tuple[Callable[[_Seen], Iterator[Finding]], ...] = (
    _unreadable,
    _half,
    _images,
    _new,
    _gone,
    _services,
    _foreign,
    _stays,
    _beside,
)
