"""Which releases fit what a cluster has, where the tag of the controller's image does not tell.

The facts are recorded from the released manifests, charts and CRDs of 0.7.0 to 0.20.0
(``tests/kserve/record_fingerprints.py``). The CRDs and the kind of the controller's workload
are firm: an upgrade replaces them, and nobody edits them. The ConfigMap is not: people keep
their own, and keys of former releases are left over. What it says is told beside the rest.

0.17, 0.18 and 0.19 have the same CRDs. The newest release stands for those after it as well.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec import UNSET

from migrate.kserve import terms
from migrate.kserve.image import ImageFormatError, parse_image
from migrate.kserve.releases import Release, ReleaseFormatError, parse_release
from migrate.objects import Json, pointer, value_at

INFERENCE_SERVICES = "inferenceservices.serving.kserve.io"
SERVING_RUNTIMES = "servingruntimes.serving.kserve.io"
CLUSTER_RUNTIMES = "clusterservingruntimes.serving.kserve.io"
CRDS = "CRDs"
CONTROLLER = "controller"
CONFIG_MAP = "ConfigMap"
_OLDEST, _NEWEST = 7, 20


class Fact(NamedTuple):
    """A field of a schema or a key of the ConfigMap, and the minor releases that have it."""

    path: str
    first: int = _OLDEST
    last: int = _NEWEST


_OF_SERVICES = (
    Fact("spec.predictor.pytorch.modelClassName", last=7),
    Fact("spec.predictor.model", first=8),
    Fact("status.modelStatus", first=9),
    Fact("spec.predictor.scaleMetric", first=9),
    Fact("status.modelStatus.lastFailureInfo.exitCode", first=10),
    Fact("spec.explainer.aix", last=10),
    Fact("spec.predictor.labels", first=11),
    Fact("spec.predictor.huggingface", first=12),
    Fact("spec.explainer.alibi", last=12),
    Fact("spec.predictor.workerSpec", first=14),
    Fact("spec.predictor.autoScaling", first=15),
    Fact("status.servingRuntimeName", first=16),
    Fact("spec.predictor.storageUris", first=16),
    Fact("spec.predictor.logger.batchSize", first=17),
    Fact("spec.canary", first=20),
    Fact("spec.predictor.storageContainerName", first=20),
)
_OF_RUNTIMES = (
    Fact("spec.containers", first=8),
    Fact("spec.protocolVersions", first=9),
    Fact("spec.imagePullSecrets", first=10),
    Fact("spec.workerSpec", first=14),
    Fact("spec.workerSpec.tensorParallelSize", first=15),
    Fact("spec.schedulerName", first=17),
)
SCHEMA_FACTS: Mapping[str, tuple[Fact, ...]] = {
    INFERENCE_SERVICES: _OF_SERVICES,
    SERVING_RUNTIMES: _OF_RUNTIMES,
    CLUSTER_RUNTIMES: _OF_RUNTIMES,
}
# By the code that reads the key (pkg/, configmap.go), not by the shipped texts: people may add
# what a release knows and does not ship. Keys that came stand before those that went.
CONFIG_FACTS = (
    Fact("router", first=9),
    Fact("metricsAggregator", first=10),
    Fact("_example", first=11),
    Fact("storageInitializer.enableModelcar", first=12),
    Fact("security", first=14),
    Fact("localModel", first=14),
    Fact("opentelemetryCollector", first=15),
    Fact("ingress.enableGatewayApi", first=15),
    Fact("autoscaler", first=16),
    Fact("ingress.disableHTTPRouteTimeout", first=18),
    Fact(terms.PREDICTORS_KEY, last=9),
    Fact("transformers", last=9),
    Fact("explainers.aix", last=10),
    Fact("explainers.alibi", last=12),
)
_WITH_OWN_IMAGE = ("agent", "batcher", "logger", "router", "storageInitializer")
_CHART = re.compile(r"kserve(?:-resources)?-(v\d+\.\d+\.\d+)", re.ASCII)
_OWN_NAMES = frozenset({"kserve", "kserve-resources", "kserve-controller-manager"})


class Span(NamedTuple):
    """Minor releases, both ends included."""

    first: int = _OLDEST
    last: int = _NEWEST

    def within(self, other: Span) -> Span | None:
        """Return what both have, None where they have nothing in common."""
        both = Span(max(self.first, other.first), min(self.last, other.last))
        return both if both.first <= both.last else None

    @property
    def releases(self) -> tuple[str, ...]:
        """The releases, oldest first."""
        return tuple(f"0.{minor}" for minor in range(self.first, self.last + 1))

    def __str__(self) -> str:
        ends = (f"0.{minor}" for minor in dict.fromkeys(self))
        return " to ".join(ends)


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


_NOTHING = "nothing tells the release: no CRD of KServe, and no key or tag in the ConfigMap"
_ONLY_CONFIG = "only the ConfigMap tells, and people edit it"


class Fit(msgspec.Struct, frozen=True):
    """The minor releases that fit, oldest first; none where nothing tells.

    ``releases`` rest on firm evidence where there is any; ``likely`` are those of them that the
    ConfigMap fits too. ``doubts`` say in words what speaks against the answer: with any, it is
    no ground for a decision. ``left_over`` are keys that newer ones beside them outweigh.
    """

    releases: tuple[str, ...]
    likely: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    doubts: tuple[str, ...]
    left_over: tuple[str, ...]


def fitting(
    crds: Mapping[str, Json], config: Mapping[str, str], kinds: Collection[str] = ()
) -> Fit:
    """Tell which releases fit the CRDs (by name, whole), the ConfigMap's data and the controller.

    ``kinds`` are the kinds of the controller's workloads that have replicas. Leave out what
    could not be read: that something is absent says nothing here, except inside a schema.
    """
    firm = (*_of_crds(crds), *_of_kinds(kinds))
    soft = tuple(_of_config(config))
    said, outweighed = _agreed(soft)
    span, doubts = _judged(firm, said)
    likely = span and (said and span.within(said) or span)
    return Fit(
        releases=span.releases if span else (),
        likely=likely.releases if likely else (),
        evidence=(*firm, *soft),
        doubts=doubts,
        left_over=tuple(evidence.what for evidence in outweighed),
    )


def from_labels(labels: Mapping[str, str]) -> str | None:
    """Return the release that labels of the controller's workload name: ``0.15.2``; else None.

    KServe's manifests and charts put no version there (0.7.0 to 0.20.0): the labels are those
    of whoever packed it anew. Believe them only where the release is one that fits.
    """
    found = set(_labelled(labels))
    return found.pop() if len(found) == 1 else None


def _labelled(labels: Mapping[str, str]) -> Iterator[str]:
    chart = _CHART.fullmatch(labels.get("helm.sh/chart", ""))
    if chart:
        yield chart[1].removeprefix("v")
    if labels.get("app.kubernetes.io/name") in _OWN_NAMES:
        release = _known_release(labels.get("app.kubernetes.io/version", ""))
        if release:
            yield str(release)


def _of_crds(crds: Mapping[str, Json]) -> Iterator[Evidence]:
    for name, facts in SCHEMA_FACTS.items():
        schema = _schema(crds.get(name))
        if schema is not None:
            yield from _of_schema(name, schema, facts)


def _schema(crd: Json) -> Json:
    versions = value_at(crd, "/spec/versions") or []
    stored = (version for version in versions if value_at(version, "/storage") is True)
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
        yield Evidence(CRDS, f"no fields in {name}", Span(first=13))


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
    return Span(last=fact.first - 1) if fact.first > _OLDEST else Span(first=fact.last + 1)


def _of_kinds(kinds: Collection[str]) -> Iterator[Evidence]:
    """0.9.0 brought the Deployment (``install/vX/kserve.yaml``)."""
    if terms.DEPLOYMENT in kinds:
        yield Evidence(CONTROLLER, "a Deployment runs it", Span(first=9))
    elif terms.STATEFUL_SET in kinds:
        yield Evidence(CONTROLLER, "a StatefulSet runs it", Span(last=8))


def _of_config(config: Mapping[str, str]) -> Iterator[Evidence]:
    """What weighs more comes first: keys that came, the images' tags, keys that went."""
    present = [fact for fact in CONFIG_FACTS if _is_key(config, fact.path)]
    came = [fact for fact in present if fact.first > _OLDEST]
    yield from (Evidence(CONFIG_MAP, fact.path, Span(fact.first)) for fact in came)
    yield from _of_images(config)
    went = [fact for fact in present if fact.last < _NEWEST]
    yield from (Evidence(CONFIG_MAP, fact.path, Span(last=fact.last)) for fact in went)


