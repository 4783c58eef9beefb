"""Who gets new pods by carrying a plan out, and who would some day anyway."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from migrate.kserve import terms
from migrate.kserve.rules import Wakes
from migrate.objects import ObjectRef
from migrate.operations.model import Activation, Operation, Restart
from migrate.planning.model.plan import Forecast, Outlook
from migrate.planning.world.forecast import World


def has_restart(activations: Iterable[Activation]) -> bool:
    """Tell whether the controller is restarted, and so looks at every service."""
    return any(isinstance(act, Restart) for act in activations)


def with_restarts(
    rows: Iterable[Forecast],
    operations: Iterable[Operation],
    activations: Sequence[Activation],
    now: World,
) -> tuple[Forecast, ...]:
    """Return the rows with a mark on those that restart by these writes and activations.

    They are those that the plan moves, and of those that change anyway the ones that are
    reconciled by it. ``now`` is the world before.
    """
    is_reconciled = _reconciled(operations, activations, now)
    return tuple(
        msgspec.structs.replace(row, restarts=True) if _restarts(row, is_reconciled) else row
        for row in rows
    )


def _restarts(row: Forecast, is_reconciled: Callable[[ObjectRef], bool]) -> bool:
    if row.outlook is Outlook.CHANGES_ANYWAY:
        return is_reconciled(row.service)
    return row.outlook is Outlook.CHANGES


def _reconciled(
    operations: Iterable[Operation], activations: Sequence[Activation], now: World
) -> Callable[[ObjectRef], bool]:
    """Return what tells who is reconciled: woken, or by KServe itself for an edited runtime."""
    operations = tuple(operations)
    edited = {op.target.name for op in operations if op.target.kind == terms.CLUSTER_RUNTIME}
    wakes = now.rules.edit_wakes
    if has_restart(activations) or (edited and wakes is Wakes.EVERYBODY):
        return lambda _: True
    written = {op.target for op in operations if op.target.kind == terms.INFERENCE_SERVICE}
    woken = {activation.target for activation in activations} | written
    waking = edited if wakes is Wakes.USERS else set()
    return lambda ref: ref in woken or _named_runtime(now, ref) in waking


def _named_runtime(now: World, ref: ObjectRef) -> str | None:
    return now.shape(ref).status.cluster_serving_runtime_name
