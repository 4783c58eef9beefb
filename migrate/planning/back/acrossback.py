"""What a rollback under another release than the run's cannot bring back. Pure.

The upgrade replaced what the services go back to. What the run made goes all the same; what stays,
and who gets something else than before, is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import groupby

from migrate.kserve.services import FormKind, form_of
from migrate.objects import ObjectRef
from migrate.planning.back.across import is_framework_pin
from migrate.planning.model import codes
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding, Forecast, Plan
from migrate.planning.model.strategy import Strategy
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot


def pins_that_stay(plan: Plan, now: World) -> frozenset[ObjectRef]:
    """Return the services whose former pin cannot be written: the write would convert them.

    From 0.8 on the webhook does so at any write (``setPredictorModelDefaults`` in
    ``inference_service_defaults.go`` of 0.8.0). The pin of one that is converted is somewhere else.
    """
    if not now.rules.converts_on_write:
        return frozenset()
    pinned = (op.target for op in plan.operations if is_framework_pin(op))
    return frozenset(ref for ref in pinned if ref in now.services and _is_framework(now, ref))


def _is_framework(now: World, ref: ObjectRef) -> bool:
    return form_of(now.shape(ref)).kind is FormKind.FRAMEWORK


def across_findings(
    plan: Plan, snapshot: Snapshot, pins: Collection[ObjectRef]
) -> Iterator[Finding]:
    """Tell under which release the run was made, and what of it nobody follows any more."""
    release = snapshot.release
    text = (
        f"the run was begun under KServe {plan.release}, and {release} runs now: what the services "
        "go back to is what that release makes of the cluster of now"
    )
    yield finding(codes.OTHER_RELEASE, text)
    rules, config = snapshot.rules, snapshot.config_ref
    if rules and not rules.predictors_read and any(o.target == config for o in plan.operations):
        text = (
            f"KServe {release} does not read predictors: what the run set there goes back where "
            "it still stands, and no service follows"
        )
        fix = "kmigrate plan --to-runtimes --convert gives the services their images back"
        yield finding(codes.NOT_FOLLOWED, text, fix, [config])
    if pins:
        yield _staying(plan, str(release), pins)


def _staying(plan: Plan, release: str, refs: Collection[ObjectRef]) -> Finding:
    """Tell whose field stays as the run wrote it: an image that was held is all that they have."""
    why = f"KServe {release} converts at any write"
    if plan.options.strategy is Strategy.HOLD:
        text = f"the images that the run wrote into them stay, and so do their pods: {why}"
        return finding(codes.NOT_FOLLOWED, text, "", refs)
    fix = (
        "kmigrate apply --to-runtimes --convert, then kmigrate plan --set NAME=IMAGE --repin moves "
        "them"
    )
    text = f"their pins stay as the run set them: {why}"
    return finding(codes.NOT_FOLLOWED, text, fix, refs)


def now_otherwise(plan: Plan, rows: Iterable[Forecast]) -> Iterator[Finding]:
    """Tell who goes back to a runtime that gives other pods than before the run.

    Who gets another image is told so (KM302).
    """
    former = {row.service: row.now for row in plan.forecast}
    ordered = sorted((r for r in rows if former.get(r.service) == r.after_plan), key=_told)
    for text, alike in groupby(ordered, key=_told):
        fix = "kmigrate plan --to-runtimes --set runtime/NAME=IMAGE gives them an image of yours"
        yield finding(codes.NOT_FOLLOWED, text, fix, [row.service for row in alike])


def _told(row: Forecast) -> str:
    runtime = row.runtime_after_plan
    return f"they go back to {runtime}, which is another since the run: {row.after_plan}"
