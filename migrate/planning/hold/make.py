"""Making a plan: a strategy says what is done, and the rest is the same for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from migrate.kserve.rules import Rules
from migrate.planning.change.in_place import in_place
from migrate.planning.change.reset_global import reset_global
from migrate.planning.change.to_runtimes import to_runtimes
from migrate.planning.check import checks
from migrate.planning.check.checks_installed import unknown_release
from migrate.planning.hold.hold import hold
from migrate.planning.hold.preparing import prepared
from migrate.planning.model.codes import FORESEEN, PINNED
from migrate.planning.model.desired import Options
from migrate.planning.model.findings import accept, as_warning
from migrate.planning.model.plan import Finding, Forecast, Plan
from migrate.planning.model.selection import marked, narrowed
from migrate.planning.model.strategy import Strategy
from migrate.planning.stock.images import with_goals
from migrate.planning.stock.imagesset import images_set
from migrate.planning.world.case import Case
from migrate.planning.world.closure import settled
from migrate.planning.world.course import Course
from migrate.planning.world.forecast import World, forecast
from migrate.planning.world.restarts import with_restarts
from migrate.planning.world.seals import seals_of
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of

Making = Callable[[Snapshot, World, Options], Course]
STRATEGIES: Mapping[Strategy, Making] = {
    Strategy.IN_PLACE: in_place,
    Strategy.TO_RUNTIMES: to_runtimes,
    Strategy.RESET_GLOBAL: reset_global,
    Strategy.HOLD: hold,
}


def make_plan(snapshot: Snapshot, options: Options, course: Making | None = None) -> Plan:
    """Plan what the options ask for. Without images it tells what is, and changes nothing.

    ``course`` makes the course of what the options alone do not tell: see planning.restore.

    Raise BlockedError (PredictorsError) where the configuration cannot be read, UsageError
    where the options ask for what there is not.
    """
    plan = Plan(
        cluster_uid=snapshot.cluster_uid,
        kserve_namespace=snapshot.namespace,
        release=str(snapshot.release or ""),
        strategy=options.strategy.value,
        options=options,
    )
    if snapshot.rules is None:
        found = accept([unknown_release(snapshot, options)], options.accept)
        return msgspec.structs.replace(plan, findings=found)
    made = partial(_content, course or STRATEGIES[options.strategy])
    content = prepared if options.prepares else made
    return msgspec.structs.replace(plan, **content(snapshot, snapshot.rules, options))


def _content(make: Making, snapshot: Snapshot, rules: Rules, options: Options) -> dict[str, Any]:
    now = world_of(snapshot, rules)
    course = make(snapshot, now, options)
    rows = forecast(now, course.planned, course.back or now, snapshot.workloads)
    rows = marked(_staying(rows, course), options.selection, now.services.__getitem__)
    images = images_set(snapshot, now, course.wanted, course.targets)
    if options.resets or options.strategy is Strategy.RESTORE:
        images = with_goals(images, course.planned, snapshot.release)
    directions = course.stages(rows)
    activations = [a for stage in directions["apply"] for a in stage.activations]
    rows = with_restarts(rows, course.operations, activations, now)
    written = [operation.target for operation in course.operations]
    asked = (course.planned, course.wanted, course.targets)
    made = (course.copies, course.carried)
    case = Case(snapshot, now, *asked, rows, images, written, directions["apply"], *made)
    findings = [*course.findings, *checks.run(case, options)]
    if not options.asks:
        findings = list(narrowed(findings, rows))
        rows = tuple(row for row in rows if not row.outside)
    return {
        "operations": course.operations,
        **directions,
        "seals": seals_of(snapshot, course, rows, directions["apply"]),
        "images": images,
        "findings": accept(_heeded(findings, options), options.accept),
        "forecast": rows,
    }


def _heeded(findings: Iterable[Finding], options: Options) -> Iterator[Finding]:
    """Yield the findings. Pins made the former images what they were: they block none of these.

    Who gets which image by a conversion is told beside the former image.
    """
    for one in findings:
        if not (options.former and one.code == FORESEEN):
            yield as_warning(one) if options.former and one.code == PINNED else one


def _staying(rows: Sequence[Forecast], course: Course) -> Iterator[Forecast]:
    """Yield the rows, those that a rollback leaves with what they have after the plan.

    And each with its image after the upgrade, where the plan is for one.
    """
    for row in rows:
        left = {"after_rollback": row.after_plan} if row.service in course.stays else {}
        later = course.upgraded
        image = {"after_upgrade": settled(later, row.service).image} if later else {}
        yield msgspec.structs.replace(row, **left, **image) if left or image else row
