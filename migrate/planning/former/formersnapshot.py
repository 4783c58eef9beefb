"""Former images, read from a cluster as it was: a checkpoint, a backup, or parts of either."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from migrate.catalog.runtimes import StockRuntime, stock
from migrate.kserve.resolution import Verdict
from migrate.objects import Json, Manifest, ObjectRef, value_at
from migrate.planning.former.former import Former, FormerImage, FormerService, Source
from migrate.planning.model.desired import EnvVar
from migrate.planning.model.plan import ImageRow
from migrate.planning.model.settings import flag_of
from migrate.planning.stock.images import image_rows, runtime_rows
from migrate.planning.stock.mirrors import mirror_of, taken_for_stock
from migrate.planning.stock.shipped import distance
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of

_PLACES = ("/spec/containers/name=kserve-container", "/spec/containers/0")
_SETTINGS = ("name", "image", "env", "args")


def from_snapshot(
    snapshot: Snapshot, source: Source, ran: Mapping[ObjectRef, str] | None = None
) -> Former:
    """Return what a cluster as it was tells. ``ran`` are images that services are known to run.

    Raise BlockedError (PredictorsError) where its configuration cannot be read. The release of the
    snapshot must be known.
    """
    assert snapshot.rules is not None
    world = world_of(snapshot, snapshot.rules)
    images = tuple(_images(snapshot, world, source))
    overridden = {one.entry for one in images if not one.has_stock_image and one.image}
    services = _services(snapshot, world, ran or {}, overridden)
    return Former(
        release=str(snapshot.release),
        sources=(source,),
        images=images,
        services=tuple(msgspec.structs.replace(one, source=source) for one in services),
        gaps=tuple(_gaps(snapshot, source)),
        cluster_uid=snapshot.cluster_uid,
    )


def _gaps(snapshot: Snapshot, source: Source) -> Iterator[str]:
    assert snapshot.rules is not None
    if not snapshot.services:
        yield f"{source.text} has no InferenceServices: what each ran is not known"
    if snapshot.rules.knows_model and not snapshot.originals:
        yield f"{source.text} has no ClusterServingRuntimes: images set in them are not known"


def _images(snapshot: Snapshot, world: World, source: Source) -> Iterator[FormerImage]:
    """Yield each image that was set globally, a mirror's as stock."""
    release = snapshot.release
    own = image_rows(world.predictors, release, {})
    runtimes = runtime_rows(world.config, release, ())
    mirror = mirror_of([*own, *runtimes])
    for row in taken_for_stock(own, mirror):
        if row.image:
            yield _image(row, source)
    shipped = {one.name: one for one in stock(str(release))}
    manifests = {ref.name: each for ref, each in snapshot.originals.items() if not ref.namespace}
    for row in taken_for_stock(runtimes, mirror):
        name = row.entry.removeprefix("runtime/")
        found = _settings(manifests.get(name, {}), shipped.get(name))
        is_stock = row.is_stock and not (found["env"] or found["args"])
        yield msgspec.structs.replace(_image(row, source), **found, is_stock=is_stock)


def _image(row: ImageRow, source: Source) -> FormerImage:
    return FormerImage(
        entry=row.entry,
        image=row.image,
        source=source,
        stock=row.stock,
        is_stock=row.is_stock,
        has_stock_image=row.is_stock,
    )


