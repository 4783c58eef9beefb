"""Looking once more, right before a copy is deleted, that no service names it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial

from migrate.cluster.port import Cluster
from migrate.errors import StaleError
from migrate.execute.trial import Trial
from migrate.kserve import terms
from migrate.kserve.services import InferenceService
from migrate.objects import ObjectRef
from migrate.operations.model import Delete, Wave
from migrate.planning.world.copies import copy_ref


def unnamed(cluster: Cluster, wave: Wave, _coming: Sequence[Wave] = ()) -> Iterator[Trial]:
    """Yield the look before a wave that deletes runtimes: it raises StaleError as told below."""
    gone = {op.target for op in wave.operations if isinstance(op.change, Delete)}
    if gone:
        yield Trial(min(gone, key=lambda ref: ref.place), partial(_refuse_named, cluster, gone))


def _refuse_named(cluster: Cluster, gone: Collection[ObjectRef]) -> None:
    """Raise StaleError where one of these runtimes is named by a service now.

    KServe reconciles no service that names a runtime which is not there (``GetServingRuntime`` in
    ``controller/v1beta1/inferenceservice/utils/utils.go``, 0.8 to 0.20).
    """
    kind = (terms.SERVING_VERSION, terms.INFERENCE_SERVICE, InferenceService)
    for service in cluster.list(*kind):
        model = service.spec.predictor.model
        target = copy_ref(model.runtime or "", service.ref.namespace) if model else None
        if target in gone:
            raise StaleError(
                f"{target} was to be deleted, as nobody named it; {service.ref} does now",
                "kmigrate rollback, which leaves it where it is then",
            )
