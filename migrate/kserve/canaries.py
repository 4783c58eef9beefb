"""The canaries of a service: each is its predictor with some of it laid over.

``buildCanaryPredictor`` in ``components/predictor.go`` of 0.20.0, below
``pkg/controller/v1beta1/inferenceservice``: ``mergo.Merge`` with override.
"""

from __future__ import annotations

from typing import Any

import msgspec

from migrate.kserve.containers import lean
from migrate.kserve.services import InferenceService, Predictor


class Canaried(msgspec.Struct, frozen=True):
    """A canary, and the service as it is for that one; None where that cannot be one."""

    name: str
    service: InferenceService | None


def canaries_of(service: InferenceService) -> list[Canaried]:
    """Return the service once for each of its canaries."""
    stable = msgspec.to_builtins(service.spec.predictor)
    return [
        Canaried(str(over.get("name", "")), _with(service, stable, over))
        for canary in service.spec.canary or ()
        if (over := canary.predictor or {}) is not None
    ]


def _with(
    service: InferenceService,
    stable: Any,  # noqa: ANN401
    over: dict[str, Any],
) -> InferenceService | None:
    merged = _overridden(stable, lean(over))
    # Workers are not made for a canary.
    merged.pop("workerSpec", None)
    try:
        predictor = msgspec.convert(merged, Predictor)
    except msgspec.ValidationError:
        return None
    spec = msgspec.structs.replace(service.spec, predictor=predictor)
    return msgspec.structs.replace(service, spec=spec)


def _overridden(base: Any, over: Any) -> Any:  # noqa: ANN401
    """Lay one over the other: members of objects each, everything else as a whole."""
    if isinstance(base, dict) and isinstance(over, dict):
        merged = {k: _overridden(base[k], v) if k in base else v for k, v in over.items()}
        return {**base, **merged}
    return over
