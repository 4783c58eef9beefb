"""Labels and annotations that pods get: each change of one is a rollout.

``buildObjectMeta`` in ``components/predictor.go`` below
``pkg/controller/v1beta1/inferenceservice``, KServe 0.8 to 0.20. What KServe itself adds for
all pods alike is not among them.
"""

from __future__ import annotations

from migrate.kserve import terms
from migrate.kserve.metadata import Metadata
from migrate.kserve.rules import Rules
from migrate.kserve.services import Predictor

HIDDEN = frozenset(
    (
        *("autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/max-scale"),
        *("autoscaling.knative.dev/minScale", "autoscaling.knative.dev/maxScale"),
        "internal.serving.kserve.io/storage-initializer-sourceuri",
        terms.LAST_APPLIED,
    )
)
"""``ServiceAnnotationDisallowedList`` in ``pkg/constants/constants.go``, old keys and new."""

HIDDEN_LABELS = frozenset({"networking.knative.dev/visibility"})
"""``RevisionTemplateLabelDisallowedList`` in the same file: Knative's pods alone lack it."""

Texts = dict[str, str]


def pod_labels(
    runtime: Texts | None,
    predictor: Predictor,
    meta: Metadata,
    rules: Rules,
    hidden: frozenset[str],
) -> Texts:
    """Return the labels of the pods: of the runtime, the service, the predictor, later first."""
    return _merged(runtime, meta.labels, predictor.labels, rules, hidden)


def pod_annotations(
    runtime: Texts | None,
    predictor: Predictor,
    meta: Metadata,
    rules: Rules,
    hidden: frozenset[str],
) -> Texts:
    """Return the annotations of the pods, in the same order, without those that are hidden."""
    return _merged(runtime, meta.annotations, predictor.annotations, rules, hidden)


def _merged(
    runtime: Texts | None,
    service: Texts | None,
    predictor: Texts | None,
    rules: Rules,
    hidden: frozenset[str],
) -> Texts:
    below = runtime if rules.runtime_metadata else None
    above = predictor if rules.predictor_metadata else None
    merged = {**(below or {}), **(service or {}), **(above or {})}
    return {key: value for key, value in merged.items() if key not in hidden}
