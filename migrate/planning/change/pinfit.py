"""Whether a copy under another name does for a service what its runtime does: tried, and compared.

It is resolved on what it uses now, with what is wanted of that, and on the copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from migrate.kserve.admission import admitted
from migrate.kserve.config import Config
from migrate.kserve.ownname import copies
from migrate.kserve.pins import with_pin
from migrate.kserve.resolution import Resolution
from migrate.kserve.resolver import resolve_anyway
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.kserve.services import InferenceService
from migrate.objects import Manifest
from migrate.operations.patching import apply_edits
from migrate.planning.change.pins import tag_of
from migrate.planning.change.pinwrites import pinned
from migrate.planning.model.settings import edits_in, merged
from migrate.planning.model.targets import Target
from migrate.planning.stock.reach import bare
from migrate.planning.world.copies import runtime_of
from migrate.planning.world.namedcopies import called
from migrate.planning.world.podfields import differing


class Source(msgspec.Struct, frozen=True):
    """A runtime that is used, and its manifest with what is wanted of it.

    ``name`` is that of the ClusterServingRuntime it comes from; ``image`` is the wanted one, "" for
    none.
    """

    name: str
    manifest: Manifest
    image: str


class Fit(msgspec.Struct, frozen=True):
    """What comes of trying: a copy (with the name of its source), or the reason for none.

    ``moved`` is the runtimeVersion that the service is to get, "" for none; None leaves it.
    ``kept`` is the wanted image, where the present runtimeVersion gives another one. ``is_there``:
    the copy that it names does so already.
    """

    copy: Manifest | None = None
    reason: str = ""
    is_refused: bool = False
    moved: str | None = None
    kept: str = ""
    is_there: bool = False


def wished(name: str, content: Manifest, asked: Sequence[Target]) -> Source:
    """Return what is used with what is wanted of it."""
    if not asked:
        return Source(name, content, "")
    wish = merged(asked[0].runtime, [target.desired for target in asked])
    edits = edits_in(content, asked[0].container, wish)
    return Source(name, apply_edits(edits, content), wish.image)


def among(config: Config, wanted: Runtime, namespace: str) -> Config:
    """Return the configuration for a namespace with a runtime as it is wanted."""
    near = (*config.runtimes.of(namespace).values(), *config.runtimes.of("").values())
    kept = (one for one in near if one.ref != wanted.ref)
    return msgspec.structs.replace(config, runtimes=Runtimes([*kept, wanted]))


def fitting(
    service: InferenceService,
    source: Source,
    config: Config,
    current: Resolution | None = None,
    *,
    repin: bool,
) -> Fit:
    """Return the copy on which a service gets the pods that it would get on its own runtime.

    ``config`` has that runtime as it is wanted; ``current`` is what it gets on a copy that it names
    already. A write alone may change the pods: so they may
    also be those that it would get there after any write.
    """
    moved = _moved_pin(service, source, config) if repin else None
    service = service if moved is None else with_pin(service, moved or None)
    wishes = [resolve_anyway(one, config) for one in (service, admitted(service, config))]
    if moved is None and current and not all(differing(wish, current) for wish in wishes):
        return Fit(is_there=True)
    least: tuple[str, ...] = ()
    for manifest, found in _tried(service, source, wishes[0], config):
        told = min((differing(wish, found) for wish in wishes), key=len)
        if not told:
            kept = source.image if _is_kept(service, source, found.image) else ""
            return Fit(manifest, moved=moved, kept=kept)
        least = min(least or told, told, key=len)
    return Fit(reason=", ".join(dict.fromkeys(least)))


def _tried(
    service: InferenceService, source: Source, wish: Resolution, config: Config
) -> Iterator[tuple[Manifest, Resolution]]:
    for manifest in copies(source.manifest, service, wish.server, wish.image, config.rules):
        name = called(source.name, manifest)
        meta = {**manifest["metadata"], "name": name, "namespace": service.metadata.namespace}
        made = runtime_of({**manifest, "metadata": meta})
        alone = msgspec.structs.replace(config, runtimes=Runtimes([made]))
        yield manifest, resolve_anyway(admitted(pinned(service, name), alone), alone)


def _is_kept(service: InferenceService, source: Source, image: str | None) -> bool:
    """Tell whether the runtimeVersion of a service keeps it from the image that is wanted."""
    model = service.spec.predictor.model
    if model is None or model.image or model.runtime_version is None or not source.image:
        return False
    return bare(image or "") != bare(source.image)


def _moved_pin(service: InferenceService, source: Source, config: Config) -> str | None:
    """Return the runtimeVersion that gives the wanted image, "" for none; None to leave it."""
    if not _is_kept(service, source, resolve_anyway(service, config).image):
        return None
    return tag_of(source.image)
