"""Images moved into ServingRuntimes of the namespaces that need them: which are made, and where.

Each has the name of the ClusterServingRuntime whose place it takes in its namespace, and its
spec: so what KServe keys on names stays, and the pods of who used that one stay the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

import msgspec

from migrate.kserve import terms
from migrate.kserve.runtimes import Runtime
from migrate.objects import Manifest, ObjectRef
from migrate.operations.model import Create, Edit, Operation, Patch
from migrate.operations.patching import apply_edits
from migrate.planning.change.protocols import listing, lists_protocols
from migrate.planning.model.desired import Options
from migrate.planning.model.exceptions import Carried, images_of, of_copy, shared, wanted_for
from migrate.planning.model.selection import meant
from migrate.planning.model.settings import edits_in, merged
from migrate.planning.model.targets import Target
from migrate.planning.stock.editedruntimes import overridden
from migrate.planning.world.changed import carried_out
from migrate.planning.world.closure import Taken, taken, used
from migrate.planning.world.copies import copy_of, copy_ref
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of


class Copy(msgspec.Struct, frozen=True):
    """A runtime of a namespace in the place of the ClusterServingRuntime ``source``.

    ``change`` is None where it is there, and as it is wanted. ``keeps`` tells that it is made only
    to keep services where they are.
    """

    target: ObjectRef
    source: ObjectRef
    change: Create | Patch | None
    keeps: bool = False


@dataclass(frozen=True)
class Expansion:
    """The copies by their references, and where they lead.

    ``foreign`` are runtimes that are there under a name that a copy would need, and are not ours;
    ``taken`` are services that no further copy keeps where they are. ``services`` are those of the
    namespaces that have copies, by namespace, ``converted`` those of them that are converted.
    ``carried`` is what is wanted of each copy.
    """

    copies: Mapping[ObjectRef, Copy]
    after: Snapshot
    planned: World
    foreign: Mapping[ObjectRef, Sequence[ObjectRef]]
    taken: Sequence[Taken]
    services: Mapping[str, Sequence[ObjectRef]] = field(default_factory=dict)
    converted: Collection[ObjectRef] = ()
    carried: Carried = field(default_factory=dict)

    @cached_property
    def in_namespace(self) -> Mapping[str, Sequence[ObjectRef]]:
        """The copies of each namespace."""
        found: dict[str, list[ObjectRef]] = {}
        for ref in self.copies:
            found.setdefault(ref.namespace, []).append(ref)
        return found

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What makes the copies, in the order of their places."""
        return operations_of(self.copies.values())


def operations_of(copies: Iterable[Copy]) -> tuple[Operation, ...]:
    """Return what makes these copies, in the order of their places."""
    ordered = sorted(copies, key=lambda copy: copy.target.place)
    return tuple(Operation(c.target, c.change, _reason(c)) for c in ordered if c.change)


def _reason(copy: Copy) -> str:
    if isinstance(copy.change, Patch) and lists_protocols(copy.change):
        return f"list the protocols of {copy.source}"
    if copy.keeps:
        return f"keep the services of {copy.source} where they are"
    return f"a copy of {copy.source}"


def expand(
    snapshot: Snapshot,
    now: World,
    options: Options,
    targets: Sequence[Target],
    also: Collection[ObjectRef] = (),
    own: Mapping[ObjectRef, Target] = {},
    content: Collection[ObjectRef] = (),
) -> Expansion:
    """Return the copies that the namespaces of the selected services need.

    They are copies of the runtimes that are targets; where nothing says which images are wanted, of
    all that are overridden.
    Services of ``also`` need theirs anyhow, those of ``content`` none, and ``own`` is what single
    copies are to have of which no image is wanted.
    Raise BlockedError where what is wanted of one cannot be expressed.
    """
    is_told = options.images or options.former
    sources = {t.runtime for t in targets} if is_told else overridden(snapshot, now)
    work = _Work(snapshot, now, targets, own)
    served = (ref for ref in now.services if ref in also and used(now, ref))
    users = (ref for ref in work.users(sources, options) if ref not in content)
    for ref in chain(users, served):
        work.place(ref)
    for copy, change in listing(snapshot, now, options).items():
        work.list_protocols(copy, change)
    return replace(work.closed(), converted=also)


