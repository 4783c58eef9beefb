"""Which recorded run a verb is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import UNSET

from migrate import __version__
from migrate.cluster.port import Cluster
from migrate.commands.installed import cluster_uid, get_all, running_release
from migrate.errors import BlockedError, StaleError, UsageError
from migrate.execute import record
from migrate.execute.checkpoints import CheckpointRow
from migrate.execute.run import Run
from migrate.kserve.table import rules_for
from migrate.objects import ObjectRef, sha256, value_at
from migrate.operations.classify import Standing, classify
from migrate.operations.invert import invert
from migrate.operations.model import Convert, Direction, Operation
from migrate.planning.back.across import is_across
from migrate.planning.model import planfile
from migrate.planning.model.desired import Options, without_release
from migrate.planning.model.fields import nearest
from migrate.planning.model.plan import Plan
from migrate.planning.world.copies import stamped


def plan_of(cluster: Cluster, run: Run) -> Plan:
    """Return the plan that a run recorded. Raise BlockedError where it cannot be read.

    It is damaged, or says what a later kmigrate wrote, and this one does not know.
    """
    payload = record.payload_of(cluster, run)
    try:
        return planfile.decode(payload, f"run {run.head.id}")
    except UsageError as error:
        raise BlockedError(
            f"{error.message}; it was written by kmigrate {run.head.version}, this is "
            f"{__version__}",
            "use the kmigrate that wrote it, or a later one",
        ) from error


def resumable(
    cluster: Cluster, runs: Sequence[Run], options: Options, saved: Plan | None
) -> tuple[Run | None, Plan | None]:
    """Return the unfinished run and its plan; else no run, and the saved plan if any.

    An unfinished run is never planned over: asked for something else, this is refused. What is
    accepted beside does not make it something else.
    """
    run = next((r for r in runs if not r.finished), None)
    if run is None:
        return None, saved
    recorded = plan_of(cluster, run)
    wanted = _wish(options)
    is_same = carries(run, saved) if saved else wanted in (_wish(recorded.options), Options())
    if not is_same:
        raise BlockedError(
            f"run {run.head.id} is unfinished ({run.state}; {run.head.summary}), "
            "and this asks for something else",
            "kmigrate apply (without flags goes on with it), or kmigrate rollback",
        )
    return run, recorded


def _wish(options: Options) -> Options:
    return msgspec.structs.replace(without_release(options), accept=())


def carries(run: Run, plan: Plan) -> bool:
    """Tell whether the run carries this plan out: its creates bear the name of the run."""
    return sha256(planfile.encode(stamped(plan, run.head.id))) == run.head.digest


def later_writers(cluster: Cluster, runs: Sequence[Run], run: Run) -> dict[ObjectRef, str]:
    """Return the newest run after this one that wrote each object, and still stands there."""
    return {ref: r.head.id for r, stands in _newer(cluster, runs, run) for ref in stands}


def _newer(
    cluster: Cluster, runs: Sequence[Run], run: Run
) -> Iterator[tuple[Run, frozenset[ObjectRef]]]:
    """Yield each run after this one with the objects on which it stands."""
    for other in (r for r in runs if r.place > run.place and r.state != "rolled back"):
        operations = plan_of(cluster, other).operations
        if other.finished and other.direction is Direction.ROLLBACK:
            operations = _standing(cluster, operations)
        yield other, frozenset(operation.target for operation in operations)


def _standing(cluster: Cluster, operations: Sequence[Operation]) -> tuple[Operation, ...]:
    """Return the operations that are not taken back, as the objects are now."""
    live = get_all(cluster, (op.target for op in operations))
    return tuple(
        op for op in operations if classify(invert(op), live[op.target]) is not Standing.APPLIED
    )


def leaves_rest(cluster: Cluster, recorded: Plan, part: Plan) -> bool:
    """Tell whether something of a run stands that is no part of what is taken back."""
    mine = {operation.target for operation in part.operations}
    return bool(_standing(cluster, [op for op in recorded.operations if op.target not in mine]))


def stands_applied(cluster: Cluster, plan: Plan) -> bool:
    """Tell whether every operation of the plan is found done, and every service converted."""
    acts = [act for s in plan.apply for act in s.activations if isinstance(act, Convert)]
    wanted = [*(op.target for op in plan.operations), *(act.target for act in acts)]
    live = get_all(cluster, wanted)
    found = (classify(op, live[op.target]) for op in plan.operations)
    is_done = bool(plan.operations) and all(one is Standing.APPLIED for one in found)
    return is_done and all(value_at(live[act.target], act.path) is not UNSET for act in acts)


def chosen(runs: Sequence[Run], name: str, beside: Sequence[CheckpointRow] = ()) -> Run | None:
    """Return the run of that id, or the latest; None where none was recorded.

    Raise UsageError where there is no such run; ``beside`` are checkpoints that it may mean.
    """
    if not name:
        return runs[-1] if runs else None
    for run in runs:
        if run.head.id == name:
            return run
    ids, saved = [run.head.id for run in runs], [row.name for row in beside]
    near = nearest(name, [*ids, *saved])
    listed = f"; recorded: {', '.join(ids) or 'none'}"
    listed += f"; checkpoints: {', '.join(saved)}" if saved else ""
    meant = f"; did you mean {near}?" if near else ""
    what = "run or checkpoint" if saved else "run"
    raise UsageError(f"no {what} {name}{meant}{listed}", "kmigrate status")


def standing_below(runs: Sequence[Run]) -> Iterator[str]:
    """Yield the command that takes back the latest run that still stands, if there is one."""
    standing = [run.head.id for run in runs if run.state != "rolled back"]
    if standing:
        yield f"next: kmigrate rollback {standing[-1]}"


def refuse_overtaken(cluster: Cluster, runs: Sequence[Run], run: Run, plan: Plan) -> None:
    """Raise BlockedError where a newer run touched the same objects and still stands."""
    mine = {operation.target for operation in plan.operations}
    for other, theirs in _newer(cluster, runs, run):
        if mine & theirs:
            raise BlockedError(
                f"run {run.head.id} lies under the newer run {other.head.id} ({other.state}), "
                f"which touched {', '.join(sorted(map(str, mine & theirs)))} too",
                f"kmigrate rollback {other.head.id}",
            )


def refuse_elsewhere(cluster: Cluster, plan: Plan, kserve_version: str) -> None:
    """Raise StaleError where the plan was made for another cluster, another release, or none."""
    refuse_other_cluster(cluster, plan)
    _refuse_other_release(cluster, plan, kserve_version or plan.options.kserve_version)


def refuse_other_cluster(cluster: Cluster, plan: Plan) -> None:
    """Raise StaleError where the plan was made for another cluster, or for none."""
    found = cluster_uid(cluster)
    if not plan.cluster_uid and cluster.controllers_act:
        raise StaleError(
            "the plan was made from files that do not tell their cluster: it can be read only",
            "kmigrate plan --out FILE, on the cluster",
        )
    if plan.cluster_uid != found:
        raise StaleError(
            f"the plan is for another cluster, uid {plan.cluster_uid or '(none)'}; "
            f"this is {cluster.name}, uid {found or '(none)'}",
            "choose the right --context, or plan again",
        )


def _refuse_other_release(cluster: Cluster, plan: Plan, kserve_version: str) -> None:
    """Releases with the same rules do the same; under others the plan means something else."""
    found = running_release(cluster, plan.kserve_namespace, kserve_version)
    if is_across(plan, rules_for(found) if found else None):
        raise StaleError(
            f"the plan is for KServe {plan.release or '(unknown)'}; "
            f"{found or 'an unknown release'} runs now, and would make something else of it",
            "kmigrate plan again, with --out FILE; or bring the former release back, or give "
            "--kserve-version",
        )
