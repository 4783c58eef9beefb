"""What is installed of KServe, and whether it is all of the release that runs.

An upgrade replaces CRDs, webhooks, configuration and controller one after the other. One that
stopped, or that was taken back in part, leaves some of each release.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from migrate.catalog.fingerprints import CLUSTER_RUNTIMES, NEWEST, SERVING_RUNTIMES, Span
from migrate.kserve.evidence import Evidence, of_config, of_crds
from migrate.kserve.image import ImageFormatError, parse_image
from migrate.kserve.releases import Release, detect
from migrate.objects import Json, ObjectRef

RUNTIME_WEBHOOKS = tuple(
    name.removesuffix("s.serving.kserve.io") + ".serving.kserve.io"
    for name in (SERVING_RUNTIMES, CLUSTER_RUNTIMES)
)
"""The ValidatingWebhookConfigurations of the runtimes (``install/v0.11.2/kserve.yaml``)."""
JUDGES_FROM = 11
"""The minor release from which on the controller answers them."""


class Manager(msgspec.Struct, frozen=True):
    """A workload that runs KServe's controller, with each image that its pods have now."""

    workload: ObjectRef
    images: tuple[str, ...]

    @property
    def is_mixed(self) -> bool:
        """Whether its pods are of several releases, or of images that name none."""
        return len({detect([image]) or image for image in self.images}) > 1

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the images, for a person; the whole image where it has none."""
        return tuple(map(_tag, self.images))


class Part(msgspec.Struct, frozen=True):
    """Something that is not of the release that runs.

    ``what`` is its object, ``found`` what tells it, ``of`` the releases that it fits: ``0.9``.
    ``breaks``: what is predicted for the release that runs may not come true. ``is_newer`` tells
    that it is of a later release.
    """

    what: ObjectRef
    found: str
    of: str
    breaks: bool
    is_newer: bool


class Installation(msgspec.Struct, frozen=True):
    """The controllers that run, and what is of another release than the one that runs."""

    managers: tuple[Manager, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def is_double(self) -> bool:
        """Whether more than one controller, or pods of more than one release, run."""
        return len(self.managers) > 1 or any(one.is_mixed for one in self.managers)


def parts_of(
    release: Release,
    crds: Mapping[str, Json],
    config: Mapping[str, str],
    config_ref: ObjectRef,
    webhooks: Collection[ObjectRef],
) -> tuple[Part, ...]:
    """Return what is not of that release: each object once, by what tells most.

    ``crds`` are whole, by name; ``webhooks`` are those of RUNTIME_WEBHOOKS that are there.
    """
    return (
        *_crds(release, crds),
        *(_webhook(ref) for ref in webhooks if release.minor < JUDGES_FROM),
        *_config(release, config, config_ref),
    )


def _crds(release: Release, crds: Mapping[str, Json]) -> Iterator[Part]:
    for name in crds:
        ref = ObjectRef("apiextensions.k8s.io/v1", "CustomResourceDefinition", name)
        found = list(of_crds({name: crds[name]}))
        if told := [one for one in found if not _fits(one.span, release)]:
            # The API server drops fields that an older schema does not know, as they are written.
            breaks = told[0].span.last < release.minor
            yield _part(ref, told[0], found, release, breaks=breaks)


def _webhook(ref: ObjectRef) -> Part:
    span = Span(first=JUDGES_FROM)
    text = "the controller that runs does not answer it, so no runtime can be written"
    return Part(ref, text, str(span), breaks=True, is_newer=True)


def _config(release: Release, config: Mapping[str, str], ref: ObjectRef) -> Iterator[Part]:
    """Tell what the ConfigMap has of another release, but for keys that are left over.

    Those do no harm, and people add keys before they are shipped: none of it breaks anything.
    """
    found = list(of_config(config))
    told = [one for one in found if not _fits(one.span, release)]
    told = [one for one in told if one.span.last == NEWEST or "images" in one.what]
    if told:
        yield _part(ref, told[0], found, release, breaks=False)


def _part(
    ref: ObjectRef, one: Evidence, found: Iterable[Evidence], release: Release, *, breaks: bool
) -> Part:
    """Return a part by what tells it; ``found`` is all that its object says."""
    span = one.span
    for other in found:
        span = span.within(other.span) or span
    what = one.what.partition(" in ")[0]
    return Part(ref, what, str(span), breaks, is_newer=one.span.first > release.minor)


def _fits(span: Span, release: Release) -> bool:
    return span.first <= min(release.minor, NEWEST) <= span.last


def _tag(image: str) -> str:
    try:
        return parse_image(image).tag or image
    except ImageFormatError:
        return image
