"""What a write that pins a service does to it, beside the pin: refused, stored, taken back."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from migrate.kserve import terms
from migrate.kserve.admission import admitted
from migrate.kserve.config import Config
from migrate.kserve.modes import mode_of
from migrate.kserve.refusals import refused_write
from migrate.kserve.resolver import resolve_anyway
from migrate.kserve.services import InferenceService

_ALL = 100


def pinned(service: InferenceService, runtime: str | None) -> InferenceService:
    """Return a service in the model form that names this runtime; None for none."""
    model = service.spec.predictor.model
    assert model is not None
    model = msgspec.structs.replace(model, runtime=runtime)
    predictor = msgspec.structs.replace(service.spec.predictor, model=model)
    spec = msgspec.structs.replace(service.spec, predictor=predictor)
    return msgspec.structs.replace(service, spec=spec)


def refusal(service: InferenceService, config: Config) -> str:
    """Say why a service in the model form cannot be pinned; empty where it can."""
    return next(_refusals(service, config), "")


def _refusals(service: InferenceService, config: Config) -> Iterator[str]:
    predictor, rules = service.spec.predictor, config.rules
    assert predictor.model is not None
    if predictor.worker_spec is not None:
        # components/predictor.go:173 of 0.15.2: a label, and in the name of the head Service.
        yield "a model on many nodes: its generation is in its pods, so that any write rolls them"
    share = predictor.canary_traffic_percent
    if share not in (None, _ALL) and mode_of(service, config.mode, rules) == terms.KNATIVE:
        yield f"a canary is in progress (canaryTrafficPercent {share}): a write moves its traffic"
    if rules.canaries and service.spec.canary:
        yield "it has canaries (spec.canary): they are laid over the runtime that it names"
    stored = admitted(pinned(service, "any"), config)
    if reason := refused_write(stored, config):
        yield f"the webhook refuses any write of it: {reason}"
    former = resolve_anyway(service, config)
    back = resolve_anyway(admitted(pinned(stored, predictor.model.runtime), config), config)
    if (former.image, former.pod) != (back.image, back.pod) and not _moves_by_write(
        service, config
    ):
        yield "the webhook adds variables at each write that names its runtime: no way back"


def _moves_by_write(service: InferenceService, config: Config) -> bool:
    """Tell whether one write moves it, and the next one moves it no further."""
    once = admitted(service, config)
    found, again = (resolve_anyway(one, config) for one in (once, admitted(once, config)))
    return (found.image, found.pod) == (again.image, again.pod)


def lasting(service: InferenceService, stored: InferenceService) -> str:
    """Return what the webhook adds to a service at any write, and so at its way back, too."""
    return ", ".join(_added(service, stored))


def _added(service: InferenceService, stored: InferenceService) -> Iterator[str]:
    for what in ("annotation", "label"):
        old = getattr(service.metadata, f"{what}s") or {}
        new = getattr(stored.metadata, f"{what}s") or {}
        yield from (f"{what} {key}={new[key]}" for key in new if old.get(key) != new[key])
    before, after = service.spec.predictor.model, stored.spec.predictor.model
    if before and after and before.protocol_version != after.protocol_version:
        yield f"protocolVersion {after.protocol_version}"
