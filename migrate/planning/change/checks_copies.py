"""What is found about copies of runtimes: who moves, who does not, and how they serve."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from migrate.kserve.modelnames import serves_under_one_name
from migrate.kserve.resolution import Verdict
from migrate.kserve.services import FormKind, form_of
from migrate.objects import ObjectRef, count
from migrate.planning.change.checks_placing import placing_findings
from migrate.planning.change.expand import Expansion
from migrate.planning.model import codes
from migrate.planning.model.desired import Options
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding
from migrate.planning.model.selection import meant
from migrate.planning.world.closure import settled, used
from migrate.planning.world.forecast import World
from migrate.planning.world.namedcopies import source_name
from migrate.planning.world.snapshot import Snapshot


def findings_of(
    snapshot: Snapshot,
    now: World,
    found: Expansion,
    options: Options,
    stuck: Collection[ObjectRef],
    pinned: Mapping[ObjectRef, str],
) -> Iterator[Finding]:
    """Yield what is found about the copies.

    ``stuck`` are those for which there is no order to make them in, ``pinned`` the services whose
    pin keeps them from the image that stands with them.
    """
    yield from placing_findings(snapshot, found, stuck)
    yield from _moved(now, found, options)
    services = (ref for each in found.services.values() for ref in each)
    yield from served_alike(found.planned, services, found.copies, str(snapshot.release))
    yield from pinned_over(found.planned, pinned)
    yield from _armed(now, found, options)
    yield from _framework(now, options)
    yield from kept_findings(found)
    yield from _left_alone(now, found)


_OWN_IMAGE = (
    "set spec.predictor.model.image in them to what they run; "
    f"or --accept {codes.TAKEN} moves them, too"
)


def _moved(now: World, found: Expansion, options: Options) -> Iterator[Finding]:
    """Find who gets other pods though its runtime is copied as it is, and it is not converted."""
    wanted = {c.target for c in found.copies.values() if options.images and not c.keeps}
    bad = [
        ref
        for services in found.services.values()
        for ref in services
        if used(found.planned, ref) not in wanted
        and ref not in found.converted
        and _differs(now, found.planned, ref)
    ]
    shared = {used(found.planned, ref) for ref in found.converted}
    beside = [ref for ref in bad if used(found.planned, ref) in shared]
    if beside:
        text = "they would get the image of those that are converted: one copy serves both"
        yield finding(codes.TAKEN, text, _OWN_IMAGE, beside)
    if others := [ref for ref in bad if ref not in beside]:
        text = "their pods would be others, though their runtime is copied as it is"
        yield finding(codes.TAKEN, text, "kmigrate explain NAMESPACE/NAME", others)


def _differs(now: World, planned: World, ref: ObjectRef) -> bool:
    before, after = settled(now, ref), settled(planned, ref)
    if before is after or before.verdict is Verdict.CANNOT_TELL:
        return False
    return before.made != after.made and now.resolved[ref].made != planned.resolved[ref].made


def served_alike(
    planned: World, services: Iterable[ObjectRef], copies: Collection[ObjectRef], release: str
) -> Iterator[Finding]:
    """Find whose model a copy serves under a name that is not the service's own."""
    groups: dict[str, list[ObjectRef]] = {}
    for ref in services:
        got = planned.shared(ref)
        name = serves_under_one_name(ref.name, planned.shape(ref), got, release)
        if name and got.runtime and got.runtime.ref in copies:
            text = f'a copy of {source(source_name(got.runtime))} serves each model as "{name}"'
            groups.setdefault(text, []).append(ref)
    fix = "-f desired.yaml with args: [--model_name={{.Name}}] gives the copies the right one"
    for text, found in groups.items():
        yield finding(codes.SERVED_AS_MODEL, text, fix, found)


def source(name: str) -> str:
    """Return how a ClusterServingRuntime is called in texts."""
    return f"ClusterServingRuntime {name}"


_REPIN = f"--repin moves the pins with the image, or --accept {codes.PINNED}"


