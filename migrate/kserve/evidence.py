"""What CRDs, the controller's workload and the ConfigMap each say about the release.

The facts asked for stand in ``migrate.catalog.fingerprints``; weighing is not done here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec
from msgspec import UNSET

from migrate.catalog.fingerprints import (
    CONFIG_FACTS,
    NEWEST,
    OLDEST,
    SCHEMA_FACTS,
    WITH_OWN_IMAGE,
    Fact,
    Span,
)
from migrate.kserve import terms
from migrate.kserve.image import ImageFormatError, parse_image
from migrate.kserve.releases import Release, ReleaseFormatError, parse_release
from migrate.objects import Json, pointer, value_at

CRDS = "CRDs"
CONTROLLER = "controller"
CONFIG_MAP = "ConfigMap"
_MINIMAL = Span(first=13)


class Evidence(msgspec.Struct, frozen=True):
    """What was found: ``spec.canary in inferenceservices.serving.kserve.io``.

    ``source`` is CRDS, CONTROLLER or CONFIG_MAP; ``oldest`` and ``newest`` are the minor releases
    that it fits. Where the newest is the newest known, later ones fit as well.
    """

    source: str
    what: str
    span: Span

    @property
    def oldest(self) -> str:
        """The oldest minor release that it fits: ``0.9``."""
        return self.span.releases[0]

    @property
    def newest(self) -> str:
        """The newest that it fits."""
        return self.span.releases[-1]


def of_crds(crds: Mapping[str, Json]) -> Iterator[Evidence]:
    """Ask the stored version of each CRD for its facts; others than the three are ignored."""
    for name, facts in SCHEMA_FACTS.items():
        schema = _schema(crds.get(name))
        if schema is not None:
            yield from _of_schema(name, schema, facts)


def of_kinds(kinds: Collection[str]) -> Iterator[Evidence]:
    """Tell by the kind: 0.9.0 brought the Deployment (``install/vX/kserve.yaml``)."""
    if terms.DEPLOYMENT in kinds:
        yield Evidence(CONTROLLER, "a Deployment runs it", Span(first=9))
    elif terms.STATEFUL_SET in kinds:
        yield Evidence(CONTROLLER, "a StatefulSet runs it", Span(last=8))


def of_config(config: Mapping[str, str]) -> Iterator[Evidence]:
    """Put first what weighs more: keys that came, then the images' tags, then keys that went.

    That a key is absent says nothing: people leave out what they do not need.
    """
    present = [fact for fact in CONFIG_FACTS if _is_key(config, fact.path)]
    came = [fact for fact in present if fact.first > OLDEST]
    yield from (Evidence(CONFIG_MAP, fact.path, Span(fact.first)) for fact in came)
    yield from _of_images(config)
    went = [fact for fact in present if fact.last < NEWEST]
    yield from (Evidence(CONFIG_MAP, fact.path, Span(last=fact.last)) for fact in went)


def known_release(text: str) -> Release | None:
    """Return the release; None for what is none, or is a version of something else."""
    try:
        release = parse_release(text)
    except ReleaseFormatError:
        return None
    return release if release.major == 0 and release.minor >= OLDEST else None


def _schema(crd: Json) -> Json:
    versions = value_at(crd, "/spec/versions")
    listed = versions if isinstance(versions, list) else []
    stored = (version for version in listed if value_at(version, "/storage") is True)
    schema = value_at(next(stored, None), "/schema/openAPIV3Schema")
    return schema if isinstance(schema, dict) else None


def _of_schema(name: str, schema: Json, facts: Iterable[Fact]) -> Iterator[Evidence]:
    answers = [(fact, _has(schema, fact.path)) for fact in facts]
    told = [(fact, is_there) for fact, is_there in answers if is_there is not None]
    for fact, is_there in told:
        what = fact.path if is_there else f"no {fact.path}"
        yield Evidence(CRDS, f"{what} in {name}", _span(fact, is_there=is_there))
    if not told:
        # config/crd/minimal and charts/kserve-crd-minimal exist from 0.13 on, all the same.
        yield Evidence(CRDS, f"no fields in {name}", _MINIMAL)


def _has(schema: Json, path: str) -> bool | None:
    """Tell whether a schema knows a field; None where it names no fields at that place."""
    for part in path.split("."):
        fields = value_at(schema, "/properties")
        if not isinstance(fields, dict):
            return None
        if part not in fields:
            return False
        schema = fields[part]
    return True


def _span(fact: Fact, *, is_there: bool) -> Span:
    if is_there:
        return Span(fact.first, fact.last)
    return Span(last=fact.first - 1) if fact.first > OLDEST else Span(first=fact.last + 1)


def _is_key(config: Mapping[str, str], path: str) -> bool:
    key, *inner = path.split(".")
    if key not in config:
        return False
    return not inner or value_at(_json(config[key]), pointer(*inner)) is not UNSET


def _json(text: str) -> Json:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None


def _of_images(config: Mapping[str, str]) -> Iterator[Evidence]:
    """All releases tag the images of the agent, the router and the initializer with their own."""
    images = (value_at(_json(config.get(key, "")), "/image") for key in WITH_OWN_IMAGE)
    releases = sorted(filter(None, (_tag(image) for image in images)))
    if releases:
        tags = ", ".join(f"v{release}" for release in dict.fromkeys(releases))
        ends = Span(*(min(end.minor, NEWEST) for end in (releases[0], releases[-1])))
        yield Evidence(CONFIG_MAP, f"images tagged {tags}", ends)


def _tag(image: Json) -> Release | None:
    try:
        return known_release(parse_image(image).tag) if isinstance(image, str) else None
    except ImageFormatError:
        return None
