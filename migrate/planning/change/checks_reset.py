"""Checks of a reset of the global setting: who would still change, and what it means for others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet

from migrate.kserve import terms
from migrate.kserve.modes import mode_of
from migrate.kserve.predictors import Entry
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.resolver import resolve_anyway, resolve_canaries
from migrate.kserve.rules import Wakes
from migrate.kserve.services import FormKind, form_of
from migrate.objects import ObjectRef, count
from migrate.planning.model import codes
from migrate.planning.model.desired import Desired, Options
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding, Outlook
from migrate.planning.model.targets import of_format
from migrate.planning.stock.reset import Doubt
from migrate.planning.world.case import Case
from migrate.planning.world.differences import differences
from migrate.planning.world.forecast import World

OWN = "first give them an image of their own: spec.predictor.FORMAT.image"
RUNTIMES = "first give them runtimes of their own: kmigrate plan --to-runtimes"


def doubtful(doubts: Iterable[Doubt]) -> Iterator[Finding]:
    """Find what cannot be set back, since nothing tells to what: it is to be given."""
    for one in doubts:
        text = f"{one.entry} stays as it is: {one.text}"
        fix = f"say what shall be there: --set {one.entry}=IMAGE"
        yield finding(codes.NO_STOCK, text, fix)


def still_used(case: Case, options: Options) -> Iterator[Finding]:
    """Find who would get another image or other pods: all of the cluster count."""
    if not options.resets or not case.written:
        return
    moving = [row.service for row in case.having(Outlook.CHANGES)]
    yield from _found(case, "they still use what is set back: image or pods would change", moving)
    unknown = [row.service for row in case.having(Outlook.CANNOT_TELL)]
    yield from _found(case, "whether they change cannot be told", unknown)
    others = [row.service for row in case.rows if row.outlook is not Outlook.CHANGES]
    frozen = [ref for ref in others if _changes_later(case, ref)]
    text = "they are stopped, or have disable-auto-update: they would change once that ends"
    yield from _found(case, text, frozen)
    parts = [ref for ref in others if _has_other_parts(case, ref)]
    yield from _found(case, "pods of their workers or canaries would change", parts)


def _found(case: Case, text: str, objects: Sequence[ObjectRef]) -> Iterator[Finding]:
    if objects:
        yield finding(codes.STILL_USED, text, _way(case, objects), objects)


def _way(case: Case, objects: Iterable[ObjectRef]) -> str:
    """Return how the services come by what they use now; no runtime is for the framework form."""
    if not case.rules.knows_model:
        return OWN
    kinds = {form_of(case.now.shape(ref)).kind for ref in objects}
    reads = case.rules.predictors_read and FormKind.FRAMEWORK in kinds
    return f"{RUNTIMES} --convert" if reads else RUNTIMES


def _changes_later(case: Case, ref: ObjectRef) -> bool:
    if case.now.shared(ref).verdict is not Verdict.NOT_RECONCILED:
        return False
    service, now = case.now.services[ref], case.now.config
    is_meshed = mode_of(service, now.mode, now.rules) == terms.MODEL_MESH
    if service.metadata.deletion_timestamp or is_meshed:
        return False
    worlds = (case.now, case.planned)
    before, after = (resolve_anyway(service, world.config).made for world in worlds)
    return before != after


def _has_other_parts(case: Case, ref: ObjectRef) -> bool:
    return _workers(case.now, ref) != _workers(case.planned, ref) or (
        _canaries(case.now, ref) != _canaries(case.planned, ref)
    )


def _workers(world: World, ref: ObjectRef) -> object:
    return world.shared(ref).workers


def _canaries(world: World, ref: ObjectRef) -> object:
    if not world.rules.canaries or not world.shape(ref).spec.canary:
        return None
    found = resolve_canaries(world.services[ref], world.config)
    return {name: each.made for name, each in found.items()}


def tomorrow(case: Case, options: Options) -> Iterator[Finding]:
    """Tell what a service created tomorrow gets, where it is not what it would get today."""
    if not options.resets:
        return
    found: dict[str, list[str]] = {}
    worlds = (case.now, case.planned)
    for one in _kinds(case):
        before, after = (
            of_format(one.format, one.protocol, world.config, gpu=one.gpu) for world in worlds
        )
        if before.made != after.made:
            found.setdefault(_told(before, after), []).append(str(one))
    for text, names in found.items():
        told = f"a service created tomorrow, of {', '.join(names)}, gets {text}"
        yield finding(codes.TOMORROW, told)


def _kinds(case: Case) -> Iterator[Desired]:
    """Yield what a new service can be of: a format and protocol, or a GPU where that decides."""
    served = case.planned.config.runtimes.of("").values()
    names = {each.name for one in served for each in one.spec.supported_model_formats or ()}
    if case.rules.predictors_read:
        names.update(terms.FORMATS)
    for name in sorted(names):
        for protocol in ("", terms.PROTOCOL_V1, terms.PROTOCOL_V2):
            yield Desired(format=name, protocol=protocol)
        if name in terms.GPU_FORMATS and case.rules.new_services_use_predictors:
            yield Desired(format=name, gpu=True)


def _told(before: Resolution, after: Resolution) -> str:
    source = f" from {after.runtime.ref}" if after.runtime else _entry(after.entry)
    found = ", ".join(one.what for one in differences(before.pod, after.pod))
    others = f"; other {found}" if found else ""
    was = f" (today: {before.image})" if before.image != after.image else ""
    return f"{after.image or 'no image'}{source}{was}{others}"


def _entry(entry: Entry | None) -> str:
    return f" from predictors {entry}" if entry else ""


def by_itself(case: Case, options: Options) -> Iterator[Finding]:
    """Tell whom KServe itself reconciles for the writes, though nobody is woken."""
    if not options.resets or not case.written:
        return
    name = f"KServe {case.rules.name}"
    edited = {ref.name for ref in case.written if ref.kind == terms.CLUSTER_RUNTIME}
    wakes = case.rules.edit_wakes if edited else Wakes.NOBODY
    if wakes is Wakes.NOBODY:
        text = f"{name} reads it whenever it reconciles a service, and reconciles none for it"
        yield finding(codes.BY_ITSELF, text)
        return
    is_hit = (lambda _: True) if wakes is Wakes.EVERYBODY else _names(case.now, edited)
    hit = [row for row in case.rows if is_hit(row.service)]
    moving = count(sum(row.restarts for row in hit), "InferenceService")
    text = f"{name} reconciles {wakes.value} as soon as a ClusterServingRuntime is edited"
    told = f"{text}: {count(len(hit), 'InferenceService')}; new pods for {moving}"
    yield finding(codes.BY_ITSELF, told, objects=[row.service for row in hit])


def _names(world: World, runtimes: AbstractSet[str]) -> Callable[[ObjectRef], bool]:
    return lambda ref: world.shape(ref).status.cluster_serving_runtime_name in runtimes
