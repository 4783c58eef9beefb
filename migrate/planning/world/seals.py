"""Fields that a plan relies on as a whole: sealed by digests, before it and after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import UNSET

from migrate.kserve import terms
from migrate.kserve.rules import Rules, ServerBy
from migrate.objects import Json, Manifest, ObjectRef, canonical, count, pointer, sha256, value_at
from migrate.operations.model import Activation
from migrate.operations.stale import leaves_of
from migrate.planning.model.plan import Forecast, Plan, Seal, Stage
from migrate.planning.world.copies import DECIDING
from migrate.planning.world.course import Course
from migrate.planning.world.restarts import has_restart
from migrate.planning.world.snapshot import Snapshot

FIELD = pointer("data", terms.PREDICTORS_KEY)
SPEC = "/spec"


def seals_of(
    before: Snapshot, course: Course, rows: Sequence[Forecast], stages: Sequence[Stage]
) -> tuple[Seal, ...]:
    """Return the seals of what the services follow: none where the plan does nothing.

    They follow all of `predictors`, where the release reads it, and the whole spec of their
    runtime, with the annotation that names its server where the release goes by that: at a
    restart all of them, else those that it moves or wakes. What a copy is made of is sealed, too.
    """
    return tuple(_seals(before, course, rows, stages)) if stages else ()


def _seals(
    before: Snapshot, course: Course, rows: Sequence[Forecast], stages: Sequence[Stage]
) -> Iterator[Seal]:
    after = course.after
    if before.rules is not None and before.rules.predictors_read:
        yield _seal(before.config_ref, FIELD, before.config, after.config)
    acts = [activation for stage in stages for activation in stage.activations]
    for ref in dict.fromkeys((*course.sealed, *_followed(rows, acts))):
        if ref in before.originals:
            for path in _deciding(before.rules):
                yield _seal(ref, path, before.originals[ref], after.originals[ref])


def _deciding(rules: Rules | None) -> tuple[str, ...]:
    """Return the fields of a runtime that its services follow."""
    is_by_annotation = rules is not None and rules.server_by is ServerBy.ANNOTATION
    return DECIDING if is_by_annotation else (SPEC,)


def _seal(ref: ObjectRef, path: str, before: Manifest, after: Manifest) -> Seal:
    found, planned = value_at(before, path), value_at(after, path)
    return Seal(ref, path, digest_of(found), digest_of(planned), leaves_of(found))


def _followed(rows: Sequence[Forecast], activations: Sequence[Activation]) -> list[ObjectRef]:
    is_restarted, woken = has_restart(activations), {act.target for act in activations}
    refs = {
        row.runtime_after_plan
        for row in rows
        if (is_restarted or row.restarts or row.service in woken) and row.runtime_after_plan
    }
    return sorted((r for r in refs if r.kind == terms.CLUSTER_RUNTIME), key=lambda ref: ref.place)


def digest_of(value: Json) -> str:
    """Return the digest of a field: of a text its bytes, else of its canonical JSON.

    Empty for a field that is not there.
    """
    if value is UNSET:
        return ""
    return sha256(value if isinstance(value, str) else canonical(value))


def is_broken(seal: Seal, live: Manifest | None) -> bool:
    """Tell whether the field is neither as before the plan nor as the plan leaves it."""
    return digest_of(value_at(live, seal.path)) not in (seal.before, seal.after)


def why(plan: Plan, seal: Seal) -> str:
    """Return why another value of a sealed field matters."""
    if seal.target.kind in terms.RUNTIMES:
        users = sum(row.runtime_after_plan == seal.target for row in plan.forecast)
        return f"the whole of it decides for {count(users, 'InferenceService')}"
    if plan.options.checkpoint:
        return "the whole ConfigMap is brought back to the checkpoint"
    if has_restart(plan.activations):
        return "everybody follows the whole of predictors at the restart"
    return "the services that are reconciled follow the whole of predictors"
