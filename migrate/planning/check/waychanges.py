"""What a step of an upgrade does to services that are alike: the image, where from, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from migrate.kserve import terms
from migrate.kserve.building import base_or_none
from migrate.kserve.image import ImageFormatError, parse_image
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.rules import Rules
from migrate.kserve.services import InferenceService, framework_of
from migrate.objects import ObjectRef
from migrate.planning.check.lint_services import spoilt


class Why(StrEnum):
    """Why a service has another image, or other settings, after a step. The words are stable."""

    NOTHING = ""
    """It has not; or it was broken before, and still is."""
    LOST_OVERRIDE = "lost-override"
    """Somebody set the entry of `predictors` that gave it, and the manifests put that back."""
    LOST_EDIT = "lost-edit"
    """Somebody edited its ClusterServingRuntime, and the manifests put that back."""
    RELEASED = "released-image"
    """The release ships another image in the same place."""
    OTHER_RUNTIME = "another-runtime"
    """Another runtime decides."""
    PIN = "pin"
    """Its ``runtimeVersion`` is put behind another repository than before."""
    RULES = "rules"
    """The release makes another image of what is written in the same words."""
    NO_IMAGE = "no-image"
    """It gets none, or none that can be pulled, or is not reconciled for an error."""
    BARE = "bare-container"
    """KServe puts nothing into the container of its framework field any more, but for its image."""
    MANGLED = "mangled"
    """Its image is a reference that nobody meant."""
    UNTOLD = "cannot-tell"
    """Nobody can tell its image any more."""
    AGAIN = "image-again"
    """It had none before the step."""


LOST = frozenset({Why.LOST_OVERRIDE, Why.LOST_EDIT})
"""What somebody set globally is gone."""


class Change(msgspec.Struct, frozen=True, rename="camel"):
    """What a step does to a service.

    ``verdict`` and ``reason`` tell of it after the step. An image is None where nothing is
    written or can be told, and "" where a container is written without one; of a service that
    KServe leaves alone it is what it had. A protocol is empty where nothing serves. ``settings``
    are variables and flags that differ (``env A``, ``args --b``); ``other_pods``: anything that
    is predicted of its pods does.
    """

    verdict: Verdict
    why: Why
    reason: str
    image_before: str | None
    image_after: str | None
    runtime_before: ObjectRef | None
    runtime_after: ObjectRef | None
    protocol_before: str
    protocol_after: str
    settings: tuple[str, ...]
    other_pods: bool

    @property
    def is_other_runtime(self) -> bool:
        """Tell whether another runtime decides after the step."""
        both = self.runtime_before is not None and self.runtime_after is not None
        return both and self.runtime_before != self.runtime_after

    @property
    def is_other_protocol(self) -> bool:
        """Tell whether it is served by another protocol."""
        both = bool(self.protocol_before and self.protocol_after)
        return both and self.protocol_before != self.protocol_after

    @property
    def is_other_image(self) -> bool:
        """Tell whether it has another image, that is one."""
        is_one = bool(self.image_after) and self.verdict is not Verdict.BROKEN
        return is_one and self.image_after != self.image_before


@dataclass(frozen=True)
class Side:
    """A service before or after a step, and what it gets there by which rules."""

    service: InferenceService
    found: Resolution
    rules: Rules

    @property
    def base(self) -> tuple[str, ...]:
        """The image that the runtime or the entry names, before the service has its say."""
        if (entry := self.found.entry) is not None:
            return (entry.image, entry.default_image_version, entry.default_gpu_image_version)
        base = base_or_none(self.found.runtime, self.rules) if self.found.runtime else None
        return ((base.image if base else "") or "",)

    @property
    def protocol(self) -> str:
        """The protocol that it is served by; empty where nothing tells.

        0.8 has runtimes that list none.
        """
        if self.found.pod is None:
            return ""
        told = (self.found.held or self.service).spec.predictor
        if told.model is not None:
            return told.model.protocol_version or ""
        spec = framework_of(self.service)
        return (spec.protocol_version or terms.PROTOCOL_V1) if spec else ""

    @property
    def is_built(self) -> bool:
        """Tell whether KServe makes the container: up to 0.9 also for a framework field.

        ``GetContainer`` in ``predictor_sklearn.go`` and its like of 0.10.2 returns the stored one.
        """
        return self.rules.predictors_read or framework_of(self.service) is None

    @property
    def is_named(self) -> bool:
        """Tell whether its image has a repository, so that it is one."""
        return bool(self.found.image) and not str(self.found.image).startswith(":")


def why_of(before: Side, after: Side, *, lost: Why, settings: bool) -> Why:
    """Return why a service is not as before, by the first that holds.

    ``lost`` is what the step takes away of the global setting, as far as it is the service's.
    """
    verdicts = (before.found.verdict, after.found.verdict)
    if verdicts[1] in (Verdict.BROKEN, Verdict.CANNOT_TELL):
        return _failing(before, after)
    if Verdict.NOT_RECONCILED in verdicts:
        return Why.NOTHING
    if verdicts[0] is Verdict.BROKEN:
        return Why.AGAIN
    if before.is_built and not after.is_built:
        return Why.BARE
    if _is_spoilt(after) and not _is_spoilt(before):
        return Why.MANGLED
    return _given(before, after, lost, settings=settings)


def _given(before: Side, after: Side, lost: Why, *, settings: bool) -> Why:
    is_same = before.found.image == after.found.image
    if lost and (settings or not is_same):
        return lost
    runtimes = [_runtime(side.found) for side in (before, after)]
    if None not in runtimes and runtimes[0] != runtimes[1]:
        return Why.OTHER_RUNTIME
    return Why.NOTHING if is_same else _released(before, after)


def _failing(before: Side, after: Side) -> Why:
    if before.found.verdict is after.found.verdict:
        return Why.NOTHING
    if after.found.verdict is Verdict.CANNOT_TELL:
        return Why.UNTOLD
    return Why.MANGLED if after.is_named else Why.NO_IMAGE


def _released(before: Side, after: Side) -> Why:
    if before.base == after.base:
        return Why.RULES
    return Why.PIN if _is_pinned(before, after) else Why.RELEASED


def _is_pinned(before: Side, after: Side) -> bool:
    """Tell whether a pin is put behind another repository."""
    predictor = after.service.spec.predictor
    spec = predictor.model or framework_of(after.service)
    if spec is None or not spec.runtime_version or not after.found.image:
        return False
    try:
        one, other = (parse_image(side.found.image or "") for side in (before, after))
    except ImageFormatError:
        return False
    return one.repository != other.repository


def _is_spoilt(side: Side) -> bool:
    return bool(spoilt(side.service, side.found, side.rules))


def _runtime(found: Resolution) -> ObjectRef | None:
    return found.runtime.ref if found.runtime is not None else None
