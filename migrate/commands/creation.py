"""Asking the API server, by a dry run, what it would store of a new object, before all writes.

What is dropped from a copy stays dropped, and what is refused half-way leaves half of a plan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial

from migrate.cluster.going import is_going
from migrate.cluster.port import Cluster
from migrate.errors import (
    ApiError,
    BlockedError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RefusedError,
    StaleError,
)
from migrate.execute.trial import Trial
from migrate.objects import Manifest, ObjectRef, canonical, ref_of
from migrate.operations.classify import lacking
from migrate.operations.model import Create, Wave
from migrate.operations.stale import AGAIN

FEW = 10
"""So many creates are tried, whatever is in them. Of more, one of each content: what is tried costs
as much as what is made, and what differs by namespace is read beforehand."""
_UNASKED = "does not support dry run"
"""What the API server says where a webhook has side effects (``apiserver/pkg/admission/plugin/
webhook/errors/statuserror.go`` of Kubernetes 1.34): then nobody tells beforehand."""


def trials(
    cluster: Cluster, waves: Sequence[Wave], absent: Collection[ObjectRef], *, begun: bool = False
) -> Sequence[Trial]:
    """Return the trials of what is to be created. They raise BlockedError or StaleError.

    A run that has ``begun`` to write passes over namespaces that are being deleted, and so do its
    trials: nobody could leave them out of it any more.
    """
    made = list(_creates(waves, absent))
    further = {_content(manifest): manifest for manifest in reversed(made)}
    for manifest in made[:FEW]:
        further.pop(_content(manifest), None)
    chosen = [*made[:FEW], *further.values()]
    ask = _try_where_it_stays if begun else _try
    return [Trial(ref_of(each), partial(ask, cluster, each)) for each in chosen]


def _creates(waves: Sequence[Wave], absent: Collection[ObjectRef]) -> Iterator[Manifest]:
    for wave in waves:
        for operation in wave.operations:
            if isinstance(operation.change, Create) and operation.target in absent:
                yield operation.change.manifest


def _content(manifest: Manifest) -> bytes:
    meta = {key: value for key, value in manifest["metadata"].items() if key != "namespace"}
    return canonical({**manifest, "metadata": meta})


def _try_where_it_stays(cluster: Cluster, manifest: Manifest) -> None:
    try:
        _try(cluster, manifest)
    except (BlockedError, ForbiddenError):
        if not is_going(cluster, manifest["metadata"]["namespace"]):
            raise


def _try(cluster: Cluster, manifest: Manifest) -> None:
    ref = ref_of(manifest)
    try:
        answer = cluster.would_create(manifest)
    except ConflictError as error:
        raise StaleError(f"{ref}: somebody made it meanwhile: {error.message}", AGAIN) from error
    except (InvalidError, NotFoundError, RefusedError) as error:
        raise BlockedError(
            f"{ref}: by a dry run, the API server refuses to create it: {error.message}",
            "have it allowed, or leave its namespace out: --exclude NAMESPACE",
        ) from error
    except ApiError as error:
        if _UNASKED not in error.message:
            raise
        return
    if answer is not None and (fields := list(lacking(answer, manifest))):
        raise BlockedError(
            f"{ref}: by a dry run, the API server would not store it as planned: expected all of "
            f"it, found that it drops or changes {', '.join(fields)}",
            "see that the CRDs are of the release that runs, and which webhook changes it: "
            "kubectl get crd,mutatingwebhookconfigurations",
        )
