"""What decided how often in a verdict, and which refusals were told beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from migrate.kserve.admission import admitted
from migrate.kserve.refusals import refused_write
from migrate.kserve.resolver import resolve, resolve_canaries
from migrate.kserve.services import FormKind, InferenceService, form_of
from tests.differential.prediction import Case, service_of

Json = Any


@dataclass(frozen=True)
class Refusal:
    """What was told of the first write of a service, and what came of it."""

    service: str
    told: str
    denied: str | None


def refusals(cluster: Json, verdict: Json) -> Iterator[Refusal]:
    case = Case(cluster, verdict)
    for name, posted, one in case.services():
        if name not in cluster["unadmitted"]:
            written = admitted(service_of(posted), case.config)
            yield Refusal(name, refused_write(written, case.config), one["denied"])


def hits(cluster: Json, verdict: Json) -> Counter[str]:
    """Which rules decided how often: of admission, of the resolver, and of what was skipped."""
    case = Case(cluster, verdict)
    found: Counter[str] = Counter()
    for _, posted, one in case.services():
        if one["denied"] is not None:
            found["refused by a webhook"] += 1
            continue
        service = service_of(one["stored"])
        resolution = resolve(service, case.config)
        form = form_of(service)
        found[f"form: {form.kind.value} {form.format}".strip()] += 1
        found[f"mode: {case.mode(service)}"] += 1
        found[f"verdict: {resolution.verdict.value}"] += 1
        found.update(resolution.rules)
        found["workers"] += resolution.workers is not None
        found["canaries"] += bool(resolve_canaries(service, case.config))
        found["stored by the webhook in the model form"] += _is_converted(posted, service)
    return found


def _is_converted(posted: Json, stored: InferenceService) -> bool:
    before = form_of(service_of(posted)).kind
    return (before, form_of(stored).kind) == (FormKind.FRAMEWORK, FormKind.MODEL)