def _is_key(config: Mapping[str, str], path: str) -> bool:
    key, *inner = path.split(".")
    value = _json(config[key]) if inner and key in config else None
    return value_at(value, pointer(*inner)) is not UNSET if inner else key in config


def _json(text: str) -> Json:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None


def _of_images(config: Mapping[str, str]) -> Iterator[Evidence]:
    """All releases tag the images of the agent, the router and the initializer with their own."""
    images = (value_at(_json(config.get(key, "")), "/image") for key in _WITH_OWN_IMAGE)
    releases = sorted(filter(None, (_tag(image) for image in images)))
    if releases:
        tags = ", ".join(f"v{release}" for release in dict.fromkeys(releases))
        ends = Span(*(min(end.minor, _NEWEST) for end in (releases[0], releases[-1])))
        yield Evidence(CONFIG_MAP, f"images tagged {tags}", ends)


def _tag(image: Json) -> Release | None:
    try:
        return _known_release(parse_image(image).tag) if isinstance(image, str) else None
    except ImageFormatError:
        return None


def _known_release(text: str) -> Release | None:
    """Return the release; None for what is none, or is a version of something else."""
    try:
        release = parse_release(text)
    except ReleaseFormatError:
        return None
    return release if release.major == 0 and release.minor >= _OLDEST else None


def _agreed(soft: Iterable[Evidence]) -> tuple[Span | None, list[Evidence]]:
    """Return what the evidence says, and what of it does not agree with what came before it."""
    span, outweighed = None, []
    for evidence in soft:
        both = evidence.span.within(span or Span())
        if both is None:
            outweighed.append(evidence)
        span = both or span
    return span, outweighed


def _judged(firm: Sequence[Evidence], said: Span | None) -> tuple[Span | None, tuple[str, ...]]:
    if not firm:
        return said, (_ONLY_CONFIG if said else _NOTHING,)
    low = max(firm, key=lambda evidence: evidence.span.first)
    high = min(firm, key=lambda evidence: evidence.span.last)
    span = Span(*sorted((low.span.first, high.span.last)))
    doubts = []
    if low.span.first > high.span.last:
        doubts.append(
            f"{low.what} ({low.oldest} or later) and {high.what} ({high.newest} or before) "
            "are of no release: a vendor's build, or two releases mixed"
        )
    if said and not span.within(said):
        sources = " and the ".join(dict.fromkeys(evidence.source for evidence in firm))
        doubts.append(
            f"the {sources} say {span}, the ConfigMap says {said}: "
            "the one is left over, or the other was upgraded alone"
        )
    return span, tuple(doubts)
