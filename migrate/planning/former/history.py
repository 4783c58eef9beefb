"""Former images from what a cluster still knows, where nobody made a checkpoint.

What services ran is kept in ReplicaSets and Revisions: that is how it was. What was set globally is
told by sources that are less sure: manifests that were applied may have been edited since. So where
two sources tell different images, the one that services ran counts, and one that no service ran of
those that would have got it does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from migrate.kserve import terms
from migrate.kserve.image import has_name
from migrate.kserve.resolution import Verdict
from migrate.kserve.services import FormKind, form_of, has_gpu
from migrate.objects import ObjectRef, count
from migrate.planning.former.former import Former, FormerImage, FormerService, Source
from migrate.planning.former.formersnapshot import entry_of
from migrate.planning.former.inferring import inferred, is_shipped, repository_of
from migrate.planning.former.moments import Moment
from migrate.planning.former.rivals import entry_like
from migrate.planning.stock.reach import key_of
from migrate.planning.world.closure import used
from migrate.planning.world.forecast import World


@dataclass(frozen=True)
class Told:
    """What a source tells; ``is_seen``: it is how things were, not what was once applied."""

    former: Former
    is_seen: bool


@dataclass(frozen=True)
class Ran:
    """What services ran before the upgrade, and of whom nothing is kept."""

    services: Mapping[ObjectRef, FormerService]
    untold: tuple[ObjectRef, ...] = ()


def from_history(
    world: World,
    moment: Moment,
    ran: Ran,
    told: Sequence[Told],
    gaps: Sequence[str],
    entries: Sequence[str] = (),
) -> Former:
    """Return what all sources together tell. ``world`` is the one of now, ``entries`` its images.

    What services ran comes from ``ran``, and from sources for those of whom nothing is kept.
    """
    work = _Work(world, _filled(ran, told))
    images = {one.entry: one for one in work.chosen(told)}
    known = {repository_of(one.image) for one in images.values() if not one.is_stock}
    groups = work.groups()
    found, doubts = inferred(groups, world.pin, moment.release, known)
    doubts.extend(work.elsewhere(groups, images))
    images |= {one.entry: one for one in found if one.entry not in images}
    services = [work.service(one, images) for one in work.ran.values()] + work.gone
    release = str(moment.release or "") or next((t.former.release for t in told), "")
    sources = [s for t in told for s in t.former.sources]
    kept = {one.source.text for one in ran.services.values()}
    sources += [Source(moment.at, f"{', '.join(sorted(kept))} from before the upgrade")] * bool(
        kept
    )
    sources += [Source(moment.at, moment.by)] * bool(moment.by)
    return Former(
        release=release,
        sources=tuple(dict.fromkeys(sources)),
        images=tuple(images[entry] for entry in sorted(images)),
        services=tuple(sorted(services, key=lambda one: one.service.place)),
        gaps=(*gaps, *work.gaps(images, [e for e in entries if e not in groups])),
        doubts=(*work.doubts, *doubts),
    )


def _filled(ran: Ran, told: Iterable[Told]) -> dict[ObjectRef, FormerService]:
    found = dict(ran.services)
    for one in told:
        for service in one.former.services if one.is_seen else ():
            if has_name(service.image):
                found.setdefault(service.service, service)
    return found


class _Work:
    """The services of now with what they ran."""

    def __init__(self, world: World, ran: Mapping[ObjectRef, FormerService]) -> None:
        self.world, self.doubts = world, list[str]()
        self.ran = {ref: one for ref, one in ran.items() if ref in world.services}
        self.gone = [one for ref, one in ran.items() if ref not in world.services]
        self.by_runtime: dict[str, list[ObjectRef]] = {}
        self._known: dict[str, frozenset[ObjectRef]] = {}
        for ref in world.services:
            if (found := used(world, ref)) is not None and not found.namespace:
                self.by_runtime.setdefault(found.name, []).append(ref)

    def chosen(self, told: Sequence[Told]) -> Iterator[FormerImage]:
        """Yield one former image of each entry, that of the best source."""
        by_entry: dict[str, list[tuple[Told, FormerImage]]] = {}
        for one in told:
            for image in one.former.images:
                by_entry.setdefault(image.entry, []).append((one, image))
        for entry, found in sorted(by_entry.items()):
            yield from self._best(entry, found)

    def _best(self, entry: str, found: Sequence[tuple[Told, FormerImage]]) -> Iterator[FormerImage]:
        running = {repository_of(self.ran[ref].image) for ref in self._users(entry)}
        ranked = sorted(found, key=lambda each: _worth(each, running))
        source, best = ranked[-1]
        others = {one.image: one for _, one in ranked if not one.is_stock}
        others.pop(best.image, None)
        is_run = repository_of(best.image) in running
        if running and best.image and not best.is_stock and not is_run:
            text = f"{entry}={best.image} is told by {best.source}, and no service ran it: left out"
            self.doubts.append(text)
            return
        if best.is_stock and self._is_overtaken(source, entry):
            ran = ", ".join(sorted({self.ran[ref].image for ref in self._users(entry)}))
            text = f"{entry} was {best.image} by {best.source}, and its services ran {ran} since"
            self.doubts.append(text)
            return
        for image, other in others.items():
            chosen = f"{best.image or best.told} by {best.source}"
            self.doubts.append(f"{entry} was {image} by {other.source}, and {chosen}, which counts")
        yield best

    def _is_overtaken(self, told: Told, entry: str) -> bool:
        """Tell whether all that would have got a stock image ran another one since it was told."""
        then, users = told.former.by_service, self._users(entry)
        ran = {ref: self.ran[ref].image for ref in users}
        if any(ref in then and then[ref].image == image for ref, image in ran.items()):
            return False
        return not is_shipped(map(repository_of, ran.values()))  # true of none at all

    def _users(self, entry: str) -> frozenset[ObjectRef]:
        """Return the services that would have got it, of those of which is known what they ran."""
        if entry in self._known:
            return self._known[entry]
        if entry.startswith("runtime/"):
            found = self.by_runtime.get(entry.removeprefix("runtime/"), [])
        else:
            found = [ref for ref in self.world.services if self._follows(ref, entry)]
        mine = (ref for ref in found if ref in self.ran and not self._is_own(ref))
        self._known[entry] = frozenset(mine)
        return self._known[entry]

    def _follows(self, ref: ObjectRef, entry: str) -> bool:
        service, key = self.world.shape(ref), key_of(entry)
        kinds = (FormKind.FRAMEWORK, FormKind.MODEL)
        return form_of(service).kind in kinds and entry_like(service, key[1]) == key

    def _is_own(self, ref: ObjectRef) -> bool:
        return self.world.shared(ref).verdict in (Verdict.EXPLICIT, Verdict.CUSTOM)

    def groups(self) -> dict[str, list[FormerService]]:
        """Return the services by what decides about them.

        Of a runtime, those with a GPU count where there are no others: KServe adds to their tag.
        """
        groups: dict[str, list[FormerService]] = {}
        with_gpu: dict[str, list[FormerService]] = {}
        for ref, one in self.ran.items():
            entry = self.place(ref)
            if not entry or self._is_own(ref):
                continue
            if entry.startswith("runtime/") and self._has_gpu(ref):
                image = one.image.removesuffix(terms.GPU_SUFFIX)
                with_gpu.setdefault(entry, []).append(msgspec.structs.replace(one, image=image))
            else:
                groups.setdefault(entry, []).append(one)
        return with_gpu | groups

    def place(self, ref: ObjectRef) -> str:
        """Return what decides about a service now, as `--set` spells it; else what will."""
        if entry := entry_of(self.world, ref):
            return entry
        service = self.world.shape(ref)
        form = form_of(service)
        if form.kind is FormKind.FRAMEWORK and not self._is_own(ref):
            return "/".join(filter(None, entry_like(service, "")[:2]))
        return ""

    def _has_gpu(self, ref: ObjectRef) -> bool:
        predictor = self.world.shape(ref).spec.predictor
        spec = predictor.model or getattr(predictor, form_of(self.world.shape(ref)).format, None)
        return spec is not None and has_gpu(spec)

    def service(self, one: FormerService, images: Mapping[str, FormerImage]) -> FormerService:
        """Return a service with the entry whose image it ran."""
        if one.entry or self._is_own(one.service):
            return one
        if image := self._giver(one, images):
            return msgspec.structs.replace(one, entry=image.entry, is_set=not image.is_stock)
        return msgspec.structs.replace(one, entry=self.place(one.service))

    def _giver(self, one: FormerService, images: Mapping[str, FormerImage]) -> FormerImage | None:
        """Return the image that a service ran, by what would have given it; None where none is."""
        places = dict.fromkeys((self.place(one.service), *images))
        same = (
            images[entry]
            for entry in places
            if entry in images and repository_of(images[entry].image) == repository_of(one.image)
        )
        return next((image for image in same if one.service in self._users(image.entry)), None)

    def elsewhere(
        self, groups: Mapping[str, Sequence[FormerService]], images: Mapping[str, FormerImage]
    ) -> Iterator[str]:
        """Yield what is not inferred of services since it was set for others that are told."""
        known = {repository_of(one.image): one.entry for one in images.values() if not one.is_stock}
        for entry, services in sorted(groups.items()):
            told = {known.get(repository_of(one.image), "") for one in services}
            is_open = entry not in images and any(not self._giver(one, images) for one in services)
            if is_open and "" not in told:
                others, ran = ", ".join(sorted(told)), sorted({one.image for one in services})
                text = f"{entry}: its services ran {', '.join(ran)}, which was set for {others}"
                yield f"{text}: nothing is inferred"

    def gaps(self, images: Mapping[str, FormerImage], entries: Iterable[str]) -> Iterator[str]:
        """Yield what no source tells: of services, and of these entries."""
        untold = [f"{r.namespace}/{r.name}" for r in self.world.services if r not in self.ran]
        if untold:
            yield f"what {count(len(untold), 'service')} ran before is not told: {_some(untold)}"
        unknown = [entry for entry in entries if entry not in images]
        if unknown:
            yield f"no source tells what was set for {_some(unknown)}, and no service ran it"


def _some(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


SHOWN = 3
"""How many names stand in a gap."""


def _worth(found: tuple[Told, FormerImage], running: set[str]) -> tuple[bool, bool, str]:
    told, one = found
    return repository_of(one.image) in running, told.is_seen, one.source.at
