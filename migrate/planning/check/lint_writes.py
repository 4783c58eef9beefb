"""What a check finds about writes to InferenceServices, and about what is written in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import msgspec

from migrate.credentials import secret_flags, secret_names
from migrate.kserve import terms
from migrate.kserve.admission import admitted
from migrate.kserve.containers import Container
from migrate.kserve.refusals import refused_write
from migrate.kserve.services import FormKind, InferenceService, form_of, framework_of
from migrate.planning.check.lint_services import grouped
from migrate.planning.model import codes
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding
from migrate.planning.world.scene import Scene

Lint = Callable[[Scene], Iterator[Finding]]


def unconverted(scene: Scene) -> Iterator[Finding]:
    """Find services in the framework form that would lose their image on 0.10."""
    if not (scene.rules.converts_on_write and scene.rules.predictors_read):
        return
    refs = [s.ref for s, _ in scene.resolved if form_of(s).kind is FormKind.FRAMEWORK]
    refs = [ref for ref in refs if not _own_image(scene.world.shape(ref))]
    if refs:
        text = "they are stored in the framework form: KServe 0.10 gives them no image"
        fix = "before that upgrade: kmigrate plan --target 0.10.2 converts them with their images"
        yield finding(codes.UNCONVERTED, text, fix, refs)


def _own_image(service: InferenceService) -> bool:
    spec = framework_of(service)
    return spec is not None and bool(spec.image)


def not_updated(scene: Scene) -> Iterator[Finding]:
    """Find services that nothing reconciles while they are ready."""
    if not scene.rules.may_skip:
        return
    key = terms.DISABLE_AUTO_UPDATE
    refs = [s.ref for s, _ in scene.resolved if s.metadata.annotation(key) == "true"]
    if refs:
        text = f"{key}: while Ready they are not reconciled, and take up everything when not"
        yield finding(codes.NO_AUTO_UPDATE, text, objects=refs)


def stale_modes(scene: Scene) -> Iterator[Finding]:
    """Find services whose stored mode this release does not understand."""
    rules = scene.rules
    if not rules.standard_words or rules.reads_old_mode_in_status:
        return
    old = terms.RAW_DEPLOYMENT
    refs = [s.ref for s, _ in scene.resolved if s.status.deployment_mode == old]
    if refs:
        text = f"their status has the mode {old}: this release makes Knative Services of them"
        fix = 'kubectl patch --subresource=status, deploymentMode: "Standard"'
        yield finding(codes.STALE_MODE, text, fix, refs)


def refused(scene: Scene) -> Iterator[Finding]:
    """Find services to which this release refuses any write."""
    told = ((s, refused_write(admitted(s, scene.config), scene.config)) for s, _ in scene.resolved)
    for reason, refs in grouped((reason, s.ref) for s, reason in told if reason).items():
        text = f"this release refuses any write to them: {reason}"
        yield finding(codes.REFUSED_WRITE, text, "correct that in the same write", refs)


def credentials(scene: Scene) -> Iterator[Finding]:
    """Find services with a literal that looks like a credential in a variable."""
    for service, _ in scene.resolved:
        if names := _secrets(_containers(service)):
            fix = "keep it in a Secret: valueFrom.secretKeyRef"
            text = f"in plain text, and looks like a credential: {', '.join(names)}"
            yield finding(codes.CREDENTIAL, text, fix, [service.ref])


def _containers(service: InferenceService) -> Iterator[Container]:
    """Yield all that is written in the service, those of transformer and explainer too."""
    spec = service.spec
    predictor, workers = spec.predictor, spec.predictor.worker_spec
    own = [predictor.model, framework_of(service), *(predictor.containers or ())]
    yield from (one for one in own if one is not None)
    yield from (workers.containers or ()) if workers is not None else ()
    for part in (spec.transformer or {}, spec.explainer or {}):
        listed = part.get("containers")
        for one in (*part.values(), *(listed if isinstance(listed, list) else ())):
            with suppress(msgspec.ValidationError):
                yield msgspec.convert(one, Container)


def _secrets(containers: Iterable[Container]) -> list[str]:
    return [name for one in containers for name in secrets_of(one)]


def secrets_of(container: Container) -> list[str]:
    """Return the variables and flags of a container that look like credentials."""
    arguments = [*(container.command or ()), *(container.args or ())]
    return [*secret_names(container.env or ()), *secret_flags(arguments)]


WRITES: tuple[Lint, ...] = (unconverted, not_updated, stale_modes, refused, credentials)
