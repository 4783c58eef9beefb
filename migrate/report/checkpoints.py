"""Checkpoints as text and as data: a row of them, what was made, what one holds, what differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from migrate.execute.checkpoints import CheckpointRow
from migrate.objects import count
from migrate.planning.former.sincecheckpoint import Moved, Since
from migrate.planning.model.checkpoint import Contents
from migrate.planning.model.plan import API_VERSION
from migrate.report.lines import NAMES_SHOWN, WIDTH, few, wrapped

CHECK = "kmigrate check --target RELEASE    says what an upgrade would do"
SHOWN = 10
"""How many services are told; -o json has all."""


class CheckpointLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A checkpoint in a list of them; see CheckpointRow. ``chunks`` counts its ConfigMaps."""

    name: str
    created: str
    release: str
    services: int
    runtimes: int
    unresolved: int
    operator: str
    version: str
    cluster_uid: str
    size: int
    chunks: int
    trouble: str = ""


class CheckpointResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What `kmigrate checkpoint -o json` writes.

    ``stored`` tells whether it is in the cluster. A dry run writes no ``file``, and names none.
    """

    api_version: Literal["kmigrate.dev/v1alpha1"] = API_VERSION
    kind: Literal["CheckpointResult"] = "CheckpointResult"
    checkpoint: CheckpointLine
    kserve_namespace: str
    stored: bool
    file: str
    dry_run: bool


class OverrideRow(msgspec.Struct, frozen=True, rename="camel"):
    """An image that was set globally and is not what the release ships."""

    entry: str
    image: str
    stock: str


class SinceCheckpoint(msgspec.Struct, frozen=True, rename="camel"):
    """What the cluster has of it now.

    ``unfit`` says why the two cannot be compared; ``release`` is the one that runs, empty if not
    known.
    """

    cluster: str
    release: str = ""
    unfit: str = ""
    since: Since = Since()


class CheckpointStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a checkpoint holds; ``found`` is None where no cluster was asked.

    ``checkpoint`` is what a person types to name it: its name, or its file. ``unfinished``: see
    Contents.
    """

    checkpoint: str
    kserve_namespace: str
    line: CheckpointLine
    overrides: tuple[OverrideRow, ...]
    unfinished: str = ""
    found: SinceCheckpoint | None = None


def line_of(row: CheckpointRow) -> CheckpointLine:
    """Return the row as a list shows it."""
    fields = {name: getattr(row, name) for name in CheckpointLine.__struct_fields__ if name in ROW}
    return CheckpointLine(chunks=len(row.pieces), **fields)


ROW = set(CheckpointRow.__struct_fields__)


def overrides_of(contents: Contents) -> tuple[OverrideRow, ...]:
    """Return the images that were set globally and were not stock."""
    found = (row for row in contents.images if not row.is_stock)
    return tuple(OverrideRow(row.entry, row.image, row.stock) for row in found)


def made_lines(made: CheckpointResult) -> Iterator[str]:
    """Yield what was saved, where, and the next command to type."""
    line = made.checkpoint
    yield f"checkpoint {line.name} of KServe {line.release}"
    yield from _counts(line)
    would = "would be saved" if made.dry_run else "saved"
    if made.stored:
        maps = count(line.chunks + 1, "ConfigMap")
        yield from wrapped(
            f"  {would} in namespace {made.kserve_namespace}: {maps}, {line.size:,} bytes"
        )
    if made.file:
        yield from wrapped(f"  {would} in {made.file}: {line.size:,} bytes")
    if not made.dry_run:
        yield f"next: {CHECK}"


def _counts(line: CheckpointLine) -> Iterator[str]:
    services, runtimes = count(line.services, "InferenceService"), count(line.runtimes, "runtime")
    yield f"  {services}, {runtimes}, the global configuration"
    if line.unresolved:
        told = f"{count(line.unresolved, 'service')} whose next image cannot be told"
        yield from wrapped(f"  {told}: kmigrate explain NAMESPACE/NAME says why")


