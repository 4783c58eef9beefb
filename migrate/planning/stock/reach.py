"""Whom an image that is set globally reaches: a verdict, with the services behind it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from migrate.catalog.predictors import VARIANTS
from migrate.kserve import terms
from migrate.kserve.image import ImageFormatError, parse_image
from migrate.kserve.predictors import Predictors, PredictorsError, decode
from migrate.kserve.problems import ProblemKind
from migrate.kserve.releases import Release
from migrate.kserve.services import format_of
from migrate.kserve.table import rules_for
from migrate.objects import Json, ObjectRef, value_at
from migrate.planning.model.plan import ImageRow, Reach
from migrate.planning.stock.images import image_rows
from migrate.planning.world.forecast import World

READERS = (Release(0, 9), Release(0, 8), Release(0, 7))
"""The releases that read `predictors`, the newest first."""


def judged(rows: Iterable[ImageRow], world: World) -> tuple[ImageRow, ...]:
    """Return the rows of what the release reads, each with whom it reaches and whom it misses."""
    seen = _Seen(world)
    return tuple(_judged(row, seen) for row in rows)


def unread(text: str | None, predictors: Predictors) -> tuple[ImageRow, ...]:
    """Return a row for each image in `predictors` that the release does not read.

    Either it reads none at all (0.10 and later), or not in this shape. What some release ships
    there is stock.
    """
    if text is None:
        return ()
    if not predictors.rules.predictors_read:
        found = min(map(_as_read_by(text), READERS), key=_overridden)
        return tuple(msgspec.structs.replace(row, verdict=Reach.UNREAD) for row in found)
    return tuple(_misshapen(json.loads(text), predictors))


def nearest_reader(text: str | None) -> Release | None:
    """Return the release whose shipped `predictors` a text is nearest to, of those that read it.

    None where there is no text, or none that any of them can read.
    """
    if text is None:
        return None
    found = {release: _as_read_by(text)(release) for release in READERS}
    likely = min(READERS, key=lambda release: _overridden(found[release]))
    return likely if any(row.image for row in found[likely]) else None


def _as_read_by(text: str) -> Callable[[Release], tuple[ImageRow, ...]]:
    def rows(release: Release) -> tuple[ImageRow, ...]:
        rules = rules_for(release)
        assert rules is not None
        try:
            return image_rows(decode(text, rules), release, {})
        except PredictorsError:
            return ()

    return rows


def _overridden(rows: Sequence[ImageRow]) -> tuple[int, int]:
    return (sum(not row.is_stock for row in rows), -len(rows))


def _misshapen(document: Json, predictors: Predictors) -> Iterator[ImageRow]:
    for problem in predictors.problems:
        found = value_at(document, problem.pointer)
        if problem.kind is not ProblemKind.UNREAD or not isinstance(found, dict):
            continue
        image = f"{found.get(terms.IMAGE, '')}:{found.get(terms.VERSION, '')}".strip(":")
        if image:
            entry = problem.pointer.strip("/")
            stock = _shipped_unread(entry, predictors.rules.name)
            is_stock = image == stock or image in _SHIPPED
            yield ImageRow(entry, image, stock, is_stock, verdict=Reach.WRONG_SHAPE)


def _shipped_unread(entry: str, minor: str) -> str:
    """Return what a release such as ``0.9`` ships in a shape that it does not read; or ""."""
    same = [one for one in VARIANTS if one.release.startswith(f"{minor}.")]
    rows = (one.unread.get(key_of(entry)[:2]) for one in same)
    return next((f"{row.image}:{row.version}" for row in rows if row), "")


_SHIPPED = frozenset(
    f"{row.image}:{row.version}" for variant in VARIANTS for row in variant.rows.values()
)


class _Seen:
    """The services by what decides about them, gathered once.

    ``elsewhere`` are those of each format that get their image from no entry of `predictors`.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.runtimes: dict[ObjectRef, list[ObjectRef]] = {}
        self.elsewhere: dict[str, list[ObjectRef]] = {}
        self.named: dict[str, list[ObjectRef]] = {}
        for ref in world.services:
            found = world.shared(ref)
            if world.key(ref) is None:
                self.elsewhere.setdefault(format_of(world.shape(ref)), []).append(ref)
            if found.runtime is not None:
                self.runtimes.setdefault(found.runtime.ref, []).append(ref)
                if found.runtime.metadata.namespace:
                    self.named.setdefault(found.runtime.name, []).append(ref)


