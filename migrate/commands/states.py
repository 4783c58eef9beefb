"""What the engine is told of KServe's services: why one cannot come up, that one may go."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.execute.troubles import Trouble, Weight
from migrate.kserve import terms
from migrate.kserve.modelstatus import INVALID_SPEC, model_failure
from migrate.objects import Manifest, ref_of
from migrate.operations.model import Operation


def model_troubles(service: Manifest) -> Iterator[Trouble]:
    """Yield what `status.modelStatus` tells.

    An invalid spec is for somebody to correct; a model that did not load may do so in the next
    try, and its pods tell more.
    """
    failure = model_failure(service)
    if failure is not None:
        weight = Weight.REPEATED if failure.state == INVALID_SPEC else Weight.PASSING
        yield Trouble(
            ref_of(service), failure.state, failure.text, "model", weight, since=failure.time
        )


def is_of_service(operation: Operation) -> bool:
    """Tell whether an operation is about a service: with the service gone it has no object."""
    return operation.target.kind == terms.INFERENCE_SERVICE