def pinned_over(
    planned: World, pinned: Mapping[ObjectRef, str], fix: str = _REPIN
) -> Iterator[Finding]:
    """Find whose runtimeVersion keeps it from the image that stands with it."""
    groups: dict[tuple[str, str], list[ObjectRef]] = {}
    for ref, image in pinned.items():
        groups.setdefault((image, planned.shared(ref).image or ""), []).append(ref)
    for (image, got), services in sorted(groups.items()):
        text = f"{image}: their pinned runtimeVersion gives {got}"
        yield finding(codes.PINNED, text, fix, services)


def _armed(now: World, found: Expansion, options: Options) -> Iterator[Finding]:
    """Tell that a copy is for all of its namespace, selected or not, woken or not."""
    is_meant = meant(options.selection, now.services.__getitem__)
    users = [
        ref
        for services in found.services.values()
        for ref in services
        if (runtime := used(found.planned, ref)) in found.copies and runtime is not None
    ]
    others = [ref for ref in users if not is_meant(ref, used(now, ref))]
    if options.images and found.operations:
        text = (
            f"a runtime is for all of its namespace ({len(found.services)}): once it is there, any "
            "reconcile moves a service to the new image, before its wake and beside its wave"
        )
        fix = "move one namespace first: -n NAMESPACE"
        fix += "" if options.convert else "; --scope service moves as many as you say"
        yield finding(codes.ARMED, text, fix)
    if others:
        text = f"not selected, and in a namespace that gets a copy: {count(len(others), 'service')}"
        fix = "they get it at their next reconcile; with the same image their pods stay"
        yield finding(codes.ARMED, text, fix, others)


def _framework(now: World, options: Options) -> Iterator[Finding]:
    """Find who is in the framework form: no runtime decides about it."""
    found = in_framework_form(now, options)
    if found:
        text = "they are in the framework form: predictors decide about them, and no runtime does"
        fix = "--convert has them converted to the model form, and keeps their images"
        if options.convert:
            text = "they stay in the framework form: their images are the release's, or their own"
            fix = "any write converts them; that is due before an upgrade to 0.10"
        yield finding(codes.FRAMEWORK_FORM, text, fix, found)


def in_framework_form(now: World, options: Options) -> list[ObjectRef]:
    """Return the services that are meant, and get their image from `predictors`."""
    if not now.rules.predictors_read:
        return []
    asked = {image.format for image in options.images if image.format}
    is_meant = meant(options.selection, now.services.__getitem__)
    return [
        ref
        for ref in now.services
        if (form := form_of(now.shape(ref))).kind is FormKind.FRAMEWORK
        and (not options.images or form.format in asked)
        and now.shared(ref).verdict is Verdict.RESOLVED
        and is_meant(ref, None)
    ]


def kept_findings(found: Expansion) -> Iterator[Finding]:
    """Tell which copies are made for the sake of others."""
    kept = [copy.target for copy in found.copies.values() if copy.keeps]
    if kept:
        text = "copied as they are, so that no other copy takes their services"
        yield finding(codes.KEEPS_PLACE, text, objects=kept)


def _left_alone(now: World, found: Expansion) -> Iterator[Finding]:
    """Find who is not reconciled now, and gets the copy when it is again."""
    for reason, services in left_alone(now, _users(found)).items():
        text = f"{reason}; when it is again, they get the copy"
        yield finding(codes.NO_AUTO_UPDATE, text, objects=services)


def left_alone(now: World, services: Iterable[ObjectRef]) -> dict[str, list[ObjectRef]]:
    """Return those of the services that KServe leaves alone for now, by the reason."""
    left: dict[str, list[ObjectRef]] = {}
    for ref in services:
        if now.shared(ref).verdict is Verdict.NOT_RECONCILED:
            left.setdefault(now.shared(ref).reason, []).append(ref)
    return left


def _users(found: Expansion) -> Iterable[ObjectRef]:
    return (
        ref
        for services in found.services.values()
        for ref in services
        if used(found.planned, ref) in found.copies
    )
