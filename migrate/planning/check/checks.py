"""The checks of a plan: each looks at the whole case and says what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from migrate.kserve.pins import pin_at_admission
from migrate.kserve.problems import ProblemKind
from migrate.kserve.rules import Rules
from migrate.kserve.services import framework_of
from migrate.objects import ObjectRef
from migrate.planning.change.checks_reset import by_itself, still_used, tomorrow
from migrate.planning.check.checks_asleep import still_asleep
from migrate.planning.check.checks_desired import (
    beyond_predictors,
    breaks_by_plan,
    own_settings,
    plain_credentials,
)
from migrate.planning.check.checks_exceptions import exempt
from migrate.planning.check.checks_installed import (
    controller,
    no_runtimes,
    not_of_one_release,
    release,
)
from migrate.planning.check.checks_models import hidden, loading, mirrored, too_many, unasked
from migrate.planning.check.checks_owners import owned
from migrate.planning.check.checks_rollouts import asleep, budgets, capacity, interrupted
from migrate.planning.check.checks_selection import nobody, outside
from migrate.planning.model import codes
from migrate.planning.model.desired import Options
from migrate.planning.model.findings import SET_BEFORE, finding
from migrate.planning.model.plan import Finding, Outlook
from migrate.planning.world.activation import acts_at_once
from migrate.planning.world.case import Case
from migrate.planning.world.restarts import has_restart


def run(case: Case, options: Options) -> list[Finding]:
    """Return what all the checks find, in their order."""
    return [one for check in CHECKS for one in check(case, options)]


def run_for_upgrade(case: Case, before: Case, options: Options) -> list[Finding]:
    """Return what the checks find that make sense for a plan for the time after an upgrade.

    ``before`` is the case of the release that runs, without any plan.
    """
    found = [one for check in CHECKS_FOR_UPGRADE for one in check(case, options)]
    return [*found, *_anyway(before, options)]


UNREAD = (ProblemKind.UNKNOWN, ProblemKind.UNREAD)


def _shape(case: Case, _options: Options) -> Iterator[Finding]:
    for problem in case.planned.predictors.problems:
        where = f"{' '.join(filter(None, ('predictors', problem.pointer)))}: {problem.text}"
        if problem.kind in UNREAD:
            yield finding(codes.UNREAD_PART, where, "it is left as it is")
    broken = [p for p in case.planned.predictors.problems if p.kind not in UNREAD]
    for problem in broken:
        is_asked = any(key[0] == problem.format for key in case.wanted)
        if is_asked:
            text = f"predictors {problem.pointer}: {problem.text}"
            yield finding(codes.BROKEN_PART, text, f"set it too: --set {problem.format}...")


def _pinned(case: Case, _options: Options) -> Iterator[Finding]:
    for key, wanted in case.wanted.items():
        images = {ref: case.planned.shared(ref).image or "" for ref in case.users(key)}
        for image in sorted(set(images.values()) - {str(wanted.image)}):
            kept = [ref for ref, found in images.items() if found == image]
            text = f"{wanted.entry}={wanted.image}: their pinned runtimeVersion gives {image}"
            yield finding(codes.PINNED, text, _refusals(case, kept) or _cure(case.rules), kept)


def _cure(rules: Rules) -> str:
    if rules.converts_on_write:
        return f"their pins cannot be moved alone on KServe {rules.name}: --accept {codes.PINNED}"
    return f"--repin moves the pins with the image, or --accept {codes.PINNED}"


def _refusals(case: Case, services: Iterable[ObjectRef]) -> str:
    """Say why the webhook would refuse to have these pins moved; empty where it would not."""
    for ref in services:
        service = case.planned.shape(ref)
        pin = pin_at_admission(service, case.planned.predictors, case.rules)
        if pin is not None and pin.refused:
            return f"{pin.refused} ({ref})"
    return ""


def _anyway(case: Case, options: Options) -> Iterator[Finding]:
    """Tell apart who changes with the plan, and who is not reached by it."""
    later = "at their next reconcile" + (", not by this plan" if options.asks else "")
    by_restart = has_restart(case.activations)
    at_once = acts_at_once(case.written, case.rules)
    by_edit = "as KServe reconciles them for the edited runtime"
    now = "at the restart" if by_restart else by_edit if at_once else "as they are woken"
    for restarts, when in ((True, now), (False, later)):
        rows = [r for r in case.having(Outlook.CHANGES_ANYWAY) if r.restarts is restarts]
        what = ", ".join(sorted({field for row in rows for field in row.changes}))
        text = f"their workload differs from what the configuration says ({what}): they change"
        if rows:
            objects = (row.service for row in rows)
            yield finding(codes.CHANGES_ANYWAY, f"{text} {when}", objects=objects)


def _cannot_tell(case: Case, _options: Options) -> Iterator[Finding]:
    rows = case.having(Outlook.CANNOT_TELL)
    for reason in sorted({row.reason for row in rows}):
        alike = (row.service for row in rows if row.reason == reason)
        yield finding(codes.CANNOT_TELL, reason, objects=alike)


def _gpu(case: Case, _options: Options) -> Iterator[Finding]:
    for (format_, key, gpu), wanted in case.wanted.items():
        entry = case.now.predictors.entry(format_, key)
        if gpu or entry is None or (format_, key, True) in case.wanted:
            continue
        if entry.default_gpu_image_version and entry.image != wanted.image.repository:
            image = f"{wanted.image.repository}:{entry.default_gpu_image_version}"
            text = f"{wanted.entry}: the tag for GPUs stays, so new services with a GPU get {image}"
            fix = f"--set {wanted.entry}/gpu={wanted.image.repository}:TAG"
            users = case.users((format_, key, True))
            yield finding(codes.GPU_SEPARATE, text, fix, users)


def _runtimes(case: Case, _options: Options) -> Iterator[Finding]:
    if case.wanted and not case.targets and not case.rules.new_services_use_predictors:
        users = [ref for key in case.wanted for ref in case.users(key)]
        text = (
            f"on KServe {case.rules.name} this acts only on services still in the framework "
            f"form: {len(users)} of {len(case.rows)}; new ones do not use it, nor does any "
            "that is written to"
        )
        yield finding(codes.RUNTIMES_DECIDE, text, case.rules.instead, users)


def _unused(case: Case, _options: Options) -> Iterator[Finding]:
    used = {row.runtime_after_plan for row in case.rows}
    runtimes = {ref.name for ref in used if ref and (not ref.namespace or ref in case.copies)}
    idle = [w.entry for w in case.wanted.values() if not case.users(w.key)]
    idle += [f"runtime/{t.runtime.name}" for t in case.targets if t.runtime.name not in runtimes]
    for entry in dict.fromkeys(idle):
        yield finding(codes.UNUSED, f"{entry}: no service uses it")


def _explicit(case: Case, _options: Options) -> Iterator[Finding]:
    formats = {key[0] for key in case.wanted}
    rows = [row for row in case.rows if row.form.removeprefix("framework ") in formats]
    own = [r.service for r in rows if _has_own_image(case, r.service)]
    if own:
        yield finding(codes.EXPLICIT, "they name an image of their own, and keep it", objects=own)


def _has_own_image(case: Case, ref: ObjectRef) -> bool:
    spec = framework_of(case.planned.shape(ref))
    return spec is not None and bool(spec.image)


def _broken(case: Case, options: Options) -> Iterator[Finding]:
    groups: dict[tuple[str, str, str], list[ObjectRef]] = {}
    for row in case.having(Outlook.BROKEN):
        key = (row.reason, row.after_plan or "", _conversion(case, row.service, options))
        groups.setdefault(key, []).append(row.service)
    for (reason, image, fix), alike in sorted(groups.items()):
        text = f"{reason}; they would get the image {image!r}" if image else reason
        yield finding(codes.BROKEN_SERVICE, text, fix, alike)


def _conversion(case: Case, ref: ObjectRef, options: Options) -> str:
    """Say what gives an image to a service whose framework field the release does not fill in."""
    if case.rules.predictors_read or framework_of(case.planned.shape(ref)) is None:
        return ""
    if options.former:
        return "--to-runtimes --convert, too, writes them"
    return f"kmigrate plan --to-runtimes --convert writes them; {SET_BEFORE}"


Check = Callable[[Case, Options], Iterator[Finding]]
CHECKS: tuple[Check, ...] = (
    release,
    controller,
    not_of_one_release,
    no_runtimes,
    _shape,
    _pinned,
    _anyway,
    _cannot_tell,
    _gpu,
    _runtimes,
    _unused,
    unasked,
    hidden,
    loading,
    mirrored,
    owned,
    too_many,
    capacity,
    asleep,
    interrupted,
    budgets,
    exempt,
    beyond_predictors,
    plain_credentials,
    own_settings,
    still_asleep,
    breaks_by_plan,
    outside,
    nobody,
    still_used,
    tomorrow,
    by_itself,
    _explicit,
    _broken,
)
CHECKS_FOR_UPGRADE: tuple[Check, ...] = (
    release,
    not_of_one_release,
    _cannot_tell,
    _unused,
    unasked,
    loading,
    mirrored,
    exempt,
    plain_credentials,
    own_settings,
    nobody,
)
"""Those that ask neither what is restarted nor who is reconciled."""
