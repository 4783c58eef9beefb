"""Reading what was set globally before an upgrade, and what is kept of workloads of then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import msgspec

from migrate.cluster.port import Cluster
from migrate.commands.formercheckpoint import snapshot_of
from migrate.commands.helmrecords import HelmRecord, is_former, records
from migrate.commands.installed import listed
from migrate.errors import BlockedError, ForbiddenError
from migrate.kserve import terms
from migrate.kserve.replicas import Kept, ReplicaSet, Revision, kept_of
from migrate.kserve.rules import Rules
from migrate.kserve.table import rules_for
from migrate.objects import Manifest
from migrate.planning.former.applied import differing_applied, written_at
from migrate.planning.former.former import Source
from migrate.planning.former.formersnapshot import from_snapshot
from migrate.planning.former.history import Told
from migrate.planning.former.moments import Moment, last_written
from migrate.planning.stock.reach import nearest_reader
from migrate.planning.world.snapshot import Snapshot

T = TypeVar("T")


@dataclass
class Reading:
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

    def told(
        self,
        objects: Sequence[Manifest],
        release: str,
        source: Source,
        *,
        is_seen: bool = False,
    ) -> Iterator[Told]:
        """Yield what manifests tell: mostly those that were applied once, not those of now."""
        config = next((o for o in objects if o["kind"] == "ConfigMap"), self._without_predictors())
        others = [one for one in objects if one["kind"] != "ConfigMap"]
        guess = release or str(nearest_reader(_predictors(config)) or self.now.release or "")
        try:
            found = snapshot_of([config, *others], self.now.namespace, guess, source.text)
            if found.rules is not None:
                told = msgspec.structs.replace(from_snapshot(found, source), gaps=(), services=())
                yield Told(told, is_seen)
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


def unread(read: Reading, moment: Moment, rules: Rules) -> Iterator[Told]:
    """Yield what stands in `predictors`, where the former release read it and this one does not."""
    config = read.now.config
    former = rules_for(moment.release) if moment.release else None
    was_read = former is None or former.predictors_read
    is_there = terms.PREDICTORS_KEY in (config.get("data") or {})
    if is_there and was_read and not rules.predictors_read:
        at = last_written(config, "f:data", f"f:{terms.PREDICTORS_KEY}")
        text = f"predictors of ConfigMap {terms.CONFIG_MAP}, unread by KServe {rules.name}"
        yield from read.told([config], str(moment.release or ""), Source(at, text), is_seen=True)


def applied(read: Reading, moment: Moment) -> Iterator[Told]:
    """Yield what was applied with kubectl, where that is not what is there."""
    live = [read.now.config, *(o for ref, o in read.now.originals.items() if not ref.namespace)]
    found = [(one, written_at(one), differing_applied(one)) for one in live]
    former = [(at, was) for _, at, was in found if was and not (moment.at and at >= moment.at)]
    if former:
        names = ", ".join(sorted(was["metadata"]["name"] for _, was in former))
        source = Source(min(at for at, _ in former), f"last-applied-configuration of {names}")
        yield from read.told([was for _, was in former], str(moment.release or ""), source)


def helm(read: Reading, moment: Moment) -> Iterator[Told]:
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
