"""Checks of what desired.yaml says beside images: variables, flags."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.credentials import secret_flags, secret_names
from migrate.kserve.building import BuildError, Pod, refuse_invalid
from migrate.kserve.resolution import Verdict
from migrate.objects import ObjectRef
from migrate.planning.model import codes
from migrate.planning.model.desired import Options
from migrate.planning.model.exceptions import wishes
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding, Outlook
from migrate.planning.model.settings import flag_of
from migrate.planning.model.wanted import entry_of
from migrate.planning.world.case import Case


def plain_credentials(_case: Case, options: Options) -> Iterator[Finding]:
    """Find credentials among what is wanted: they are in all that is made of it."""
    for desired in options.images:
        every = tuple(wishes(desired))
        env = ({"name": each.name, "value": each.value} for one in every for each in one.env)
        flags = [flag for one in every for flag in one.args]
        if names := [*secret_names(env), *secret_flags(flags)]:
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


def own_settings(case: Case, options: Options) -> Iterator[Finding]:
    """Find who sets a wanted variable or flag itself: that wins over the runtime's."""
    every = (one for desired in options.images for one in wishes(desired))
    rows = case.rows if any(one.env or one.args for one in every) else ()
    found: dict[str, list[ObjectRef]] = {}
    for row in rows:
        reaching = [target.desired for target in case.reaching(row)]
        env = {variable.name for wish in reaching for variable in wish.env}
        flags = {flag_of(flag) for wish in reaching for flag in wish.args}
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
