"""Reading what a cluster still knows of the time before an upgrade."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import product

import msgspec

from migrate.cluster.port import Cluster
from migrate.commands import checkpoints
from migrate.commands.formercheckpoint import of_checkpoint
from migrate.commands.formersources import Reading, applied, helm, unread
from migrate.commands.runs import plan_of
from migrate.errors import BlockedError, StaleError
from migrate.execute import record
from migrate.kserve import terms
from migrate.kserve.releases import parse_release
from migrate.kserve.replicas import Kept
from migrate.objects import ObjectRef
from migrate.operations.model import Direction
from migrate.planning.former.former import Former, FormerService, Source
from migrate.planning.former.formerruns import from_run
from migrate.planning.former.history import Ran, Told, from_history
from migrate.planning.former.moments import Moment, before, moment_of
from migrate.planning.model.formerof import FormerOf
from migrate.planning.model.plan import Reach
from migrate.planning.stock.imagesset import images_set
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of

UNREAD = (Reach.UNREAD, Reach.WRONG_SHAPE)


def read_history(cluster: Cluster, asked: FormerOf, now: Snapshot) -> Former:
    """Return what the cluster still knows of the time before its upgrade.

    What may not be read, or is damaged, is a gap and no error. Raise BlockedError where the
    configuration of now cannot be read, or the release that runs is not known.
    """
    if now.rules is None:
        raise BlockedError(
            f"--from-history: expected a known release of KServe, found {now.release or 'none'}",
            "--kserve-version X.Y.Z",
        )
    read = Reading(cluster, now)
    world = world_of(now, now.rules)
    kept = read.kept()
    moment = _moment(read, kept, asked)
    told = [
        *_checkpoint(read, moment),
        *_run(read, moment),
        *unread(read, moment, now.rules),
        *applied(read, moment),
        *(helm(read, moment) if asked.reads_helm else ()),
    ]
    entries = [row.entry for row in images_set(now, world, {}, ()) if row.verdict not in UNREAD]
    found = from_history(world, moment, _ran(world, kept, moment), told, read.gaps, entries)
    return msgspec.structs.replace(found, cluster_uid=now.cluster_uid)


def _moment(read: Reading, kept: Iterable[Kept], asked: FormerOf) -> Moment:
    now = read.now
    mine = [one for one in kept if _is_controller(one, now.namespace)]
    moment = moment_of(mine, now.release, now.config)
    if not moment.at:
        read.gaps.append("nothing tells when KServe was upgraded, so what is from before it")
    if asked.release:
        moment = msgspec.structs.replace(moment, release=parse_release(asked.release))
    return moment


def _is_controller(one: Kept, namespace: str) -> bool:
    return one.namespace == namespace and one.owner in terms.CONTROLLER_NAMES


def _ran(world: World, kept: Iterable[Kept], moment: Moment) -> Ran:
    """Return what each service of now ran right before the upgrade."""
    by_workload: dict[tuple[str, str, str], list[Kept]] = {}
    for one in kept if moment.at else ():
        by_workload.setdefault((one.kind, one.namespace, one.owner), []).append(one)
    services = {}
    for ref in world.services:
        found = _before(_of(world, ref, by_workload), moment.at)
        if found is not None:
            kinds = "Revisions" if found.kind == terms.KNATIVE_SERVICE else "ReplicaSets"
            source = Source(found.created, kinds)
            services[ref] = FormerService(service=ref, image=found.image, source=source)
    return Ran(services)


def _before(kept: Iterable[Sequence[Kept]], at: str) -> Kept | None:
    """Return the newest of what workloads ran right before: each has numbers of its own."""
    found = [one for one in (before(each, at) for each in kept) if one is not None]
    return max(found, key=lambda one: one.created, default=None)


def _of(
    world: World, ref: ObjectRef, kept: dict[tuple[str, str, str], list[Kept]]
) -> Sequence[Sequence[Kept]]:
    """Return what is kept of a service's workloads, also under the names of former releases.

    Of both modes: 0.16 to 0.18 take RawDeployment in a status for Knative (``GetDeploymentMode`` in
    ``utils.go``), so what ran before is a Deployment, and what is written now a Knative Service.
    """
    names = (world.workload(ref).name, f"{ref.name}-predictor", f"{ref.name}-predictor-default")
    places = product((terms.DEPLOYMENT, terms.KNATIVE_SERVICE), dict.fromkeys(names))
    return [kept.get((kind, ref.namespace, name), []) for kind, name in places]


def _checkpoint(read: Reading, moment: Moment) -> Iterator[Told]:
    """Yield what the newest checkpoint from before the upgrade tells, of those that are whole."""
    every = partial(checkpoints.names, read.cluster, read.now.namespace)
    rows = read.allowed("checkpoints may not be listed", every)
    mine = [one for one in rows if _is_before(one.created, one.release, read.now, moment)]
    for row in reversed(mine):
        try:
            found = checkpoints.read(read.cluster, read.now.namespace, row.name)
            yield Told(of_checkpoint(found, read.now), is_seen=True)
        except (BlockedError, StaleError) as error:
            read.gaps.append(error.message)
        else:
            return


def _is_before(at: str, release: str, now: Snapshot, moment: Moment) -> bool:
    return at < moment.at if moment.at else bool(release) and release != str(now.release)


def _run(read: Reading, moment: Moment) -> Iterator[Told]:
    """Yield what the last run of kmigrate from before the upgrade left."""
    every = partial(record.runs, read.cluster, read.now.namespace)
    found = read.allowed("runs of kmigrate may not be listed", every)
    mine = [one for one in found if one.finished and one.state in DONE]
    for run in reversed(mine):
        try:
            plan = plan_of(read.cluster, run)
        except BlockedError as error:
            read.gaps.append(error.message)
            continue
        if _is_before(run.journal[-1].at, plan.release, read.now, moment):
            is_applied = run.direction is Direction.APPLY
            source = Source(run.journal[-1].at, f"run {run.head.id} of KServe {plan.release}")
            yield Told(from_run(plan, source, is_applied=is_applied), is_seen=True)
            return


DONE = ("applied", "rolled back")
