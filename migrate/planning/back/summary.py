"""A plan or a rollback in numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from migrate.operations.model import Activation, Convert, Operation, Restart, Wake
from migrate.planning.back.rollback import Rollback
from migrate.planning.model.desired import Options, summary
from migrate.planning.model.plan import MOVING, Finding, Forecast, Outlook, Plan, Severity
from migrate.planning.model.strategy import TARGET, Scope, Strategy


class Summary(msgspec.Struct, frozen=True, rename="camel"):
    """How much is done, and what was found.

    ``services`` are all InferenceServices, ``restarts`` those that get new pods by it, ``anyway``
    those of them that would at their next reconcile without it, and ``namespaces`` is in how many
    namespaces they are. ``pods`` are those that are replaced, as far as they were seen. ``later``
    are those that get new pods at their next reconcile, and not by it. Accepted findings are
    counted, too.
    """

    writes: int
    controller_restarts: int
    wakes: int
    conversions: int
    services: int
    restarts: int
    anyway: int
    pods: int
    namespaces: int
    later: int
    errors: int
    warnings: int
    infos: int
    is_blocked: bool


def summarised(plan: Plan) -> Summary:
    """Return the numbers of a plan."""
    return _numbers(plan.operations, plan.activations, plan.forecast, plan.findings)


def summarised_back(back: Rollback) -> Summary:
    """Return the numbers of a rollback."""
    acts = (activation for wave in back.waves for activation in wave.activations)
    return _numbers(back.to_do, acts, back.forecast, back.findings)


def _numbers(
    operations: Sequence[Operation],
    activations: Iterable[Activation],
    forecast: Sequence[Forecast],
    findings: Sequence[Finding],
) -> Summary:
    acts = [type(activation) for activation in activations]
    found = [finding.severity for finding in findings]
    moving = restarting(forecast)
    return Summary(
        writes=len(operations),
        controller_restarts=acts.count(Restart),
        wakes=acts.count(Wake),
        conversions=acts.count(Convert),
        services=len(forecast),
        restarts=len(moving),
        anyway=sum(row.outlook is Outlook.CHANGES_ANYWAY for row in moving),
        pods=sum(row.rollout.pods for row in moving if row.rollout),
        namespaces=len({row.service.namespace for row in moving}),
        later=sum(row.outlook in MOVING and not row.restarts for row in forecast),
        errors=found.count(Severity.ERROR),
        warnings=found.count(Severity.WARNING),
        infos=found.count(Severity.INFO),
        is_blocked=any(finding.blocks for finding in findings),
    )


def restarting(forecast: Sequence[Forecast]) -> list[Forecast]:
    """Return the services that get new pods by it."""
    return [row for row in forecast if row.restarts]


def asked(options: Options) -> tuple[str, ...]:
    """Return what is asked for: a strategy but for the usual one, and images as `--set` has them.

    Without the values of variables and flags.
    """
    strategy = options.strategy
    scope = f" (scope {options.scope})" if options.scope is Scope.SERVICE else ""
    if options.checkpoint:
        return (f"rollback to checkpoint {options.checkpoint}",)
    where = () if strategy is Strategy.IN_PLACE else (f"--{strategy}{scope}",)
    if strategy is Strategy.HOLD:
        where = (f"{TARGET} {options.target}",)
    former = (options.former.spelled,) if options.former else ()
    return (*former, *where, *(summary([image]) for image in options.images))