class _Work:
    """The copies as they are found, namespace by namespace."""

    def __init__(
        self,
        snapshot: Snapshot,
        now: World,
        targets: Sequence[Target],
        own: Mapping[ObjectRef, Target],
    ) -> None:
        self.snapshot, self.now, self.targets, self.own = snapshot, now, targets, own
        self.copies: dict[ObjectRef, Copy] = {}
        self.carried: dict[ObjectRef, tuple[Target, ...]] = {}
        self.foreign: dict[ObjectRef, list[ObjectRef]] = {}
        self.by_namespace: dict[str, list[ObjectRef]] = {}
        for ref in sorted(now.services, key=lambda ref: ref.place):
            self.by_namespace.setdefault(ref.namespace, []).append(ref)
        self._by_name: dict[str, list[Target]] = {}
        for target in targets:
            self._by_name.setdefault(target.runtime.name, []).append(target)

    def users(self, sources: Iterable[ObjectRef], options: Options) -> Iterator[ObjectRef]:
        """Yield the selected services that use a source, or a runtime under its name."""
        names = {ref.name for ref in sources}
        is_meant = meant(options.selection, self.now.services.__getitem__)
        for ref in self.now.services:
            runtime = used(self.now, ref)
            if runtime is None or runtime.name not in names or not is_meant(ref, runtime):
                continue
            asked = self._targets_of(runtime.name)
            if not asked or wanted_for(asked, self.now.services, ref):
                yield ref

    def _targets_of(self, name: str) -> Sequence[Target]:
        """Return what is wanted of the ClusterServingRuntime of that name."""
        return self._by_name.get(name, ())

    def place(self, service: ObjectRef) -> None:
        """See to it that the runtime of a service has a copy in its namespace."""
        runtime = used(self.now, service)
        assert runtime is not None
        target = copy_ref(runtime.name, service.namespace)
        if target in self.copies:
            return
        known = self.snapshot.runtimes.of(service.namespace).get(runtime.name)
        if known is None or known.ref in self.snapshot.originals:
            self.copies[target] = self._copy(target, known)
        elif runtime.namespace == "" or self.targets:
            # Without a wish, who uses a runtime of their own namespace depends on nothing global.
            self.foreign.setdefault(target, []).append(service)

    def _copy(self, target: ObjectRef, known: Runtime | None) -> Copy:
        source = source_ref(target.name)
        self.carried[target] = of_copy(target, self._shared(target))
        if known is not None:
            edits = self._edits(target, self.snapshot.originals[target])
            return Copy(target, source, Patch(edits) if edits else None)
        return Copy(target, source, Create(self._manifest(source, target)))

    def _shared(self, copy: ObjectRef) -> tuple[Target, ...]:
        """Return what is wanted of a copy by all who use it, selected or not."""
        every = ((ref, used(self.now, ref)) for ref in self.by_namespace[copy.namespace])
        users = (ref for ref, runtime in every if runtime and runtime.name == copy.name)
        return shared(self._targets_of(copy.name), self.now.services, users)

    def _manifest(self, source: ObjectRef, target: ObjectRef) -> Manifest:
        original = self.snapshot.originals[source]
        made = copy_of(original, target.namespace, self.snapshot.release)
        return apply_edits(self._edits(target, original), made)

    def _edits(self, copy: ObjectRef, manifest: Manifest) -> tuple[Edit, ...]:
        mine = self.carried[copy]
        if copy in self.own and not images_of({copy: mine}):
            mine = (*mine, self.own[copy])
        if not mine:
            return ()
        wish = merged(source_ref(copy.name), [target.desired for target in mine])
        return edits_in(manifest, mine[0].container, wish)

    def list_protocols(self, copy: ObjectRef, change: Patch) -> None:
        """Have a copy that is there list its protocols, unless it is edited anyway."""
        if copy not in self.copies or self.copies[copy].change is None:
            self.copies[copy] = Copy(copy, source_ref(copy.name), change)
            self.carried.setdefault(copy, ())

    def closed(self) -> Expansion:
        """Add copies until nobody else moves, or no copy helps."""
        while True:
            after = carried_out(self.snapshot, operations_of(self.copies.values()))
            planned = world_of(after, self.now.rules) if self.copies else self.now
            found = list(self._taken(planned))
            if not [one for one in found if self._keep(one)]:
                break
        touched = {ref.namespace for ref in self.copies}
        services = {name: self.by_namespace[name] for name in sorted(touched)}
        made = (self.copies, after, planned, self.foreign, found, services)
        return Expansion(*made, carried=self.carried)

    def _taken(self, planned: World) -> Iterator[Taken]:
        for namespace in sorted({ref.namespace for ref in self.copies}):
            yield from taken(self.now, planned, self.by_namespace[namespace], self.copies)

    def _keep(self, one: Taken) -> bool:
        """Make a copy of the runtime that the service is taken from, where that can be done."""
        if one.before is None or one.before.namespace:
            return False
        target = copy_ref(one.before.name, one.service.namespace)
        known = self.snapshot.runtimes.of(target.namespace).get(target.name)
        if target in self.copies or known is not None:
            return False
        made = copy_of(self.snapshot.originals[one.before], target.namespace, self.snapshot.release)
        self.copies[target] = Copy(target, one.before, Create(made), keeps=True)
        self.carried[target] = ()
        return True


def source_ref(name: str) -> ObjectRef:
    """Return the reference of the ClusterServingRuntime of that name."""
    return ObjectRef(terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME, name)
