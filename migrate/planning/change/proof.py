"""Proving the end of a run from what the cluster says now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from migrate.kserve import terms
from migrate.objects import Json, Manifest, ObjectRef, value_at
from migrate.operations.classify import Standing, classify, is_met, parted, standing_of
from migrate.operations.describe import found_value, place_of, shown_value, state_told
from migrate.operations.invert import invert
from migrate.operations.model import Delete, Direction, Holds, Operation, Patch, Wave
from migrate.planning.model.plan import MOVING, Forecast, Outlook, Plan
from migrate.planning.world.activation import CONTAINER_PATH, READY
from migrate.planning.world.restarts import has_restart
from migrate.planning.world.seals import digest_of


class Result(msgspec.Struct, frozen=True):
    """One thing that was to be proven. ``holds`` tells whether it was; ``text`` why.

    ``changed`` is False for what was to stay as it is: so many that nobody reads them.
    """

    subject: ObjectRef
    holds: bool
    text: str
    changed: bool = True


def prove_objects(
    plan: Plan, direction: Direction, live: Mapping[ObjectRef, Manifest | None]
) -> tuple[Result, ...]:
    """Prove that each object of the plan is where the direction leads."""
    return tuple(_object(plan, direction, op, live[op.target]) for op in plan.operations)


def _object(
    plan: Plan, direction: Direction, operation: Operation, live: Manifest | None
) -> Result:
    target = operation.target
    wanted = operation if direction is Direction.APPLY else invert(operation)
    standing = classify(wanted, live)
    if standing is not Standing.APPLIED:
        text = "is gone" if live is None else _unlike(wanted, live)
        if live is None and target.kind == terms.INFERENCE_SERVICE:
            return Result(target, holds=True, text=text)
        if isinstance(wanted.change, Delete):
            text = "is still there, as somebody changed it or uses it: it stays"
        return Result(target, live is None and direction is Direction.ROLLBACK, text)
    if plan.options.checkpoint and direction is Direction.APPLY:
        return _restored(plan, target, live)
    return Result(target, holds=True, text=_bytes(plan, direction, target, live))


def excused(results: Iterable[Result], impossible: Collection[ObjectRef]) -> list[Result]:
    """Return the results, without a claim to what could not be made: its namespace is going."""
    text = "not made: its namespace is being deleted"
    return [
        msgspec.structs.replace(one, holds=True, text=text) if one.subject in impossible else one
        for one in results
    ]


def _unlike(wanted: Operation, live: Manifest) -> str:
    """Say what is expected and what is found, field by field."""
    if not isinstance(wanted.change, Patch):
        return "differs from what was planned"
    edits = parted(wanted.change, live).edits
    missing = [edit for edit in edits if standing_of(edit, live) is not Standing.APPLIED]
    return "; ".join(
        f"{place_of(e)}: expected {shown_value(e, e.after)}, found {found_value(e, live)}"
        for e in missing
    )


def _bytes(plan: Plan, direction: Direction, target: ObjectRef, live: Manifest | None) -> str:
    """Say whether whole fields are equal, texts to the byte, where the plan sealed them."""
    seals = [seal for seal in plan.seals if seal.target == target]
    if not seals:
        return "as planned" if direction is Direction.APPLY else "as before"
    for seal in seals:
        wanted = seal.after if direction is Direction.APPLY else seal.before
        if digest_of(value_at(live, seal.path)) != wanted:
            return f"{seal.path}: ours is in place; later edits of somebody else are kept"
    paths = ", ".join(seal.path for seal in seals)
    when = "planned" if direction is Direction.APPLY else "before"
    texts = all(isinstance(value_at(live, seal.path), str) for seal in seals)
    return f"{paths}: {'byte for byte ' if texts else ''}as {when}"


def _restored(plan: Plan, target: ObjectRef, live: Manifest | None) -> Result:
    """Prove that an object is as a checkpoint has it: of the ConfigMap every byte.

    A CRD of a newer release may be left over, and add what it has by default to a runtime.
    """
    if target.kind != "ConfigMap":
        return Result(target, holds=True, text="as at the checkpoint")
    seals = [seal for seal in plan.seals if seal.target == target]
    bad = [s.path for s in seals if digest_of(value_at(live, s.path)) != s.after]
    if bad:
        text = f"{', '.join(bad)}: not as at the checkpoint, for somebody changed it meanwhile"
        return Result(target, holds=False, text=text)
    there = sum(value_at(live, seal.path) is not msgspec.UNSET for seal in seals)
    text = f"all {there} keys of its data byte for byte as at the checkpoint"
    return Result(target, holds=True, text=text)


def prove_services(
    plan: Plan,
    forecast: Sequence[Forecast],
    direction: Direction,
    images: Mapping[ObjectRef, str],
) -> tuple[Result, ...]:
    """Prove the image of each service that can be told; ``images`` is by workload.

    Services whose workload has gone are left out: there is nothing to prove. So are those that
    the plan does not make move: they do so when they like.
    """
    provable, sent = _provable(plan), _sent(plan)
    there = (row for row in forecast if row.workload in images)
    rows = (
        row for row in there if row.outlook in provable or (row.restarts and row.service in sent)
    )
    return tuple(_service(row, direction, images) for row in rows)


def _sent(plan: Plan) -> set[ObjectRef]:
    """Return the objects that the plan writes or wakes: who moves by that is awaited."""
    return {each.target for each in (*plan.activations, *plan.operations)}


def settings_in(waves: Iterable[Wave]) -> list[Holds]:
    """Return what is waited for beside images and the word of a service that it is Ready.

    Of that the wait is the proof: a look at one moment would take a passing change for the end.
    """
    awaited = (one for wave in waves for one in wave.conditions if isinstance(one, Holds))
    return [one for one in awaited if one.path not in (f"{CONTAINER_PATH}/image", READY)]


def prove_settings(
    forecast: Sequence[Forecast],
    direction: Direction,
    awaited: Iterable[Holds],
    found: Mapping[Holds, Json],
) -> tuple[Result, ...]:
    """Prove what was waited for beside images; ``found`` is what it is now.

    These are variables and flags, the form of a service, its runtime, and that it is Ready.
    Fields of workloads that have gone are not in it: there is nothing to prove.
    """
    names = {row.service: ", ".join(row.settings) for row in forecast}
    groups: dict[ObjectRef, list[Holds]] = {}
    for one in awaited:
        if one in found:
            groups.setdefault(one.owner, []).append(one)
    when = "as planned" if direction is Direction.APPLY else "as before"
    return tuple(
        _settings(
            ref, _told(group, f"{names.get(ref) or 'variables and flags'} {when}"), group, found
        )
        for ref, group in groups.items()
    )


def _told(awaited: Sequence[Holds], settings: str) -> str:
    """Return what was waited for, each once; that it is on one runtime says on which it is not."""
    told = (state_told(one) or settings for one in awaited if one.value is not None)
    return ", ".join(dict.fromkeys(told))


def _settings(
    service: ObjectRef, told: str, awaited: Sequence[Holds], found: Mapping[Holds, Json]
) -> Result:
    bad = [one.path for one in awaited if not is_met(found[one], one.value)]
    text = f"expected {told}, found others at {', '.join(bad)}" if bad else told
    return Result(service, holds=not bad, text=text)


def together(services: Sequence[Result], settings: Sequence[Result]) -> tuple[Result, ...]:
    """Return what was proven of services: who changed beside the image did not stay as it was."""
    beside = {result.subject for result in settings}
    stays = {r.subject: r.text for r in services if r.holds and not r.changed}
    told = (r for r in services if r.subject not in beside or r.subject not in stays)
    return (*told, *(_with_image(result, stays.get(result.subject, "")) for result in settings))


def _with_image(result: Result, image: str) -> Result:
    """Return what was proven with the image that stayed, where that is so."""
    text = f"{result.text}; {image} as before" if image else result.text
    return msgspec.structs.replace(result, text=text)


def _provable(plan: Plan) -> tuple[Outlook, ...]:
    still = (Outlook.RUNS_ALREADY, Outlook.UNCHANGED, Outlook.NOT_AFFECTED)
    if has_restart(plan.activations):
        return (*MOVING, *still)
    is_written = any(op.target.kind == terms.INFERENCE_SERVICE for op in plan.operations)
    return (Outlook.CHANGES, *still) if plan.activations or is_written else still


def _service(row: Forecast, direction: Direction, images: Mapping[ObjectRef, str]) -> Result:
    planned = row.after_plan if direction is Direction.APPLY else row.after_rollback
    expected = row.now if planned is None else planned  # nobody writes it, so it stays
    found = images[row.workload] if row.workload else ""
    if found == expected:
        return Result(row.service, True, f"runs {found}", changed=found != row.now)
    return Result(row.service, holds=False, text=f"runs {found}, expected {expected}")
