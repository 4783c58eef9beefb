"""A run that was begun under one release of KServe, and goes on under another. Pure.

What is left of it is done only where it means what was planned: each write must still be possible,
and the services must get the images that were planned, by the rules of the release that runs now.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

import msgspec

from migrate.errors import BlockedError
from migrate.kserve import terms
from migrate.kserve.admission import admitted
from migrate.kserve.releases import parse_release
from migrate.kserve.rules import Rules
from migrate.kserve.table import rules_for
from migrate.objects import Manifest, ObjectRef
from migrate.operations.classify import Standing, classify
from migrate.operations.invert import invert
from migrate.operations.model import Condition, Convert, Holds, Operation, Patch, Restart
from migrate.planning.back.outcomes import concerned
from migrate.planning.back.pinback import MODEL_PATHS
from migrate.planning.back.standing import standing_in
from migrate.planning.change.conversion import first_image
from migrate.planning.change.copystages import awaited_of
from migrate.planning.check.checks_installed import unfit
from migrate.planning.model import codes
from migrate.planning.model.desired import Activate
from migrate.planning.model.findings import accept, finding
from migrate.planning.model.plan import Finding, Forecast, Plan, Stage
from migrate.planning.model.selection import marked
from migrate.planning.model.strategy import Strategy
from migrate.planning.world.activation import READY, acts_at_once, restart_of
from migrate.planning.world.forecast import World, between, forecast
from migrate.planning.world.moves import Moves
from migrate.planning.world.restarts import has_restart, with_restarts
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of

MODEL = "/spec/predictor/model"
SHOWN = 10
"""How many objects an error names."""


def is_across(plan: Plan, rules: Rules | None) -> bool:
    """Tell whether a plan was made under other rules than these."""
    planned = rules_for(parse_release(plan.release)) if plan.release else None
    return planned != rules


def rejudged(
    plan: Plan,
    snapshot: Snapshot,
    live: Mapping[ObjectRef, Manifest | None],
    accepted: Sequence[str] = (),
) -> Plan:
    """Return the plan of a run with waits, forecast and findings by the rules that hold now.

    Its operations and waves are as recorded; ``live`` has their objects. What ``accepted`` names
    (``CODE``, ``CODE=NAMESPACE/NAME``) is accepted beside what the plan accepts. Raise BlockedError
    where the release is not known, or something that is left cannot be done under it, and
    UsageError for a code that cannot be accepted.
    """
    rules = snapshot.rules
    if rules is None:
        raise BlockedError(
            f"the run was begun under KServe {plan.release}, and the release that runs now is "
            f"not known: found {snapshot.release or 'nothing that tells'}",
            "give --kserve-version X.Y.Z",
        )
    if plan.options.strategy is Strategy.RESTORE:
        raise BlockedError(
            f"the run brings back what a checkpoint of KServe {plan.release} holds, and "
            f"{snapshot.release} runs now",
            f"kmigrate rollback takes back what was done; or bring KServe {plan.release} back, "
            "then kmigrate apply",
        )
    left = [op for op in plan.operations if classify(op, live[op.target]) is not Standing.APPLIED]
    _refuse(plan, snapshot, rules, left)
    snapshot, now = _converted(plan, snapshot, world_of(snapshot, rules))
    planned = standing_in(snapshot, now, plan.operations)
    back = standing_in(snapshot, now, map(invert, plan.operations))
    rows = tuple(forecast(now, planned, back, snapshot.workloads))
    rows = tuple(marked(rows, plan.options.selection, now.services.__getitem__))
    rows = with_restarts(rows, left, plan.activations, now)
    stages = _stages(plan, snapshot, now, planned, rows)
    told = (*unfit(snapshot), *_findings(plan, snapshot, rows, now, planned))
    return msgspec.structs.replace(
        plan,
        release=str(snapshot.release),
        apply=stages,
        findings=accept(told, (*plan.options.accept, *accepted)),
        forecast=rows,
    )


def _refuse(plan: Plan, snapshot: Snapshot, rules: Rules, left: Iterable[Operation]) -> None:
    """Raise BlockedError that names what is left and cannot be done, and why."""
    acts = [act for act in plan.activations if isinstance(act, Convert)]
    lost = [(op.target, why) for op in left if (why := impossible(op, plan, snapshot, rules))]
    if acts and not rules.converts_on_write:
        lost.extend((act.target, f"KServe {rules.name} converts no service") for act in acts)
    if not lost:
        return
    reasons = "; ".join(dict.fromkeys(why for _, why in lost))
    named = ", ".join(str(ref) for ref, _ in lost[:SHOWN])
    more = f" and {len(lost) - SHOWN} more" if len(lost) > SHOWN else ""
    raise BlockedError(
        f"the run was begun under KServe {plan.release}, and {snapshot.release} runs now: what "
        f"is left of it cannot be done: {reasons} ({named}{more})",
        f"kmigrate rollback takes back what was done; or bring KServe {plan.release} back, "
        "then kmigrate apply",
    )


def impossible(operation: Operation, plan: Plan, snapshot: Snapshot, rules: Rules) -> str:
    """Say why an operation means nothing, or something else, under these rules; else empty."""
    target = operation.target
    if target == snapshot.config_ref and not rules.predictors_read:
        return f"KServe {rules.name} does not read predictors"
    if target.kind in (terms.CLUSTER_RUNTIME, terms.SERVING_RUNTIME) and not rules.knows_model:
        return f"KServe {rules.name} has no ServingRuntimes"
    if plan.options.activate is Activate.NONE and acts_at_once([target], rules):
        return f"KServe {rules.name} acts on an edited runtime at once (--activate=none)"
    if is_framework_pin(operation) and rules.converts_on_write:
        return f"KServe {rules.name} converts a service at any write, so no pin moves alone"
    return ""


def is_framework_pin(operation: Operation) -> bool:
    """Tell whether a pin in the framework field of a service is written."""
    change = operation.change
    if operation.target.kind != terms.INFERENCE_SERVICE or not isinstance(change, Patch):
        return False
    return not {edit.path for edit in change.edits} & {*MODEL_PATHS}


def _converted(plan: Plan, snapshot: Snapshot, now: World) -> tuple[Snapshot, World]:
    """Return the cluster once the services are converted that the run converts."""
    every = (act.target for act in plan.activations if isinstance(act, Convert))
    left = [ref for ref in every if ref in now.services]
    left = [ref for ref in left if now.shape(ref).spec.predictor.model is None]
    if not left:
        return snapshot, now
    written = (admitted(now.services[ref], now.config) for ref in left)
    after = replace(snapshot, services=now.services.changed(written))
    return after, World(now.config, after.services)


def _stages(
    plan: Plan, snapshot: Snapshot, now: World, planned: World, rows: Iterable[Forecast]
) -> tuple[Stage, ...]:
    """Return the recorded stages, with the controller and the waits of now."""
    by_service = {row.service: row for row in rows}
    restarts, rolled_out = restart_of(snapshot)
    differing = between(now, planned)

    def stage(former: Stage) -> Stage:
        restarted = has_restart(former.activations)
        kept = tuple(act for act in former.activations if not isinstance(act, Restart))
        followed = [by_service[ref] for ref in _followed(plan, former) if ref in by_service]
        awaited = awaited_of(planned, snapshot, followed, differing)
        converted = {act.target for act in kept if isinstance(act, Convert)}
        first = (one for row in followed if row.service in converted for one in first_image(row))
        lasting = (one for one in former.conditions if _lasts(one, now))
        return msgspec.structs.replace(
            former,
            activations=(*restarts, *kept) if restarted else kept,
            conditions=(*(rolled_out if restarted else ()), *lasting, *first, *awaited),
        )

    return tuple(map(stage, plan.apply))


def _followed(plan: Plan, stage: Stage) -> Iterable[ObjectRef]:
    """Return the services that a stage writes, wakes, or waits for."""
    written = (plan.operations[at].target for at in stage.operations)
    owners = (one.owner for one in stage.conditions if one.owner is not None)
    acts = (act.target for act in stage.activations)
    return dict.fromkeys(
        ref for ref in (*owners, *acts, *written) if ref.kind == terms.INFERENCE_SERVICE
    )


def _lasts(condition: Condition, now: World) -> bool:
    """Tell whether a recorded wait holds under any release: for the form, and for readiness."""
    if not isinstance(condition, Holds) or condition.target not in now.services:
        return False
    if condition.path == READY:
        return now.shape(condition.target).status.is_ready
    return condition.path.startswith(MODEL)


def _findings(
    plan: Plan, snapshot: Snapshot, rows: Iterable[Forecast], now: World, planned: World
) -> Iterator[Finding]:
    text = (
        f"the run was begun under KServe {plan.release}, and {snapshot.release} runs now: what "
        "is left of it is judged by the rules of that release"
    )
    yield finding(codes.OTHER_RELEASE, text, "kmigrate rollback takes it back in place of this")
    mine = {row.service: row for row in concerned(plan)}
    yield from _other_images(plan, mine, rows)
    moves = Moves(now.resolved, planned.resolved).moves
    known = {row.service for row in plan.forecast} - mine.keys()
    caught = [row for row in rows if row.service in known and moves(row.service)]
    for runtime, alike in _by(caught, lambda row: str(row.runtime_after_plan or "no runtime")):
        text = f"KServe {snapshot.release} moves them by what is left, to {runtime}"
        fix = "the run was not to touch them: kmigrate rollback takes it back"
        yield finding(codes.MOVED_SINCE, text, fix, alike)


def _other_images(
    plan: Plan, mine: Mapping[ObjectRef, Forecast], rows: Iterable[Forecast]
) -> Iterator[Finding]:
    """Tell who would not get the image that was planned."""
    planned = {ref: row.after_plan for ref, row in mine.items()}
    others = [
        row for row in rows if (image := planned.get(row.service)) and image != row.after_plan
    ]

    def pair(row: Forecast) -> str:
        found = f"{row.after_plan or 'no image'} ({row.reason})"
        return f"planned {planned[row.service]}, and would get {found}"

    for text, alike in _by(others, pair):
        fix = f"kmigrate rollback takes the run back; or bring KServe {plan.release} back"
        yield finding(codes.PLANNED_OTHERWISE, text, fix, alike)


def _by(
    rows: Collection[Forecast], key: Callable[[Forecast], str]
) -> Iterator[tuple[str, list[ObjectRef]]]:
    for value, group in groupby(sorted(rows, key=key), key=key):
        yield value, [row.service for row in group]
