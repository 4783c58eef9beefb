"""Going on with a run under another release of KServe than the one it was begun under."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from migrate.cluster.port import Cluster
from migrate.commands.comparing import Compared, compare
from migrate.commands.installed import get_all, running_release
from migrate.commands.reading import read_snapshot
from migrate.commands.runs import refuse_elsewhere, refuse_other_cluster
from migrate.errors import BlockedError, ForbiddenError
from migrate.execute.run import Run
from migrate.kserve.releases import Release
from migrate.kserve.table import rules_for
from migrate.planning.back.across import is_across, rejudged
from migrate.planning.model.plan import Plan


@dataclass(frozen=True)
class Judged:
    """The plan to carry out, and what looks at it once more before the first write.

    ``is_other``: it is that of a run that was begun under other rules.
    """

    plan: Plan
    is_other: bool
    check: Callable[[], Compared]


def judge(
    cluster: Cluster, made: Plan, run: Run | None, kserve_version: str, accepted: Sequence[str]
) -> Judged:
    """Judge a plan by the release that runs; of a run, say so. Raise as ``continued``.

    Raise StaleError for a plan without a run that was made for other rules.
    """
    if run is None:
        refuse_elsewhere(cluster, made, kserve_version)
        return Judged(made, is_other=False, check=partial(compare, cluster, made, kserve_version))
    plan = continued(cluster, made, kserve_version, accepted)
    is_other = plan.release != made.release
    tell_run(run, made.release, plan.release)
    if is_other:
        return Judged(plan, is_other, partial(recheck, cluster, plan, kserve_version, accepted))
    return Judged(plan, is_other, partial(compare, cluster, plan, kserve_version))


def continued(
    cluster: Cluster, made: Plan, kserve_version: str, accepted: Sequence[str] = ()
) -> Plan:
    """Return the plan of a run as it is to be gone on with.

    Under the rules that it was made for that is the plan itself; see ``rejudged`` for others, and
    for what is raised. Raise StaleError where it was made for another cluster.
    """
    refuse_other_cluster(cluster, made)
    asked = kserve_version or made.options.kserve_version
    found = running_release(cluster, made.kserve_namespace, asked)
    if not is_across(made, rules_for(found) if found else None):
        return made
    return _rejudged(cluster, made, kserve_version, accepted)


def _rejudged(cluster: Cluster, made: Plan, kserve_version: str, accepted: Sequence[str]) -> Plan:
    asked = kserve_version or made.options.kserve_version
    snapshot = read_snapshot(cluster, made.kserve_namespace, asked)
    live = get_all(cluster, (op.target for op in made.operations))
    return rejudged(made, snapshot, live, accepted)


def recheck(cluster: Cluster, made: Plan, kserve_version: str, accepted: Sequence[str]) -> Compared:
    """Return what holds now. Raise BlockedError where that forbids to go on.

    Accepted is what was asked for, and no more: others may come under the same code. To be called
    by the holder of the Lease, as the last thing before the first write.
    """
    fresh = _rejudged(cluster, made, kserve_version, accepted)
    for found in fresh.blocking:
        raise BlockedError(f"{found.code} came meanwhile: {found.text}", found.fix)
    return Compared(fresh.forecast)


def tell_run(run: Run, former: str, release: str) -> None:
    """Say which run is gone on with, and under which release."""
    told = f"run {run.head.id} is unfinished; this goes on with its plan:"
    if former != release:
        told = (
            f"run {run.head.id} was begun under KServe {former}, and {release} runs now.\n"
            "It is unfinished; this goes on with what is left, by the rules of that release:"
        )
    print(told, file=sys.stderr)


def other_release(cluster: Cluster, made: Plan) -> Release | None:
    """Return the release that runs where its rules are not those of the plan; else None.

    None as well where it cannot be told, or may not be read.
    """
    try:
        found = running_release(cluster, made.kserve_namespace, made.options.kserve_version)
    except (BlockedError, ForbiddenError):
        return None
    return found if found and is_across(made, rules_for(found)) else None
