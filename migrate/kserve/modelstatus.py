"""What an InferenceService says in `status.modelStatus` about a model that does not come up.

From 0.9 on (``pkg/apis/serving/v1beta1/inference_service_status.go``, ``ModelStatus``; set in
``pkg/controller/v1beta1/inferenceservice/components/predictor.go``). No release up to 0.20 sets
``lastFailureInfo.time``, and none takes the failure away when the model loads: what is said
there may be of the former spec. ``BlockedByFailedLoad`` is read off whichever pod comes first,
so it may be of an old one.
"""

from __future__ import annotations

import msgspec

from migrate.objects import Manifest

INVALID_SPEC = "InvalidSpec"
BLOCKED = "BlockedByFailedLoad"


class ModelFailure(msgspec.Struct, frozen=True):
    """``state`` is INVALID_SPEC or BLOCKED; ``text`` KServe's reason and message.

    ``time`` is when it failed (RFC 3339), empty where KServe does not say.
    """

    state: str
    text: str
    time: str = ""


def model_failure(service: Manifest) -> ModelFailure | None:
    """Return why the model of an InferenceService does not load; None where nothing is said."""
    status = (service.get("status") or {}).get("modelStatus") or {}
    state = status.get("transitionStatus")
    if state not in (INVALID_SPEC, BLOCKED):
        return None
    info = status.get("lastFailureInfo") or {}
    told = ": ".join(str(info[key]) for key in ("reason", "message") if info.get(key))
    return ModelFailure(state, told, str(info.get("time") or ""))
