"""What is found about an upgrade: which images services have after it, and once written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from migrate.kserve.admission import admitted
from migrate.kserve.refusals import refused_write
from migrate.kserve.releases import Release
from migrate.kserve.resolution import Verdict
from migrate.kserve.services import FormKind, form_of
from migrate.objects import ObjectRef
from migrate.planning.change.checks_conversion import pods_changed, program_of
from migrate.planning.change.checks_copies import (
    kept_findings,
    pinned_over,
    served_alike,
)
from migrate.planning.change.checks_placing import placing_findings
from migrate.planning.change.expand import Expansion
from migrate.planning.hold.upgrade import Upgrade
from migrate.planning.model import codes
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding, Forecast
from migrate.planning.stock.othermanifests import without_images
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot


@dataclass(frozen=True)
class Prepared:
    """The copies for after an upgrade. ``depending`` are the services that they are made for.

    ``unlike`` are those whose entries of `predictors` share one runtime, by what is to be said of
    that; ``wanted`` are copies with other images than now, and ``pinned`` those whose pin keeps
    them from such an image, with it.
    """

    upgrade: Upgrade
    found: Expansion
    depending: Collection[ObjectRef]
    unlike: Mapping[str, Sequence[ObjectRef]]
    wanted: Collection[ObjectRef]
    pinned: Mapping[ObjectRef, str]


_OUT = "leave them out: --exclude NAMESPACE/NAME"


def upgrade_findings(
    snapshot: Snapshot, made: Prepared, rows: Sequence[Forecast], stuck: Collection[ObjectRef]
) -> Iterator[Finding]:
    """Yield what is found about the copies, and about who is selected."""
    upgrade, found = made.upgrade, made.found
    meant = [row.service for row in rows if not row.outside]
    yield _said(upgrade)
    yield from _until_written(upgrade, meant)
    yield from unshipped_images(snapshot, upgrade.release, upgrade.after, meant)
    yield from placing_findings(upgrade.snapshot, found, stuck)
    yield from _not_kept(made, rows)
    yield from _other_pods(made)
    yield from _once_written(made, meant)
    services = [ref for each in found.services.values() for ref in each]
    yield from served_alike(found.planned, services, found.copies, str(upgrade.release))
    fix = f"move their pins before the upgrade: --set with --repin; or --accept {codes.PINNED}"
    yield from pinned_over(found.planned, made.pinned, fix)
    yield from kept_findings(found)


def _said(upgrade: Upgrade) -> Finding:
    text = (
        f"KServe {upgrade.now.rules.name} has no ServingRuntimes: these are for after the upgrade "
        f"to {upgrade.release}, and none is made before"
    )
    return finding(codes.FOR_UPGRADE, text, "--render DIR writes them, with what to do in order")


def _until_written(upgrade: Upgrade, services: Sequence[ObjectRef]) -> Iterator[Finding]:
    """Find who gets another image by the upgrade, and keeps that until it is written."""
    others: dict[tuple[str, str, bool], list[ObjectRef]] = {}
    broken: dict[tuple[str, str], list[ObjectRef]] = {}
    for ref in services:
        before, after = upgrade.now.shared(ref), upgrade.after.shared(ref)
        if before.verdict is Verdict.BROKEN or not before.image:
            continue
        if after.verdict is Verdict.BROKEN:
            broken.setdefault((after.image or "", after.reason), []).append(ref)
        elif after.image != before.image:
            key = (before.image, after.image or "none", _stays(upgrade, ref))
            others.setdefault(key, []).append(ref)
    for (image, later, stays), alike in sorted(others.items()):
        text = f"after the upgrade, until they are written: {later} in place of {image}"
        yield finding(codes.AFTER_UPGRADE, text, _way(upgrade, stays=stays), alike)
    for (image, reason), alike in sorted(broken.items()):
        text = f"after the upgrade, until they are written, no image that is one: {image!r}"
        yield finding(codes.BREAKS_AFTER_UPGRADE, f"{text}, for {reason}", _rescue(upgrade), alike)


def _stays(upgrade: Upgrade, ref: ObjectRef) -> bool:
    """Tell whether a service has its image after the upgrade if `predictors` stays as it is."""
    kept = upgrade.kept
    return kept is not None and kept.shared(ref).image == upgrade.now.shared(ref).image


def _way(upgrade: Upgrade, *, stays: bool) -> str:
    if stays:
        return (
            "put predictors as it is now into the ConfigMap of the upgrade's manifests: "
            f"KServe {upgrade.release} reads it, and they keep their image"
        )
    return "no predictors of that release gives it; write them soon after the upgrade"


def _rescue(upgrade: Upgrade) -> str:
    if not upgrade.after.rules.predictors_read:
        return "upgrade to 0.9.0 first, and have them written there: --target 0.9.0"
    return (
        f"put an entry that KServe {upgrade.release} reads into predictors of the upgrade's "
        "manifests, or write them right after it; --exclude leaves them out"
    )


def unshipped_images(
    snapshot: Snapshot, release: Release, after: World, services: Sequence[ObjectRef]
) -> Iterator[Finding]:
    """Tell of another form of the release whose `predictors` gives services no image.

    ``snapshot`` is the cluster before the upgrade, ``after`` the world that it leads to.
    """
    for text, lost in without_images(snapshot, after, release, services):
        fix = f"this plan is for install/v{release}/kserve.yaml of today's repository"
        told = f"{text}: upgraded with it, they would get none until they are written"
        yield finding(codes.SHIPS_NO_IMAGES, told, fix, lost)


def _not_kept(made: Prepared, rows: Sequence[Forecast]) -> Iterator[Finding]:
    """Find whom no copy gives the image of now, and who gets another one by a copy."""
    groups: dict[str, list[ObjectRef]] = {text: list(refs) for text, refs in made.unlike.items()}
    known = {ref for refs in made.unlike.values() for ref in refs}
    for ref in (row.service for row in rows):
        if ref not in known and _is_by_copy(made, ref) and (reason := _reason(made, ref)):
            groups.setdefault(reason, []).append(ref)
    for text, alike in groups.items():
        yield finding(codes.NOT_CONVERTIBLE, text, _OUT, alike)


def _other_pods(made: Prepared) -> Iterator[Finding]:
    """Find who has the image of now again once it is written, and other pods all the same."""
    before, after = made.upgrade.now, made.found.planned
    services = sorted(made.depending, key=lambda ref: ref.place)
    for what, alike in pods_changed(before, after, services).items():
        text = f"once written, they have the image of now, and other pods: {what}"
        yield finding(codes.CHANGED_BY_CONVERSION, text, _OUT, alike)


def _is_by_copy(made: Prepared, ref: ObjectRef) -> bool:
    """Tell whether the plan says what a service gets once written: as it is for it, or moves it."""
    planned, written = made.found.planned.shared(ref), made.upgrade.written.shared(ref)
    runtime = planned.runtime.ref if planned.runtime is not None else None
    if runtime in made.wanted:
        return False
    return ref in made.depending or planned.image != written.image


def _reason(made: Prepared, ref: ObjectRef) -> str:
    """Say why a service cannot be kept on its image; empty where it is."""
    upgrade = made.upgrade
    before, after = upgrade.now.shared(ref), made.found.planned.shared(ref)
    config = upgrade.written.config
    if refused := refused_write(admitted(upgrade.now.shape(ref), config), config):
        return f"the webhook of KServe {upgrade.release} refuses to have them written: {refused}"
    if not after.image or after.runtime is None:
        return f"once written, they would get no image: {after.reason}"
    if program_of(before) != program_of(after):
        named = " to ".join(map(program_of, (before, after)))
        return f"once written, another server would serve them: from {named} ({after.runtime.ref})"
    if before.image != after.image:
        return f"they run {before.image}, and would get {after.image} ({after.runtime.ref})"
    return ""


def _once_written(made: Prepared, services: Sequence[ObjectRef]) -> Iterator[Finding]:
    """Find who gets another image by any write after the upgrade, and no copy keeps it."""
    told = {ref for refs in made.unlike.values() for ref in refs}
    groups: dict[tuple[str, str], list[ObjectRef]] = {}
    for ref in services:
        before, after = made.upgrade.now.shared(ref), made.upgrade.written.shared(ref)
        is_ours = form_of(made.upgrade.now.shape(ref)).kind is FormKind.FRAMEWORK
        if not is_ours or not before.image or ref in told or _is_by_copy(made, ref):
            continue
        planned = made.found.planned.shared(ref).runtime
        if after.image != before.image and (planned is None or planned.ref not in made.wanted):
            got = after.image or f"none ({after.reason})"
            groups.setdefault((before.image, got), []).append(ref)
    for (image, got), alike in sorted(groups.items()):
        text = (
            f"any write after the upgrade converts them, and gives them {got} in place of {image}"
        )
        fix = "no runtime keeps it: --set FORMAT=IMAGE makes one that does"
        yield finding(codes.ONCE_WRITTEN, text, fix, alike)