def _judged(row: ImageRow, seen: _Seen) -> ImageRow:
    if row.entry.startswith("runtime/"):
        name = row.entry.removeprefix("runtime/")
        users = seen.runtimes.get(_cluster_runtime(name), [])
        divided = _divided(row, users, seen.world)
        return _with(row, seen.world, *divided, seen.named.get(name, []))
    format_, key, gpu = key_of(row.entry)
    users = seen.world.users.get((format_, key, gpu), [])
    others = [] if gpu or key == terms.PROTOCOL_V2 else seen.elsewhere.get(format_, [])
    got, missed = _divided(row, users, seen.world)
    return _with(row, seen.world, got, [*missed, *others], [])


def _divided(
    row: ImageRow, users: Sequence[ObjectRef], world: World
) -> tuple[list[ObjectRef], list[ObjectRef]]:
    """Part those that get this very image from those whose pin or own image keeps it off."""
    wanted = bare(row.image)
    got: list[ObjectRef] = []
    missed: list[ObjectRef] = []
    for ref in users:
        image = world.shared(ref).image
        (got if image is not None and bare(image) == wanted else missed).append(ref)
    return got, missed


def bare(image: str) -> str:
    """Return the image without what KServe itself adds: -gpu to a tag, -cpu to a repository."""
    return image.replace("-gpu", "").replace("-cpu", "")


def _cluster_runtime(name: str) -> ObjectRef:
    return ObjectRef(terms.RUNTIME_VERSION, terms.CLUSTER_RUNTIME, name)


def key_of(entry: str) -> tuple[str, str, bool]:
    """Return the key of an entry as `--set` spells it."""
    path = entry.removesuffix("/gpu")
    format_, _, key = path.partition("/")
    return format_, key, path != entry


def _with(
    row: ImageRow,
    world: World,
    got: Sequence[ObjectRef],
    missed: Sequence[ObjectRef],
    hidden: Sequence[ObjectRef],
) -> ImageRow:
    verdict = Reach.EFFECTIVE if got else Reach.UNUSED
    if got and (missed or hidden):
        verdict = Reach.PARTLY
    elif hidden:
        verdict = Reach.HIDDEN
    elif missed and not got:
        verdict = _of_tags(row, world, missed)
    kept = () if row.is_stock else (_ordered(got), _ordered({*missed, *hidden}))
    services, others = kept or ((), ())
    return msgspec.structs.replace(row, verdict=verdict, services=services, missed=others)


def _of_tags(row: ImageRow, world: World, missed: Sequence[ObjectRef]) -> Reach:
    """Tell an override whose repository acts, though pins keep its tag off, from one in vain."""
    own, stock = _repository(row.image), _repository(row.stock)
    acting = [ref for ref in missed if _repository(world.shared(ref).image or "") == own]
    if own == stock or not acting:
        return Reach.INEFFECTIVE
    return Reach.UNTAGGED if len(acting) == len(missed) else Reach.PARTLY


def _repository(image: str) -> str:
    try:
        return parse_image(bare(image)).repository
    except ImageFormatError:
        return image


def _ordered(services: Iterable[ObjectRef]) -> tuple[ObjectRef, ...]:
    return tuple(sorted(services, key=_place))


def _place(ref: ObjectRef) -> tuple[str, str, str]:
    return ref.place
