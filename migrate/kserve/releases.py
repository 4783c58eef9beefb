"""What each KServe release does with ``predictors``: one table, and nothing else asks.

Read in the sources of the releases, below ``pkg/``: the schema in
``apis/serving/v1beta1/configmap.go``, admission in ``inference_service_defaults.go`` and
``predictor_*.go`` beside it, reconciling in
``controller/v1beta1/inferenceservice/components/predictor.go``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from migrate.kserve import terms
from migrate.kserve.image import ImageFormatError, parse_image


class ReleaseFormatError(ValueError):
    """The text names no release of KServe."""


class Release(msgspec.Struct, frozen=True, order=True):
    """A release of KServe; ``str`` gives ``0.7.0``."""

    major: int
    minor: int
    patch: int = 0

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How the releases of one row treat ``predictors`` and the services that use it.

    ``name`` is what a person calls the row. ``for_writing``: the change is supported here.
    """

    name: str
    for_writing: bool
    predictors_read: bool
    """Whether a service in the framework form gets its image from ``predictors``."""
    nested: frozenset[str]
    """Formats whose entry holds one object for v1 and one for v2; the others are flat."""
    pins_at_admission: bool
    """Whether the webhook writes ``runtimeVersion`` into a framework field without one."""
    checks_gpu_suffix: bool
    """Whether the webhook wants ``-gpu`` in the version with a GPU, and only with one."""
    converts_on_write: bool
    """Whether any write to a service turns its framework form into ``model``."""
    new_services_use_predictors: bool
    """Whether a service created in the framework form keeps it."""
    knows_model: bool
    """Whether ``spec.predictor.model`` and ServingRuntimes exist."""
    gpu_tag_from_predictors: bool
    """Whether ``UpdateImageTag`` takes the tag of a GPU image from ``predictors``."""
    controller_kind: str
    workload_suffix: str
    """What follows the name of the InferenceService in the name of its workload."""
    instead: str
    """What to do where ``predictors`` does not do it; empty where nothing else is needed."""


_NESTED_BY_PROTOCOL = frozenset({terms.SKLEARN, terms.XGBOOST})

_RULES_0_7 = Rules(
    name="0.7",
    for_writing=True,
    predictors_read=True,
    # configmap.go:72-82 of 0.7.0. The keys of pytorch are called v1 and v2 as well.
    nested=_NESTED_BY_PROTOCOL | {terms.PYTORCH},
    # The Default methods of predictor_*.go of 0.7.0.
    pins_at_admission=True,
    checks_gpu_suffix=True,
    converts_on_write=False,
    new_services_use_predictors=True,
    knows_model=False,
    gpu_tag_from_predictors=False,
    controller_kind=terms.STATEFUL_SET,
    workload_suffix="-predictor-default",
    instead="",
)

_RULES_0_8 = msgspec.structs.replace(
    _RULES_0_7,
    name="0.8",
    # configmap.go:85 of 0.8.0 has pytorch flat; the released manifests still nest it.
    nested=_NESTED_BY_PROTOCOL,
    # setPredictorModelDefaults in inference_service_defaults.go of 0.8.0.
    pins_at_admission=False,
    checks_gpu_suffix=False,
    converts_on_write=True,
    new_services_use_predictors=False,
    knows_model=True,
    # UpdateImageTag in controller/v1beta1/inferenceservice/utils/utils.go of 0.8.0.
    gpu_tag_from_predictors=True,
    instead="services in the model form, and all new ones, take their image from a "
    "ServingRuntime: set the image there",
)

_RULES_0_9 = msgspec.structs.replace(
    _RULES_0_8,
    name="0.9",
    # install/v0.9.0/kserve.yaml; the StatefulSet of the same name beside it has 0 replicas.
    controller_kind=terms.DEPLOYMENT,
)

_RULES_0_10 = msgspec.structs.replace(
    _RULES_0_9,
    name="0.10",
    # configmap.go of 0.10 has no field for the key: a leftover is ignored without a word.
    for_writing=False,
    predictors_read=False,
    nested=frozenset(),
    gpu_tag_from_predictors=False,
    instead="this release does not read predictors: set the image in a ClusterServingRuntime "
    "or, for one namespace, in a ServingRuntime of the same name",
)

_RULES_0_11 = msgspec.structs.replace(
    _RULES_0_10,
    name="0.11 and later",
    # components/predictor.go:256-269 of 0.11.2: a workload that is there under the name of
    # former releases keeps it.
    workload_suffix="-predictor",
)

_TABLE = {7: _RULES_0_7, 8: _RULES_0_8, 9: _RULES_0_9, 10: _RULES_0_10}


def rules_for(release: Release) -> Rules | None:
    """Return the rules of a release, None for those before 0.7 and from 1.0 on."""
    if release.major:
        return None
    return _TABLE.get(release.minor, _RULES_0_11 if release.minor > max(_TABLE) else None)


_RELEASE = re.compile(r"v?(0|[1-9]\d*)\.(0|[1-9]\d*)(?:\.(0|[1-9]\d*))?", re.ASCII)


def parse_release(text: str) -> Release:
    """Read ``v0.7.0``, ``0.7.0`` or ``0.9``, which is 0.9.0. Raise ReleaseFormatError.

    Release candidates and vendors' suffixes are no releases: nobody knows what they do.
    """
    found = _RELEASE.fullmatch(text)
    if found is None:
        raise ReleaseFormatError(f"{text!r}: expected a release such as v0.9.0")
    major, minor, patch = found.groups("0")
    return Release(int(major), int(minor), int(patch))


def detect(images: Sequence[str]) -> Release | None:
    """Return the release that the images of the controller's ``manager`` container name.

    None where there is none, where a tag is no release (``latest``, only a digest), or
    where two images disagree. The released manifests tag the image with the release
    (``install/vX/kserve.yaml``: ``kserve/kserve-controller:vX``).
    """
    found = {_release_of(image) for image in images}
    return found.pop() if len(found) == 1 else None


def _release_of(image: str) -> Release | None:
    try:
        return parse_release(parse_image(image).tag)
    except (ImageFormatError, ReleaseFormatError):
        return None
