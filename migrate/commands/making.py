"""Making a plan: flags to options, cluster to snapshot, both to a plan."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from migrate.cluster.port import Cluster
from migrate.commands.conversions import with_answers
from migrate.commands.files import write_whole
from migrate.commands.formerflags import refuse_beside_former
from migrate.commands.longwork import long_work
from migrate.commands.places import with_places
from migrate.commands.reading import read_snapshot
from migrate.errors import UsageError
from migrate.operations.classify import to_make
from migrate.operations.model import Create, Delete, Operation, Patch
from migrate.operations.patching import json_patch
from migrate.planning.former.bringing import bring_back
from migrate.planning.hold.make import make_plan
from migrate.planning.model import planfile
from migrate.planning.model.desired import Desired, Options, Selection
from migrate.planning.model.plan import Plan
from migrate.planning.model.selection import checked
from migrate.planning.model.strategy import RESET
from migrate.planning.model.typed import merged, parse_set
from migrate.planning.world.snapshot import Snapshot


def options(sets: Sequence[str], file: str, others: Options) -> Options:
    """Return what the flags ask for. Raise UsageError where they do not parse.

    ``others`` are those that need no reading, as they were given.
    """
    if others.resets:
        _refuse_beside_reset(others)
    wanted = [parse_set(text) for text in sets]
    if file:
        wanted.extend(_from_file(file))
    accepted = tuple(sorted(set(others.accept)))
    found = msgspec.structs.replace(others, images=merged(wanted), accept=accepted)
    refuse_beside_former(file, found)
    return found


def _refuse_beside_reset(others: Options) -> None:
    """Raise UsageError: a reset is for the whole cluster, and writes to no service."""
    if others.selection != Selection():
        raise UsageError(
            f"{RESET} is for the whole cluster: it cannot be narrowed to a selection",
            "leave out -n, -l, --format, --runtime and --exclude",
        )
    if others.repin:
        raise UsageError(f"{RESET} writes to no InferenceService", "leave out --repin")


def selection(
    namespaces: Sequence[str],
    selector: str,
    formats: Sequence[str],
    runtimes: Sequence[str],
    exclude: Sequence[str],
    *,
    everywhere: bool,
) -> Selection:
    """Return who is meant. Raise UsageError where that cannot be."""
    if namespaces and everywhere:
        raise UsageError("-n and -A contradict each other", "leave one of them out")
    given = (tuple(each) for each in (namespaces, formats, runtimes, exclude))
    where, which, on, but = given
    return checked(Selection(where, selector, which, on, but))


def plan(cluster: Cluster, namespace: str, wanted: Options) -> Plan:
    """Read the cluster and plan. Raise the ApiError classes, UsageError or BlockedError."""
    return plan_and_snapshot(cluster, namespace, wanted)[0]


def plan_and_snapshot(cluster: Cluster, namespace: str, wanted: Options) -> tuple[Plan, Snapshot]:
    """Read the cluster and plan; return what was read, too. Raise as ``plan``."""
    with long_work("reading the cluster, and planning"), uncollected():
        snapshot = read_snapshot(cluster, namespace, wanted.kserve_version)
        made = with_places(cluster, _made(cluster, snapshot, wanted), snapshot)
        return with_answers(cluster, made, snapshot), snapshot


def _made(cluster: Cluster, snapshot: Snapshot, wanted: Options) -> Plan:
    if not wanted.former or snapshot.rules is None:
        return make_plan(snapshot, wanted)
    from migrate.commands.formers import read_former  # noqa: PLC0415 -- seldom needed

    return bring_back(snapshot, wanted, read_former(cluster, wanted.former, snapshot))


@contextmanager
def uncollected() -> Iterator[None]:
    """Leave garbage alone: what is read lives as long as the plan, and looking it over costs.

    At 50,000 services the collector took a third of the time. Nor does it look at that later.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def carried_out(cluster: Cluster, operations: Iterable[Operation]) -> Cluster:
    """Return a copy in memory of what the cluster will be after these operations.

    Raise ConflictError or NotFoundError where one of them cannot be made any more.
    """
    from migrate.cluster.memory import MemoryCluster  # noqa: PLC0415 -- seldom needed

    copy = MemoryCluster(base=cluster, name=cluster.name)
    for operation in operations:
        _carry_out(copy, operation)
    return copy


def _carry_out(copy: Cluster, operation: Operation) -> None:
    match operation.change:
        case Create(manifest):
            copy.create(manifest)
        case Delete():
            meta = copy.get(operation.target)["metadata"]
            copy.delete(operation.target, uid=meta["uid"], resource_version=meta["resourceVersion"])
        case Patch() as change:
            live = copy.get(operation.target)
            copy.patch(operation.target, json_patch(to_make(change, live), live))


def load(path: Path) -> Plan:
    """Read a saved plan. Raise UsageError where it cannot be read, or is not one."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "kmigrate plan --out FILE") from error
    return planfile.load(data, str(path))


def save(made: Plan, path: Path) -> None:
    """Write a plan for its owner alone, whole or not at all."""
    write_whole(path, [planfile.dump(made)])


def _from_file(file: str) -> tuple[Desired, ...]:
    # Slow to import, and needed for -f alone.
    from migrate.commands import yamlfile  # noqa: PLC0415
    from migrate.planning.model.desiredfile import from_document  # noqa: PLC0415

    document = yamlfile.read(file)
    return from_document(document.value, document.name, document.lines)