def checkpoint_rows(lines: Sequence[CheckpointLine]) -> Iterator[str]:
    """Yield a line for each."""
    for one in lines:
        services = count(one.services, "service")
        said = one.trouble or f"KServe {one.release}  {services}  {one.created}"
        yield from wrapped(f"checkpoint {one.name}  {said}")


def checkpoint_lines(shown: CheckpointStatus) -> Iterator[str]:
    """Yield what it holds, what differs now, and the next command to type."""
    line = shown.line
    yield f"checkpoint {shown.checkpoint}"
    yield f"  of KServe {line.release}, made {line.created}"
    yield from wrapped(f"  by {line.operator} with kmigrate {line.version}")
    yield f"  cluster uid {line.cluster_uid or '(none)'}"
    yield from _counts(line)
    if line.size:
        yield f"  {line.size:,} bytes in {count(line.chunks + 1, 'ConfigMap')}"
    if shown.unfinished:
        yield from wrapped(f"  run {shown.unfinished} was unfinished: half of its change is in it")
    yield "  set globally:" if shown.overrides else "  all global images were stock"
    for row in shown.overrides:
        yield from wrapped(f"    {row.entry}: {row.image} (stock: {row.stock or 'none known'})")
    if shown.found:
        yield from _found(shown.found, line)
    yield f"next: {_next(shown)}"
    if line.size:
        yield "to delete it:"
        yield f"  kubectl delete configmap -n {shown.kserve_namespace} \\"
        yield f"    -l kmigrate.dev/checkpoint={line.name}"


def _found(found: SinceCheckpoint, line: CheckpointLine) -> Iterator[str]:
    yield from wrapped(f"in {found.cluster}:")
    if found.unfit:
        yield from wrapped(f"  {found.unfit}")
        return
    if found.release != line.release:
        yield f"  KServe {found.release or '(release unknown)'} runs now"
    if found.since.is_nothing:
        yield "  nothing differs from it"
    yield from _since(found.since)


def _since(since: Since) -> Iterator[str]:
    if since.config:
        yield from wrapped(f"  the configuration differs in {few(since.config, NAMES_SHOWN)}")
    groups = (
        ("runtimes changed", since.runtimes_changed),
        ("runtimes gone", since.runtimes_gone),
        ("runtimes new", since.runtimes_new),
        ("services gone", since.gone),
        ("services new", since.new),
    )
    for word, objects in groups:
        if objects:
            yield from wrapped(f"  {word}: {len(objects):,}: {few(objects, NAMES_SHOWN)}")
    if since.moved:
        yield f"  {count(len(since.moved), 'service')} with another image now:"
    for one in since.moved[:SHOWN]:
        yield from _moved(one)
    if len(since.moved) > SHOWN:
        yield f"    and {len(since.moved) - SHOWN:,} more: -o json shows all"


def _moved(one: Moved) -> Iterator[str]:
    yield f"    {one.service.removeprefix('InferenceService ')}"
    yield f"      then {one.then}"
    yield f"      now  {one.now or '(none seen)'}"


def _next(shown: CheckpointStatus) -> str:
    name, found = shown.checkpoint, shown.found
    if found is None:
        return _with(f"kmigrate status {name}", "on the cluster says what differs now")
    if found.unfit:
        return "kmigrate status    lists the checkpoints of this cluster"
    if found.release != shown.line.release:
        return _with(f"kmigrate plan --from-checkpoint {name}", "tells what was lost")
    since = found.since
    if not (since.config or since.moved or since.runtimes_changed or since.runtimes_gone):
        return CHECK
    return _with(f"kmigrate rollback {name}", "takes the configuration back")


def _with(command: str, why: str) -> str:
    """Return the command, and what it is for where that fits."""
    whole = f"{command}    {why}"
    return whole if len(whole) + len("next: ") <= WIDTH else command
