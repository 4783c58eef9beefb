"""Where each service of a run stands: what it gets, whether that was sent, whether it took.

Standing and the two outcomes are the words of plans everywhere in kmigrate; actuation and reconcile
mean what they mean in ``pkg/apis/actuation/types.go`` of sigs.k8s.io/cli-utils (5895ad6c17).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum

import msgspec

from migrate.kserve import terms
from migrate.objects import ObjectRef
from migrate.operations.classify import Standing
from migrate.operations.model import Convert, Direction, Wake
from migrate.planning.back.begun import Span, begun, not_done
from migrate.planning.model.desired import Activate
from migrate.planning.model.plan import Forecast, Plan
from migrate.planning.world.activation import WOKEN
from migrate.planning.world.restarts import has_restart

Lot = tuple[ObjectRef | None, str | None]
"""The runtime that decides about a service, and the image that it gives."""


class Outcome(StrEnum):
    """How far one of the two has come. Timeout is for reconcile alone."""

    SUCCEEDED = "Succeeded"
    PENDING = "Pending"
    SKIPPED = "Skipped"
    FAILED = "Failed"
    TIMEOUT = "Timeout"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the cluster says of a service now.

    ``gets`` is what its next reconcile gives, None where that cannot be told; ``lacks`` are the
    fields in which its workload is not so yet. ``alone`` says why KServe leaves it alone,
    ``broken`` why it cannot reconcile it. ``runs`` is the image of its workload, None where there
    is none. ``reports`` are the names of the namespaced and the cluster's runtime in its status;
    None where the release tells none (before 0.16). ``trouble`` says what keeps its newest pods
    from being ready, ``is_late`` that their time is over.
    """

    gets: Lot | None = None
    lacks: tuple[str, ...] = ()
    alone: str = ""
    broken: str = ""
    runs: str | None = None
    reports: tuple[str | None, str | None] | None = None
    is_rolled_out: bool = False
    is_ready: bool = False
    trouble: str = ""
    is_late: bool = False


class Journey(msgspec.Struct, frozen=True):
    """How far the run has come in its direction.

    ``intent`` is the last wave whose writes were begun and not noted as done, -1 for none;
    ``is_at_work``: a process is carrying it out just now. ``left_out``: see begun.left_out.
    """

    direction: Direction
    is_finished: bool
    intent: int = -1
    is_at_work: bool = False
    left_out: tuple[Span, ...] = ()


class ServiceOutcome(msgspec.Struct, frozen=True):
    """A service of a run in its words; ``why`` says for a person what they come from."""

    row: Forecast
    standing: Standing
    actuation: Outcome
    reconcile: Outcome
    why: str
    runs: str | None
    is_asleep: bool = False


def concerned(plan: Plan) -> list[Forecast]:
    """Return the services that the run moves, writes, wakes or gives another runtime."""
    acts = {act.target for act in plan.activations if isinstance(act, Wake | Convert)}
    written = {operation.target for operation in plan.operations}
    touched = acts | written
    return [
        row
        for row in plan.forecast
        if row.restarts
        or row.service in touched
        or row.runtime_after_plan in written
        or (row.outlook in WOKEN and not row.outside)
    ]


def outcomes(
    plan: Plan,
    journey: Journey,
    standings: Mapping[ObjectRef, Standing],
    seen: Mapping[ObjectRef, Seen],
) -> Iterator[ServiceOutcome]:
    """Yield each service of the run; one that is not in ``seen`` is gone."""
    sent = _sent(plan, journey.direction)
    done = {ref for ref, one in standings.items() if one is _goal(journey.direction)}
    waves = begun(plan, journey.direction, journey.intent, journey.left_out)
    written = not_done(waves, done)
    whole = _together(standings.values())
    for row in concerned(plan):
        found = seen.get(row.service)
        standing = _standing(row, found, standings, whole)
        if found is None:
            yield _gone(row, standing)
            continue
        is_wanted = standing is _goal(journey.direction)
        reconcile, why = _reconcile(row, found, journey.direction, is_wanted=is_wanted)
        actuation, told = _actuation(row, journey, sent, written, (is_wanted, reconcile))
        yield ServiceOutcome(
            row,
            standing,
            actuation,
            reconcile,
            "; ".join(filter(None, (why, told))),
            found.runs,
            is_asleep=reconcile is Outcome.PENDING and why.startswith(ASLEEP),
        )


ASLEEP = "asleep"


def _gone(row: Forecast, standing: Standing) -> ServiceOutcome:
    skipped = Outcome.SKIPPED
    return ServiceOutcome(row, standing, skipped, skipped, "it was deleted since", None)


