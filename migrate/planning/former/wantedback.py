"""Former images as wishes, in the terms of the release that runs now.

Up to 0.9 an entry of `predictors` decides about the services in the framework form that follow it,
a runtime about all others; from 0.10 on runtimes alone. So an entry that was set becomes a wish for
that entry where it is read, and for the ClusterServingRuntimes that its services use, now or later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

import msgspec

from migrate.kserve import terms
from migrate.kserve.admission import admitted
from migrate.kserve.image import ImageFormatError, parse_image
from migrate.kserve.leaves import TargetError, check_target
from migrate.kserve.services import FormKind, form_of
from migrate.kserve.stock import server_name
from migrate.objects import Manifest, ObjectRef, value_at
from migrate.planning.change.expand import source_ref
from migrate.planning.former.former import Former, FormerImage, WantedBack, Way, ordered, plain
from migrate.planning.former.haveown import without_need
from migrate.planning.former.narrowing import namespaces_of, narrowed
from migrate.planning.former.rivals import entry_like, settled, twins
from migrate.planning.model.desired import Desired, Options
from migrate.planning.model.plan import ImageRow
from migrate.planning.model.settings import edits_in
from migrate.planning.model.strategy import Strategy
from migrate.planning.model.typed import merged
from migrate.planning.stock.images import image_rows, runtime_rows
from migrate.planning.stock.reach import key_of
from migrate.planning.world.closure import used
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of


def wanted_back(former: Former, snapshot: Snapshot, options: Options) -> WantedBack:
    """Return what brings the former images back: those that were set, or with stock all in use.

    And what was shipped in `predictors` where nothing is now. What is as it was needs no wish.
    Raise BlockedError where the configuration cannot be read.
    """
    assert snapshot.rules is not None
    work = _Work(former, snapshot, world_of(snapshot, snapshot.rules), options)
    chosen = [
        one
        for one in former.images
        if not one.is_stock or work.is_empty(one) or (work.is_all and work.is_used(one))
    ]
    ways = settled([work.way(one) for one in chosen])
    wishes = work.wishes(ways)
    alone = {str(wish) for wish in wishes if wish.format}
    return WantedBack(merged(dict.fromkeys(wishes)), tuple(sorted(alone)), tuple(ways))


class _Work:
    """The world of now, beside what was."""

    def __init__(self, former: Former, snapshot: Snapshot, now: World, options: Options) -> None:
        self.former, self.snapshot, self.now, self.options = former, snapshot, now, options
        self.rules = now.rules
        self.is_all = bool(options.former and options.former.with_stock)
        self.in_place = options.strategy is Strategy.IN_PLACE
        rows = (
            *image_rows(now.predictors, snapshot.release, {}),
            *runtime_rows(now.config, snapshot.release, ()),
        )
        self.today: dict[str, ImageRow] = {row.entry: row for row in rows}

    @cached_property
    def written(self) -> World:
        """The world once every service was written."""
        return _written(self.now) if self.rules.converts_on_write else self.now

    def way(self, one: FormerImage) -> Way:
        """Return what becomes of one image."""
        way = self._runtime(one) if one.runtime else self._entry(one)
        return without_need(way, self.former, self.now) if self.in_place else way

    def wishes(self, ways: Sequence[Way]) -> list[Desired]:
        """Return all wishes; a runtime of the cluster is one for all namespaces, others are not."""
        found = [wish for way in ways for wish in way.wishes]
        if self.in_place:
            return [*found, *twins(found, self.today)]
        places = namespaces_of((self.now, self.written))
        return [narrowed(wish, ways, places) for wish in found]

    def is_empty(self, one: FormerImage) -> bool:
        """Tell whether services followed an entry that names no image any more.

        0.8 and 0.9 ship none for pytorch in the shape that they read, and charts none at all.
        """
        format_, key, _ = key_of(one.entry)
        if one.runtime or not (self.rules.predictors_read and self.in_place):
            return False
        entry = self.now.predictors.entry(format_, key if format_ in self.rules.nested else "")
        return self.is_used(one) and (entry is None or not entry.image)

    def is_used(self, one: FormerImage) -> bool:
        """Tell whether services followed it, as far as that is known."""
        return any(s.entry == one.entry for s in self.former.services)

    def _runtime(self, one: FormerImage) -> Way:
        users = ordered(s.service for s in self.former.services if s.entry == one.entry)
        row, manifest = self.today.get(one.entry), self._manifest(one.runtime)
        way = Way(former=one, now=row.image if row else "", services=users)
        if not self.rules.knows_model:
            why = f"KServe {self.rules.name} has no runtimes"
            return msgspec.structs.replace(way, why=why)
        if row is None or manifest is None:
            why = f"there is no ClusterServingRuntime {one.runtime} that serves single models"
            return msgspec.structs.replace(way, why=why)
        image = "" if one.has_stock_image and not self.is_all else one.image
        wish = Desired(runtime=one.runtime, image=image, env=one.env, args=one.args)
        if other := self._other_server(one, one.runtime):
            return msgspec.structs.replace(way, why=other)
        return msgspec.structs.replace(way, wishes=self._lacking(wish))

    def _lacking(self, wish: Desired) -> tuple[Desired, ...]:
        """Return the wish where the runtime has not yet all of it."""
        manifest = self._manifest(wish.runtime)
        if manifest is None:
            return ()
        names = [one["name"] for one in value_at(manifest, "/spec/containers") or ()]
        name = terms.CONTAINER if terms.CONTAINER in names else names[0] if names else ""
        return (wish,) if edits_in(manifest, name, wish) else ()

    def _manifest(self, name: str) -> Manifest | None:
        return self.snapshot.originals.get(source_ref(name))

    def _entry(self, one: FormerImage) -> Way:
        users = self._users(one)
        wishes: dict[Desired, None] = {}
        why: dict[str, None] = {}
        is_there = False
        if self.rules.predictors_read and self.in_place:
            found = self._of_predictors(one)
            if isinstance(found, str):
                why[found] = None
            elif found is not None:
                wishes[found] = None
            is_there = found is None
        for name in self._runtimes(users):
            if other := self._other_server(one, name):
                why[other] = None
                continue
            wishes.update(dict.fromkeys(self._lacking(Desired(runtime=name, image=plain(one)))))
            is_there = True
        if not (wishes or why or is_there):
            why[self._nobody(users)] = None
        row = self.today.get(one.entry)
        return Way(
            former=one,
            now=row.image if row else "",
            wishes=tuple(wishes),
            why="; ".join(why),
            services=ordered(users),
            is_pinned=self._are_pinned(users),
        )

    def _are_pinned(self, users: list[ObjectRef]) -> bool:
        there = [ref for ref in users if ref in self.now.services]
        return bool(there) and all(self.now.pin(ref) for ref in there)

    def _nobody(self, users: list[ObjectRef]) -> str:
        if users and self.rules.predictors_read and not self.options.convert:
            return "its services are in the framework form, and use no runtime: --convert, too"
        return "no service that is there uses it"

    def _of_predictors(self, one: FormerImage) -> Desired | str | None:
        """Return the wish for an entry; None where it is so already, or why there is none."""
        format_, key, gpu = key_of(one.entry)
        key = "" if format_ not in self.rules.nested else key
        entry = "/".join(filter(None, (format_, key, "gpu" if gpu else "")))
        if entry != one.entry and not self._only(one, format_):
            return f"KServe {self.rules.name} has one image for {format_}, and others used another"
        row = self.today.get(entry)
        if row is not None and row.image == one.image:
            return None
        try:
            check_target(self.rules, format_, key, gpu=gpu)
            image = parse_image(one.image)
        except (TargetError, ImageFormatError) as error:
            return str(error)
        if image.digest or not image.tag:
            return "predictors take REPOSITORY:TAG alone"
        return Desired(format=format_, protocol=key, gpu=gpu, image=one.image)

    def _only(self, one: FormerImage, format_: str) -> bool:
        """Tell whether services used this entry of a format alone: 0.8 has one for pytorch."""
        entries = {s.entry for s in self.former.services if key_of(s.entry)[0] == format_}
        return {key_of(entry)[1] for entry in entries} == {key_of(one.entry)[1]}

    def _users(self, one: FormerImage) -> list[ObjectRef]:
        """Return the services that got it; where those of then are not known, those of now."""
        if any(s.entry for s in self.former.services):
            return [s.service for s in self.former.services if s.entry == one.entry]
        key = key_of(one.entry)
        return [ref for ref in self.now.services if self._is_like(ref, key)]

    def _is_like(self, ref: ObjectRef, key: tuple[str, str, bool]) -> bool:
        service = self.now.shape(ref)
        form = form_of(service).kind
        is_old = self.former.release.startswith("0.7.")
        kinds = (FormKind.FRAMEWORK, FormKind.MODEL) if is_old else (FormKind.FRAMEWORK,)
        spec = service.spec.predictor.model if form is FormKind.MODEL else None
        is_own = bool(spec and spec.image)
        return form in kinds and not is_own and entry_like(service, key[1]) == key

    def _runtimes(self, users: list[ObjectRef]) -> Iterator[str]:
        """Yield the runtimes of the cluster that decide about these services, or will."""
        if not self.rules.knows_model:
            return
        seen = set()
        for ref in users:
            if ref not in self.now.services:
                continue
            is_framework = form_of(self.now.shape(ref)).kind is FormKind.FRAMEWORK
            if is_framework and self.rules.predictors_read and not self.options.convert:
                continue
            found = used(self.written if is_framework else self.now, ref)
            name = found.name if found else ""
            if found and name not in seen and self._manifest(name) is not None:
                seen.add(name)
                yield name

    def _other_server(self, one: FormerImage, name: str) -> str:
        """Say that the runtime is made for another server than the one that had the image."""
        row = self.today.get(f"runtime/{name}")
        before, after = server_name(one.stock), server_name(row.stock if row else "")
        if not before or before == after:
            return ""
        return (
            f"it is an image of {before}, and runtime {name} is for {after or 'a server unknown'}"
        )


def _written(now: World) -> World:
    """Return the world with every service in the framework form as it is once it was written."""
    old = (r for r in now.services if form_of(now.shape(r)).kind is FormKind.FRAMEWORK)
    written = now.services.changed(admitted(now.services[ref], now.config) for ref in old)
    return replace(now, services=written)