def _settings(manifest: Manifest, shipped: StockRuntime | None) -> dict[str, tuple[Json, ...]]:
    """Return what the first container says beside what is shipped: variables, flags, and fields.

    And what else of the spec is not as shipped: the manifests put that back. Of what manifest and
    chart ship, the nearer one counts.
    """
    found = _container(manifest)
    if shipped is None or not found:
        return {"env": (), "args": (), "others": ()}
    each = (_container({"spec": one.spec}) for one in shipped.origins)
    near = min(each, key=lambda one: distance(found, one))
    known = {item["name"]: item for item in near.get("env") or ()}
    env = [item for item in found.get("env") or () if known.get(item["name"]) != item]
    literal = tuple(
        EnvVar(item["name"], item.get("value") or "") for item in env if "valueFrom" not in item
    )
    args = _flags(found.get("args") or (), near.get("args") or ())
    others = [f"env {item['name']}" for item in env if "valueFrom" in item]
    others += _gone(found, near)
    rest = sorted({*found, *near} - {*_SETTINGS})
    others += [key for key in rest if found.get(key) != near.get(key)]
    others += _beside(manifest["spec"], [one.spec for one in shipped.origins])
    return {"env": literal, "args": args, "others": tuple(others)}


def _beside(spec: Manifest, shipped: Sequence[Manifest]) -> Iterator[str]:
    """Yield what is not as any of these ships it, but for the first container.

    What none of them has stays through an upgrade: see ``reapplied``.
    """
    known = {name for one in shipped for name in _names(one)}
    yield from (f"container {name}" for name in _names(spec) if name not in known)
    for key in sorted(set().union(*shipped) - {"containers"}):
        if all(spec.get(key) != one.get(key) for one in shipped):
            yield key


def _names(spec: Manifest) -> list[str]:
    return [str(one.get("name")) for one in spec.get("containers") or ()]


def _container(manifest: Manifest) -> Manifest:
    found = (value_at(manifest, place) for place in _PLACES)
    return next((each for each in found if each), {})


def _flags(found: Sequence[str], shipped: Sequence[str]) -> tuple[str, ...]:
    """Return the flags that were set otherwise, each with its value behind ``=``."""
    known = set(_joined(shipped))
    return tuple(flag for flag in _joined(found) if flag not in known and flag.startswith("--"))


def _joined(args: Sequence[str]) -> Iterator[str]:
    flag = ""
    for arg in [*args, "-"]:
        if flag and not arg.startswith("-"):
            yield f"{flag}={arg}"
            flag = ""
            continue
        if flag:
            yield flag
        is_open = arg.startswith("--") and "=" not in arg
        flag = arg if is_open else ""
        if not is_open and arg != "-":
            yield arg


def _gone(found: Manifest, shipped: Manifest) -> Iterator[str]:
    """Yield what is shipped and was taken away: no wish can say that."""
    names = {item["name"] for item in found.get("env") or ()}
    flags = {flag_of(arg) for arg in found.get("args") or ()}
    yield from (f"no env {i['name']}" for i in shipped.get("env") or () if i["name"] not in names)
    yield from (f"no {a}" for a in shipped.get("args") or () if flag_of(a) not in flags)


def _services(
    snapshot: Snapshot, world: World, ran: Mapping[ObjectRef, str], overridden: set[str]
) -> Iterator[FormerService]:
    for ref in sorted(snapshot.services, key=lambda ref: ref.place):
        running = snapshot.workloads.get(world.workload(ref, snapshot.workloads))
        image = ran.get(ref) or (running.image if running else world.shared(ref).image)
        if image:
            entry, due = entry_of(world, ref), world.shared(ref).image or ""
            yield FormerService(
                service=ref,
                image=image,
                source=Source("", ""),
                entry=entry,
                is_set=entry in overridden,
                uid=snapshot.services.uid(ref),
                due=due if due != image else "",
            )


def entry_of(world: World, ref: ObjectRef) -> str:
    """Return what gives a service its image, as `--set` spells it; empty where nothing global does.

    A service that names its image itself gets none.
    """
    found = world.shared(ref)
    if key := world.key(ref):
        return "/".join(filter(None, (*key[:2], "gpu" if key[2] else "")))
    is_given = found.verdict in (Verdict.RESOLVED, Verdict.NOT_RECONCILED)
    if found.runtime is not None and found.runtime.is_cluster and is_given:
        return f"runtime/{found.runtime.name}"
    return ""
