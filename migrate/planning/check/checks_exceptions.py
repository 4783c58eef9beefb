"""Checks of the exceptions in desired.yaml: each is a promise, held against what comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate.kserve.rules import Rules
from migrate.objects import ObjectRef
from migrate.planning.model import codes
from migrate.planning.model.desired import Desired, Exempt, Options, settings
from migrate.planning.model.exceptions import exception_of, instead, is_empty, is_named, wishes
from migrate.planning.model.fields import did_you_mean
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding, Forecast, Outlook
from migrate.planning.model.strategy import Scope, Strategy
from migrate.planning.model.wanted import entry_of
from migrate.planning.world.case import Case


def exempt(case: Case, options: Options) -> Iterator[Finding]:
    """Find who moves in spite of an exception, or does not get what it names."""
    for desired in options.images:
        for exception in desired.exceptions:
            named = [r for r in case.rows if is_named(case.planned.services, r.service, exception)]
            yield from _nobody(case, desired, exception, named)
            hit = [row for row in named if _is_hit(case, options, row, desired, exception)]
            yield from _told(case, options, desired, exception, hit)


def _nobody(
    case: Case, desired: Desired, exception: Exempt, named: Sequence[Forecast]
) -> Iterator[Finding]:
    known = {row.service.namespace for row in case.rows}
    missing = [name for name in exception.namespaces if name not in known]
    for name in missing:
        text = f"{desired}: an exception names namespace {name}, which has no InferenceService"
        yield finding(codes.NOBODY, text + did_you_mean(name, known))
    if not named and len(missing) < max(len(exception.namespaces), 1):
        where = f" in {', '.join(exception.namespaces)}" if exception.namespaces else ""
        text = f"{desired}: no InferenceService{where} has the labels {exception.selector}"
        yield finding(codes.NOBODY, f"{text} of an exception")


def _is_hit(
    case: Case, options: Options, row: Forecast, desired: Desired, exception: Exempt
) -> bool:
    """Tell whether what becomes of a service is not what the exception promises."""
    if row.outlook is Outlook.CANNOT_TELL:
        is_like = bool(desired.format) and case.format_of(row.service) == desired.format
        return is_like and _is_near(case, options, row, desired)
    is_changing = row.outlook is Outlook.CHANGES
    if is_empty(exception):
        return is_changing and any(_is_reached(case, row, wish) for wish in wishes(desired))
    if row.outside and not is_changing:
        return False
    return not _is_kept(case, row, desired, instead(desired, exception))


def _is_near(case: Case, options: Options, row: Forecast, desired: Desired) -> bool:
    """Tell whether the plan sets this for the whole cluster, or for all of a namespace."""
    if options.strategy is not Strategy.TO_RUNTIMES:
        return True
    if options.scope is Scope.SERVICE:
        return _is_reached(case, row, desired)
    place = row.service.namespace
    near = (wanted for copy, wanted in case.carried.items() if copy.namespace == place)
    return any(one.desired == desired for wanted in near for one in wanted)


def _is_kept(case: Case, row: Forecast, desired: Desired, promised: Desired) -> bool:
    """Tell whether a service gets what it was promised in the place of what others get."""
    if any(target.desired == promised for target in case.reaching(row)):
        return not (promised.image and _has_own_image(case, row.service))
    is_reached = _is_reached(case, row, desired)
    if not is_reached and not _is_like(case, row, desired):
        return True
    if promised.env or promised.args or (is_reached and (desired.env or desired.args)):
        return False
    return row.after_plan in (None, promised.image)


def _is_reached(case: Case, row: Forecast, desired: Desired) -> bool:
    """Tell whether it reads what is changed for this wish."""
    entry = entry_of(desired, case.rules) if desired.format else None
    is_in_predictors = entry in case.wanted and case.planned.key(row.service) == entry
    return is_in_predictors or any(one.desired == desired for one in case.reaching(row))


def _is_like(case: Case, row: Forecast, desired: Desired) -> bool:
    if desired.runtime:
        used = (row.runtime, row.runtime_after_plan)
        return any(ref is not None and ref.name == desired.runtime for ref in used)
    return case.format_of(row.service) == desired.format


def _has_own_image(case: Case, ref: ObjectRef) -> bool:
    model = case.planned.shape(ref).spec.predictor.model
    return model is not None and bool(model.image)


def _told(
    case: Case, options: Options, desired: Desired, exception: Exempt, hit: Sequence[Forecast]
) -> Iterator[Finding]:
    wish = "shall stay" if is_empty(exception) else f"shall get {' '.join(settings(exception))}"
    groups: dict[tuple[str, str], list[ObjectRef]] = {}
    for row in hit:
        why = _why(case, options, row, desired, exception)
        groups.setdefault(why, []).append(row.service)
    for (reason, fix), services in groups.items():
        text = f"{desired}: they {wish} by an exception, and {reason}"
        yield finding(codes.EXEMPT, text, fix, services)


def _why(
    case: Case, options: Options, row: Forecast, desired: Desired, exception: Exempt
) -> tuple[str, str]:
    """Return why the promise is broken, and what to do about it."""
    if options.strategy is not Strategy.TO_RUNTIMES:
        return "a global change cannot do that", _ways(case.rules, desired)
    if exception_of(desired, case.planned.services, row.service) is not exception:
        return "one before it says otherwise", "have one exception for each of them"
    if _has_own_image(case, row.service):
        return "they name an image of their own", "set it in each: spec.predictor.model.image"
    if row.runtime_after_plan in case.carried and options.scope is Scope.NAMESPACE:
        why = "a runtime is for all of its namespace, also for services without that exception"
        return why, "--scope service gives each service what is wanted for it"
    return "no copy of a runtime is for them", "kmigrate explain NAMESPACE/NAME says what is"


def _ways(rules: Rules, desired: Desired) -> str:
    if not rules.knows_model:
        return f"give them an image of their own: spec.predictor.{desired.format}.image"
    return (
        "--to-runtimes does it for namespaces, with --scope service also for labels; or give them "
        "a runtime of their own (spec.predictor.model.runtime), or an image of their own "
        "(spec.predictor.model.image)"
    )
