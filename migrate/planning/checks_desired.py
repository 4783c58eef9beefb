"""Checks of what desired.yaml says beside images: exceptions, variables, flags."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.credentials import secret_flags, secret_names
from migrate.kserve.building import BuildError, Pod, refuse_invalid
from migrate.kserve.resolution import Verdict
from migrate.kserve.rules import Rules
from migrate.objects import ObjectRef
from migrate.planning import findings as codes
from migrate.planning.case import Case
from migrate.planning.desired import Desired, Exempt, Options, labels_of
from migrate.planning.fields import did_you_mean
from migrate.planning.findings import finding
from migrate.planning.plan import Finding, Forecast, Outlook
from migrate.planning.settings import flag_of
from migrate.planning.wanted import entry_of


def exempt(case: Case, options: Options) -> Iterator[Finding]:
    """Find who moves in spite of an exception, or does not get the image that it names."""
    for desired in options.images:
        for exception in desired.exceptions:
            named = [row for row in case.rows if _is_named(case, row.service, exception)]
            yield from _nobody(case, desired, exception, named)
            hit = [row.service for row in named if _is_hit(case, row, desired, exception)]
            if hit:
                wish = f"shall get {exception.image}" if exception.image else "shall stay"
                text = f"{desired}: they {wish} by an exception, and a global change cannot do that"
                yield finding(codes.EXEMPT, text, _way(case.rules, desired), hit)


def _is_named(case: Case, ref: ObjectRef, exception: Exempt) -> bool:
    if exception.namespaces and ref.namespace not in exception.namespaces:
        return False
    asked = labels_of(exception.selector)
    labels = (case.planned.services[ref].metadata.labels or {}) if asked else {}
    return all(labels.get(key) == value for key, value in asked)


def _nobody(
    case: Case, desired: Desired, exception: Exempt, named: list[Forecast]
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


def _is_hit(case: Case, row: Forecast, desired: Desired, exception: Exempt) -> bool:
    """Tell whether what becomes of a service is not what the exception promises."""
    if row.outlook is Outlook.CANNOT_TELL:
        return bool(desired.format) and case.format_of(row.service) == desired.format
    if not exception.image:
        return row.outlook is Outlook.CHANGES and _is_reached(case, row, desired)
    is_meant = _is_reached(case, row, desired) or _is_like(case, row, desired)
    return is_meant and row.after_plan not in (None, exception.image)


def _is_reached(case: Case, row: Forecast, desired: Desired) -> bool:
    """Tell whether it reads what is changed for this wish."""
    runtimes = {target.runtime for target in case.targets if target.desired == desired}
    entry = entry_of(desired, case.rules) if desired.format and desired.image else None
    return any(case.is_on(row, runtime) for runtime in runtimes) or (
        entry is not None and case.planned.key(row.service) == entry
    )


def _is_like(case: Case, row: Forecast, desired: Desired) -> bool:
    runtime = row.runtime_after_plan.name if row.runtime_after_plan else ""
    if desired.runtime:
        return runtime == desired.runtime
    return case.format_of(row.service) == desired.format


def _way(rules: Rules, desired: Desired) -> str:
    if not rules.knows_model:
        return f"give them an image of their own: spec.predictor.{desired.format}.image"
    return (
        "give them a runtime of their own (spec.predictor.model.runtime), or an image of their "
        "own (spec.predictor.model.image)"
    )


def plain_credentials(_case: Case, options: Options) -> Iterator[Finding]:
    """Find credentials among what is wanted: they are in all that is made of it."""
    for desired in options.images:
        env = ({"name": one.name, "value": one.value} for one in desired.env)
        if names := [*secret_names(env), *secret_flags(desired.args)]:
            text = f"{desired}: looks like a credential: {', '.join(names)}; the runtime, a saved "
            fix = "keep it in a Secret, which each service names: valueFrom.secretKeyRef"
            yield finding(codes.CREDENTIAL, text + "plan and the record of the run hold it", fix)


def beyond_predictors(case: Case, options: Options) -> Iterator[Finding]:
    """Find who is still in the framework form, and so gets no variables and no flags."""
    for desired in options.images:
        if not (desired.env or desired.args) or not desired.format:
            continue
        format_, protocol, _ = entry_of(desired, case.rules)
        users = [
            *case.users((format_, protocol, False)),
            *case.users((format_, protocol, True)),
        ]
        if users:
            text = (
                f"{desired}: they are in the framework form, for which predictors hold images "
                "alone: they do not get its env and args"
            )
            fix = f"set them in each: spec.predictor.{format_}; any write gives it the model form"
            yield finding(codes.BEYOND_PREDICTORS, text, fix, users)


def own_settings(case: Case, _options: Options) -> Iterator[Finding]:
    """Find who sets a wanted variable or flag itself: that wins over the runtime's."""
    found: dict[str, list[ObjectRef]] = {}
    for target in case.targets:
        env = {variable.name for variable in target.desired.env}
        flags = {flag_of(flag) for flag in target.desired.args}
        rows = case.rows if env or flags else ()
        for row in (row for row in rows if case.is_on(row, target.runtime)):
            for what in _own(case, row.service, env, flags):
                found.setdefault(what, []).append(row.service)
    for what, services in sorted(found.items()):
        text = f"they set {what} themselves, which wins over what their runtime says"
        yield finding(codes.EXPLICIT, text, objects=services)


def _own(case: Case, ref: ObjectRef, env: set[str], flags: set[str]) -> Iterator[str]:
    model = case.planned.shape(ref).spec.predictor.model
    if model is not None:
        named = {str(item.get("name")) for item in model.env or ()}
        yield from (f"env {name}" for name in sorted(env & named))
        yield from (f"args {flag}" for flag in sorted(flags & set(map(flag_of, model.args or ()))))


def breaks_by_plan(case: Case, _options: Options) -> Iterator[Finding]:
    """Find who can be reconciled now, and could not be any more."""
    found: dict[str, list[ObjectRef]] = {}
    for row in case.having(Outlook.BROKEN):
        if case.now.shared(row.service).verdict is not Verdict.BROKEN:
            found.setdefault(row.reason, []).append(row.service)
    for row in case.having(Outlook.CHANGES):
        if reason := _invalid(case.planned.shared(row.service).pod) if row.settings else "":
            found.setdefault(reason, []).append(row.service)
    for reason, services in sorted(found.items()):
        text = f"the plan breaks them, KServe could not reconcile them any more: {reason}"
        yield finding(codes.BREAKS, text, "ask for something else, or change them first", services)


def _invalid(pod: Pod | None) -> str:
    """Say why Knative's webhook refuses the pod; empty where it does not.

    What no API server takes is told by the verdict already.
    """
    try:
        refuse_invalid(pod or Pod(()))
    except BuildError as error:
        return str(error)
    return ""
