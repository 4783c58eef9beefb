"""Reading what a cluster still knows of the time before an upgrade."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import TypeVar

import msgspec

from migrate.cluster.port import Cluster
from migrate.commands import checkpoints
from migrate.commands.formers import of_checkpoint, snapshot_of
from migrate.commands.helmrecords import HelmRecord, is_former, records
from migrate.commands.installed import listed
from migrate.commands.runs import plan_of
from migrate.errors import BlockedError, ForbiddenError, StaleError
from migrate.execute import record
from migrate.kserve import terms
from migrate.kserve.releases import parse_release
from migrate.kserve.replicas import Kept, ReplicaSet, Revision, kept_of
from migrate.objects import Manifest, ObjectRef
from migrate.operations.model import Direction
from migrate.planning.applied import differing_applied, written_at
from migrate.planning.forecast import World
from migrate.planning.former import Former, FormerService, Source
from migrate.planning.formerof import FormerOf
from migrate.planning.formerruns import from_run
from migrate.planning.formersnapshot import from_snapshot
from migrate.planning.history import Ran, Told, from_history
from migrate.planning.imagesset import images_set
from migrate.planning.moments import Moment, before, moment_of
from migrate.planning.plan import Reach
from migrate.planning.reach import nearest_reader
from migrate.planning.snapshot import Snapshot
from migrate.planning.worlds import world_of

T = TypeVar("T")


@dataclass
class _Read:
    """What is read, and why some of it is not."""

    cluster: Cluster
    now: Snapshot
    gaps: list[str] = field(default_factory=list)

    def kept(self) -> list[Kept]:
        """Read the former states of all workloads, as far as that is allowed."""
        kinds: list[type[ReplicaSet | Revision]] = [ReplicaSet]
        kinds += [Revision] if self.now.has_knative else []
        found: list[Kept] = []
        for kind in kinds:
            every = partial(self._kept, kind)
            found.extend(self.allowed(f"{kind.KIND}s may not be listed", every))
        return found

    def _kept(self, kind: type[ReplicaSet | Revision]) -> Iterator[Kept]:
        every: Iterator[ReplicaSet | Revision] = listed(self.cluster, kind)
        return (one for one in map(kept_of, every) if one is not None)

    def allowed(self, lacking: str, read: Callable[[], Iterable[T]]) -> list[T]:
        """Read what may be read and is whole; for anything else there is a gap."""
        try:
            return list(read())
        except ForbiddenError as error:
            self.gaps.append(f"{lacking}: {error.message}")
        except BlockedError as error:
            self.gaps.append(error.message)
        return []

    def told(self, objects: Sequence[Manifest], release: str, source: Source) -> Iterator[Told]:
        """Yield what manifests tell that were applied once; those of now are no other source."""
        config = next((o for o in objects if o["kind"] == "ConfigMap"), self._without_predictors())
        others = [one for one in objects if one["kind"] != "ConfigMap"]
        guess = release or str(nearest_reader(_predictors(config)) or self.now.release or "")
        try:
            found = snapshot_of([config, *others], self.now.namespace, guess, source.text)
            if found.rules is not None:
                told = msgspec.structs.replace(from_snapshot(found, source), gaps=(), services=())
                yield Told(told, is_seen=False)
        except BlockedError as error:
            self.gaps.append(f"{source.text} cannot be read: {error.message}")

    def _without_predictors(self) -> Manifest:
        """Return the ConfigMap of now, as if no image were set in it: others tell that."""
        data = {**(self.now.config.get("data") or {})}
        if terms.PREDICTORS_KEY in data:
            data[terms.PREDICTORS_KEY] = _EMPTY
        return {**self.now.config, "data": data}


_BOTH = '{"v1": {}, "v2": {}}'
_EMPTY = f'{{"sklearn": {_BOTH}, "xgboost": {_BOTH}, "pytorch": {_BOTH}}}'


def _predictors(config: Manifest) -> str | None:
    text = (config.get("data") or {}).get(terms.PREDICTORS_KEY)
    return None if text in (None, _EMPTY) else str(text)


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
    read = _Read(cluster, now)
    world = world_of(now, now.rules)
    kept = read.kept()
    moment = _moment(read, kept, asked)
    told = [
        *_checkpoint(read, moment),
        *_run(read, moment),
        *_applied(read, moment),
        *(_helm(read, moment) if asked.reads_helm else ()),
    ]
    entries = [row.entry for row in images_set(now, world, {}, ()) if row.verdict not in UNREAD]
    found = from_history(world, moment, _ran(world, kept, moment), told, read.gaps, entries)
    return msgspec.structs.replace(found, cluster_uid=now.cluster_uid)


def _moment(read: _Read, kept: Iterable[Kept], asked: FormerOf) -> Moment:
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


def _checkpoint(read: _Read, moment: Moment) -> Iterator[Told]:
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


def _run(read: _Read, moment: Moment) -> Iterator[Told]:
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


def _applied(read: _Read, moment: Moment) -> Iterator[Told]:
    """Yield what was applied with kubectl, where that is not what is there."""
    live = [read.now.config, *(o for ref, o in read.now.originals.items() if not ref.namespace)]
    found = [(one, written_at(one), differing_applied(one)) for one in live]
    former = [(at, was) for _, at, was in found if was and not (moment.at and at >= moment.at)]
    if former:
        names = ", ".join(sorted(was["metadata"]["name"] for _, was in former))
        source = Source(min(at for at, _ in former), f"last-applied-configuration of {names}")
        yield from read.told([was for _, was in former], str(moment.release or ""), source)


def _helm(read: _Read, moment: Moment) -> Iterator[Told]:
    """Yield what the last revision of each Helm release from before the upgrade says."""
    last: dict[str, HelmRecord] = {}
    every = partial(records, read.cluster, read.now.namespace)
    for one in read.allowed("Helm's records may not be read", every):
        is_newer = one.name not in last or last[one.name].revision < one.revision
        if is_newer and is_former(one, moment, read.now.release):
            last[one.name] = one
    if not last:
        where = f"in namespace {read.now.namespace}"
        read.gaps.append(f"no record of Helm {where} is of KServe from before the upgrade")
    for one in last.values():
        source = Source(one.at, f"revision {one.revision} of Helm release {one.name}")
        yield from read.told(one.objects, str(one.release or moment.release or ""), source)
