"""What was set globally, told by what services ran: where all that would have got it ran the same.

Stock is never inferred, be it of any release, or below the prefix of a mirror.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache

from migrate.catalog.predictors import VARIANTS
from migrate.catalog.runtimes import releases, stock
from migrate.kserve.releases import Release
from migrate.objects import ObjectRef
from migrate.planning.former.former import FormerImage, FormerService
from migrate.planning.stock.reach import key_of
from migrate.planning.stock.ways import way_of

Groups = Mapping[str, Sequence[FormerService]]
"""What services ran, by what decides about them: an entry as in `--set`."""
Pin = Callable[[ObjectRef], str | None]


def inferred(
    groups: Groups, pin: Pin, release: Release | None, known: set[str]
) -> tuple[list[FormerImage], list[str]]:
    """Return the images that are inferred, and what is doubtful.

    ``release`` is the former one. ``known`` are repositories that sources tell already.
    """
    found: list[FormerImage] = []
    doubts: list[str] = []
    for entry, services in sorted(groups.items()):
        repositories = {repository_of(one.image) for one in services}
        if is_shipped(repositories):
            doubts.extend(_strange_tags(entry, services, pin, release))
        elif repositories <= known:
            continue
        elif len(repositories) > 1:
            images = ", ".join(sorted({one.image for one in services}))
            doubts.append(f"{entry}: its services ran {images}, so nothing is inferred")
        else:
            found.append(_inferred(entry, services, pin))
    return found, doubts


def _inferred(entry: str, services: Sequence[FormerService], pin: Pin) -> FormerImage:
    """Return the image; of those with a pin only the repository counts, if there are others."""
    free = [one for one in services if not pin(one.service)] or services
    [(image, _), *_] = Counter(sorted(one.image for one in free)).most_common()
    return FormerImage(
        entry=entry,
        image=image,
        source=max(one.source for one in services),
        stock=_stock_of(entry),
        inferred=len(services),
    )


def _strange_tags(
    entry: str, services: Iterable[FormerService], pin: Pin, release: Release | None
) -> Iterator[str]:
    """Tell of a stock repository with a tag that the release of then does not ship.

    It may have been set, or be left from a release before: so it is not inferred.
    """
    images = {one.image for one in services if release and not pin(one.service)}
    shipped = _images_of(str(release))
    strange = sorted(one for one in images if not any(way_of(each, one) for each in shipped))
    if strange:
        text = f"{entry}: its services ran {', '.join(strange)}, which KServe {release} does not"
        yield f"{text} ship; whether that was set is not told"


def is_shipped(repositories: Iterable[str]) -> bool:
    """Tell whether these are all of the release's own repositories, also below a prefix."""
    return all(any(way_of(known, one) for known in _shipped()) for one in repositories)


@cache
def _shipped() -> frozenset[str]:
    runtimes = {image for release in releases() for image in _images_of(release)}
    entries = {image for variant in VARIANTS for image in _images_of(variant.release)}
    return frozenset(map(repository_of, runtimes | entries))


@cache
def _images_of(release: str) -> frozenset[str]:
    rows = [row for v in VARIANTS if v.release == release for row in v.rows.values()]
    tags = ((row.image, tag) for row in rows for tag in (row.version, row.gpu_version) if tag)
    origins = (origin for one in stock(release) for origin in one.origins)
    images = (image for origin in origins for image in origin.images.values())
    return frozenset([*(f"{image}:{tag}" for image, tag in tags), *images])


def _stock_of(entry: str) -> str:
    """Return an image that some release shipped for an entry: it tells the server."""
    format_, key, _ = key_of(entry)
    rows = (variant.rows.get((format_, key)) for variant in VARIANTS)
    return next((f"{row.image}:{row.version}" for row in rows if row), "")


def repository_of(image: str) -> str:
    """Return an image without its tag and digest, also one that is no good reference."""
    head, slash, last = image.partition("@")[0].rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"