def _goal(direction: Direction) -> Standing:
    return Standing.APPLIED if direction is Direction.APPLY else Standing.PENDING


def _lots(row: Forecast) -> tuple[Lot, Lot]:
    """Return what a service gets before the run, and by it."""
    return (row.runtime, row.after_rollback), (row.runtime_after_plan, row.after_plan)


def _standing(
    row: Forecast, found: Seen | None, standings: Mapping[ObjectRef, Standing], whole: Standing
) -> Standing:
    """Tell what a service gets; where that is the same before and after, how its objects stand.

    ``whole`` is how all of the run stand: it counts for who has none of them.
    """
    deciding = (row.service, row.runtime, row.runtime_after_plan)
    objects = {standings[ref] for ref in deciding if ref is not None and ref in standings}
    before, after = _lots(row)
    if found is None or Standing.DRIFTED in objects:
        return Standing.DRIFTED
    if found.gets is None or before == after:
        return _together(objects) if objects else whole
    places = {before: Standing.PENDING, after: Standing.APPLIED}
    return places.get(found.gets, Standing.DRIFTED)


def _together(standings: Collection[Standing]) -> Standing:
    return Standing.PENDING if Standing.PENDING in standings else Standing.APPLIED


def _reconcile(
    row: Forecast, found: Seen, direction: Direction, *, is_wanted: bool
) -> tuple[Outcome, str]:
    before, after = _lots(row)
    runtime, image = after if direction is Direction.APPLY else before
    if found.alone or found.broken:
        return Outcome.SKIPPED if found.alone else Outcome.FAILED, found.alone or found.broken
    if not is_wanted:
        return Outcome.PENDING, ""
    if late := _not_yet(found, runtime, image):
        return Outcome.PENDING, f"{ASLEEP}: {late}"
    return _coming(found)


def _coming(found: Seen) -> tuple[Outcome, str]:
    """Tell how far the pods have come of a service that was reconciled."""
    if found.runs is None:
        return Outcome.PENDING, "no workload of it is seen"
    if found.is_rolled_out and found.is_ready:
        return Outcome.SUCCEEDED, ""
    if found.trouble:
        return (Outcome.TIMEOUT if found.is_late else Outcome.FAILED), found.trouble
    what = "its InferenceService is not Ready" if found.is_rolled_out else "its pods come up"
    return Outcome.PENDING, what


def _not_yet(found: Seen, runtime: ObjectRef | None, image: str | None) -> str:
    """Say what shows that KServe has not reconciled a service since; empty for nothing."""
    if found.reports is not None and runtime is not None:
        is_cluster = runtime.kind == terms.CLUSTER_RUNTIME
        wanted = (None, runtime.name) if is_cluster else (runtime.name, None)
        if found.reports != wanted:
            return "it does not report the runtime that it gets"
    if found.runs is not None and (found.lacks or (image and found.runs != image)):
        return f"its workload does not have its {', '.join(found.lacks) or 'image'} yet"
    return ""


def _actuation(
    row: Forecast,
    journey: Journey,
    sent: frozenset[ObjectRef] | None,
    written: frozenset[ObjectRef],
    came: tuple[bool, Outcome],
) -> tuple[Outcome, str]:
    """Tell whether what makes a service move was sent; ``sent`` None means to everybody."""
    is_wanted, reconcile = came
    if sent is not None and row.service not in sent:
        return Outcome.SKIPPED, "nothing is sent to wake it"
    if journey.is_finished:
        kept = "kept as it is by the rollback"
        is_kept = not is_wanted and journey.direction is Direction.ROLLBACK
        return (Outcome.SKIPPED, kept) if is_kept else (Outcome.SUCCEEDED, "")
    if is_wanted and reconcile is Outcome.SUCCEEDED:
        return Outcome.SUCCEEDED, ""
    is_begun = not is_wanted and written & {row.service, row.runtime_after_plan, row.runtime}
    if is_begun and not journey.is_at_work:
        return Outcome.FAILED, "its write may have been begun, and is not found"
    return Outcome.PENDING, ""


def _sent(plan: Plan, direction: Direction) -> frozenset[ObjectRef] | None:
    """Return to whom something is sent; None for everybody.

    A rollback wakes whoever leaves what is taken away, unless nobody is to be woken.
    """
    if has_restart(plan.activations) or (
        direction is Direction.ROLLBACK and not _wakes_nobody(plan)
    ):
        return None
    targets = (each.target for each in (*plan.activations, *plan.operations))
    return frozenset(ref for ref in targets if ref.kind == terms.INFERENCE_SERVICE)


def _wakes_nobody(plan: Plan) -> bool:
    return plan.options.activate is Activate.NONE
