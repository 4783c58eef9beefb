"""Which releases fit what a cluster has, where the tag of the controller's image does not tell.

The CRDs and the kind of the controller's workload are firm: nobody edits them, and an upgrade
replaces them. The ConfigMap is not: people keep their own, and keys of former releases are left
over. It is believed where the rest leaves a choice, and what it says against the rest is said.

What cannot be told: a release after the newest known looks like that one, and a controller
upgraded alone, with neither CRDs nor ConfigMap, looks like the former (Helm upgrades no CRD of
a chart's ``crds/``, where 0.9 has them).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from migrate.catalog.fingerprints import Span
from migrate.kserve.evidence import Evidence, known_release, of_config, of_crds, of_kinds
from migrate.objects import Json

_CHART = re.compile(r"kserve(?:-resources)?-v?(\d+\.\d+\.\d+)", re.ASCII)
_OWN_NAMES = frozenset({"kserve", "kserve-resources", "kserve-controller-manager"})
_NOTHING = "nothing tells the release: no CRD of KServe, and no known key or tag in the ConfigMap"
_ONLY_CONFIG = "only the ConfigMap tells the release, and people edit it"


class Fit(msgspec.Struct, frozen=True):
    """The minor releases that fit, oldest first: ``("0.17", "0.18", "0.19")``.

    ``releases`` rest on firm evidence where there is any, and are none where nothing tells;
    ``likely`` are those of them that the ConfigMap fits too. ``doubts`` say what speaks against
    the answer: with any, it is no ground for a decision. ``left_over`` is what the ConfigMap
    has from a former release, by its newer keys.
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
    firm = (*of_crds(crds), *of_kinds(kinds))
    soft = tuple(of_config(config))
    said, outweighed = _agreed(soft)
    span = _covered(firm) or said
    likely = span and ((said and span.within(said)) or span)
    return Fit(
        releases=span.releases if span else (),
        likely=likely.releases if likely else (),
        evidence=(*firm, *soft),
        doubts=tuple(_doubts(firm, said)),
        left_over=tuple(evidence.what for evidence in outweighed),
    )


def from_labels(labels: Mapping[str, str]) -> str | None:
    """Return the release that labels of the controller's workload name: ``0.15.2``; else None.

    KServe's manifests and charts put no version there (0.7.0 to 0.20.0): such labels are those
    of whoever packed it anew. Believe them only where the release is one that fits.
    """
    found = set(_labelled(labels))
    return found.pop() if len(found) == 1 else None


def _labelled(labels: Mapping[str, str]) -> Iterator[str]:
    chart = _CHART.fullmatch(labels.get("helm.sh/chart", ""))
    texts = [chart[1]] if chart else []
    if labels.get("app.kubernetes.io/name") in _OWN_NAMES:
        texts.append(labels.get("app.kubernetes.io/version", ""))
    yield from (str(release) for release in map(known_release, texts) if release)


def _agreed(soft: Iterable[Evidence]) -> tuple[Span | None, list[Evidence]]:
    """Return what the evidence says, and what of it does not agree with what came before it."""
    span: Span | None = None
    outweighed = []
    for evidence in soft:
        both = evidence.span.within(span or Span())
        if both is None:
            outweighed.append(evidence)
        span = both or span
    return span, outweighed


def _ends(firm: Sequence[Evidence]) -> tuple[Evidence, Evidence]:
    """Return what allows none older, and what allows none newer."""
    oldest = max(firm, key=lambda evidence: evidence.span.first)
    newest = min(firm, key=lambda evidence: evidence.span.last)
    return oldest, newest


def _covered(firm: Sequence[Evidence]) -> Span | None:
    """Return the releases that fit; those from the one end to the other where none does."""
    if not firm:
        return None
    oldest, newest = _ends(firm)
    return Span(*sorted((oldest.span.first, newest.span.last)))


def _doubts(firm: Sequence[Evidence], said: Span | None) -> Iterator[str]:
    span = _covered(firm)
    if span is None:
        yield _ONLY_CONFIG if said else _NOTHING
        return
    oldest, newest = _ends(firm)
    if oldest.span.first > newest.span.last:
        yield (
            f"{oldest.what} ({oldest.oldest} or later) and {newest.what} ({newest.newest} or "
            "before) are of no one release: a vendor's build, or two releases mixed"
        )
    if said and not span.within(said):
        sources = " and the ".join(dict.fromkeys(evidence.source for evidence in firm))
        yield (
            f"the {sources} fit {span}, the ConfigMap fits {said}: "
            "left over, or one of them was upgraded alone"
        )
