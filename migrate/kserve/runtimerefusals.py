"""ServingRuntimes that KServe's validating webhook refuses, at a create and at any later write.

``ServingRuntimeValidator.Handle`` and what it calls in
``pkg/webhook/admission/servingruntime/servingruntime_webhook.go``, KServe 0.11.2 to 0.20.0. Which
resources count as GPUs of a model on many nodes is not looked at: no refusal found is no promise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migrate.kserve import terms
from migrate.kserve.refusals import PYTHONPATH, sets_pythonpath
from migrate.kserve.rules import Rules
from migrate.kserve.runtimes import Runtime, SupportedFormat

_SIZES = ("PIPELINE_PARALLEL_SIZE", "TENSOR_PARALLEL_SIZE")


def refused_runtime(runtime: Runtime, others: Iterable[Runtime], rules: Rules) -> str:
    """Say why a write that leaves the runtime like this is refused; empty where nothing is known.

    ``others`` are those of its namespace.
    """
    if not rules.judges_runtimes or runtime.spec.disabled:
        return ""
    return next(_refusals(runtime, others, rules), "")


def _refusals(runtime: Runtime, others: Iterable[Runtime], rules: Rules) -> Iterator[str]:
    if rules.one_priority and (name := _unequal(_selected(runtime))):
        yield f"it has two priorities for {name}"
    for other in others:
        if other.name != runtime.name and (name := _clash(runtime, other)):
            yield f"{other.ref} has the same priority for {name}"
    if rules.uses_workers and runtime.spec.worker_spec is not None:
        yield from _workers(runtime)
    if rules.refuses_pythonpath and any(map(sets_pythonpath, runtime.spec.containers or ())):
        yield f"it sets {PYTHONPATH}"


def _selected(runtime: Runtime) -> list[SupportedFormat]:
    return [one for one in runtime.spec.supported_model_formats or () if one.auto_select]


def _unequal(formats: Iterable[SupportedFormat]) -> str:
    """Return the format that has two priorities: each is compared with the first one's."""
    first: dict[str, int | None] = {}
    for one in formats:
        known = first.setdefault(one.name, one.priority)
        if None not in (known, one.priority) and known != one.priority:
            return one.name
    return ""


def _clash(runtime: Runtime, other: Runtime) -> str:
    """Return the format for which both have one priority; empty where they do not meet."""
    mine, theirs = runtime.spec, other.spec
    shared = set(mine.protocol_versions or ()) & set(theirs.protocol_versions or ())
    is_apart = bool(mine.multi_model) != bool(theirs.multi_model)
    if theirs.disabled or is_apart or not shared:
        return ""
    taken = {_key(one) for one in _selected(other) if one.priority is not None}
    return next((one.name for one in _selected(runtime) if _key(one) in taken), "")


def _key(one: SupportedFormat) -> tuple[str, str | None, int | None]:
    return (one.name.lower(), one.version, one.priority)


def _workers(runtime: Runtime) -> Iterator[str]:
    """``validateMultiNodeSpec`` of 0.15.2."""
    workers = runtime.spec.worker_spec
    assert workers is not None
    if len(workers.containers or ()) > 1:
        yield "its workerSpec has several containers"
    for container in runtime.spec.containers or ():
        named = {str(item.get("name")) for item in container.env or ()}
        if container.name == terms.CONTAINER and named & set(_SIZES):
            yield f"its {terms.CONTAINER} sets {', '.join(sorted(named & set(_SIZES)))}"
    sizes = (workers.pipeline_parallel_size, workers.tensor_parallel_size)
    if any(size is not None and size < 1 for size in sizes):
        yield "a parallel size is below 1"
