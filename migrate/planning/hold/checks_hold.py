"""What is found about images that are held across an upgrade: who keeps them, and who does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from migrate.kserve.resolution import Verdict
from migrate.objects import ObjectRef, count
from migrate.planning.hold.checks_upgrade import unshipped_images
from migrate.planning.hold.takenlater import is_taken_later
from migrate.planning.hold.upheld import OUT, Holding, Told, told_of
from migrate.planning.model import codes
from migrate.planning.model.findings import as_warning, finding
from migrate.planning.model.plan import Finding
from migrate.planning.stock.passing import is_framework
from migrate.planning.world.closure import used
from migrate.planning.world.held import same

_LOSE = "without this plan they lose their image:"


def hold_findings(found: Holding, refused: Mapping[ObjectRef, str]) -> Iterator[Finding]:
    """Yield what is found; ``refused`` are services whose webhook refuses the write, with why."""
    for reason in sorted(set(refused.values())):
        text = f"the webhook refuses to have their image held: {reason}"
        alike = [ref for ref, why in refused.items() if why == reason]
        yield finding(codes.NOT_HELD, text, OUT, alike)
    yield from _regained(found)
    groups: dict[Told, list[ObjectRef]] = {}
    known: dict[object, list[Told]] = {}
    for ref in found.services:
        kin = found.kin(ref)
        if kin not in known:
            known[kin] = list(told_of(found, ref))
        for told in known[kin]:
            groups.setdefault(told, []).append(ref)
    yield from _without_plan(found, keeps_all=all(told.is_harmless for told in groups))
    for told, alike in sorted(groups.items()):
        made = finding(told.code, told.text, told.fix, alike)
        yield as_warning(made) if told.is_warning else made
    if left := len(found.now.services) - len(found.services):
        text = f"{count(left, 'InferenceService')} not selected: the upgrade reaches them as well"
        fix = "plan for all of them before you upgrade"
        yield finding(codes.NARROWED, text, fix)
        yield from _taken_later(found)
    for stop in found.after:
        yield from unshipped_images(stop.snapshot, stop.release, stop.after, found.services)


def left_out(findings: Iterable[Finding], target: str) -> Iterator[Finding]:
    """Yield the findings of a conversion: who is left out of it is not left out of the upgrade."""
    fix = f"{OUT}; kmigrate check --target {target} tells what the upgrade makes of them"
    for one in findings:
        is_left = one.code == codes.NOT_CONVERTIBLE and one.fix.startswith(OUT)
        yield msgspec.structs.replace(one, fix=fix) if is_left else one


def _taken_later(found: Holding) -> Iterator[Finding]:
    """Tell who is not selected, and gets a copy of the plan by a write after the upgrade."""
    selected = frozenset(found.services)
    others = (ref for ref in found.now.services if ref not in selected)
    taken = [r for r in others if is_taken_later(found.planned, r, found.after, found.copies)]
    if taken:
        text = (
            f"not selected: written under KServe {found.after[0].release} or later they get a copy"
        )
        fix = "select them, too: they are converted, and keep their runtime"
        yield as_warning(finding(codes.LOST_BY_WRITE, text, fix, taken))


def _without_plan(found: Holding, *, keeps_all: bool) -> Iterator[Finding]:
    """Tell what the upgrade would do to those whom the plan touches; or that it touches nobody."""
    concerned = [ref for ref in found.services if _is_touched(found, ref)]
    target = found.after[-1].release
    if not concerned and keeps_all:
        text = f"nothing has to be held: whoever chose an image keeps it up to KServe {target}"
        yield finding(codes.NOTHING_TO_HOLD, text, "upgrade; kmigrate check tells what is then")
    groups: dict[tuple[str, str], list[ObjectRef]] = {}
    known: dict[object, tuple[str, str]] = {}
    for ref in concerned:
        kin = found.kin(ref)
        if kin not in known:
            known[kin] = (_lost(found, ref), _way_back(found, ref))
        groups.setdefault(known[kin], []).append(ref)
    for (what, fix), services in sorted(groups.items()):
        if what:
            yield finding(codes.HELD, what, fix, services)


def _is_touched(found: Holding, ref: ObjectRef) -> bool:
    if used(found.planned, ref) in found.copies:
        return True
    return is_framework(found.now, ref) and found.now.shape(ref) != found.planned.shape(ref)


def _way_back(found: Holding, ref: ObjectRef) -> str:
    if is_framework(found.planned, ref):
        return "predictors reach them no more; kmigrate rollback takes the field away again"
    return ""


def _lost(found: Holding, ref: ObjectRef) -> str:
    """Say what takes the image of a service away first, without the plan or by its copies."""
    before = found.now.shared(ref)
    if before.verdict is Verdict.BROKEN:
        return ""
    for stop in found.without:
        got, written = stop.after.shared(ref), stop.once_written(ref)
        if got.verdict is Verdict.BROKEN:
            return f"{_LOSE} KServe {stop.release} gives none that can be pulled"
        if not same(got.image, before.image):
            return f"{_LOSE} KServe {stop.release} gives the one that it ships"
        if not same(written.image, before.image):
            return f"{_LOSE} any write under KServe {stop.release} gives another one"
    if is_framework(found.now, ref) and not is_framework(found.planned, ref):
        first = found.without[0].release
        return f"written under KServe {first} they would get a copy that others need: converted now"
    return ""


def _regained(found: Holding) -> Iterator[Finding]:
    """Tell who has no image now, and gets one by the plan.

    Where `predictors` is not read any more, that is told of the conversion: see ``late_findings``.
    """
    if not found.now.rules.predictors_read:
        return
    groups: dict[tuple[str, str], list[ObjectRef]] = {}
    for ref in found.services:
        before, after = found.now.shared(ref), found.planned.shared(ref)
        if before.verdict is Verdict.BROKEN and after.image and after.image != before.image:
            groups.setdefault((before.image or "none", after.image), []).append(ref)
    for (former, image), alike in sorted(groups.items()):
        text = f"predictors give them no image that can be pulled ({former}); they get {image}"
        fix = "see that there is such an image: their pin is spec.predictor.model.runtimeVersion"
        yield finding(codes.REGAINED, text, fix, alike)
