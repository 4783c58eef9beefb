"""Looking once more, right before a copy is deleted, that no service names it."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.cluster.port import Cluster
from migrate.errors import StaleError
from migrate.kserve import terms
from migrate.kserve.services import InferenceService
from migrate.operations.model import Delete, Wave
from migrate.planning.copies import copy_ref


def refuse_named(cluster: Cluster, wave: Wave, _coming: Sequence[Wave] = ()) -> None:
    """Raise StaleError where a runtime that the wave deletes is named by a service now.

    KServe reconciles no service that names a runtime which is not there (``GetServingRuntime`` in
    ``controller/v1beta1/inferenceservice/utils/utils.go``, 0.8 to 0.20).
    """
    gone = {op.target for op in wave.operations if isinstance(op.change, Delete)}
    kind = (terms.SERVING_VERSION, terms.INFERENCE_SERVICE, InferenceService)
    for service in cluster.list(*kind) if gone else ():
        model = service.spec.predictor.model
        target = copy_ref(model.runtime or "", service.ref.namespace) if model else None
        if target in gone:
            raise StaleError(
                f"{target} was to be deleted, as nobody named it; {service.ref} does now",
                "kmigrate rollback, which leaves it where it is then",
            )
