"""What is found about services that are converted: what changes by it, and who cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migrate.kserve.admission import admitted
from migrate.kserve.building import Pod
from migrate.kserve.refusals import refused_write
from migrate.kserve.resolution import Resolution
from migrate.objects import ObjectRef
from migrate.planning.change.conversion import Conversion
from migrate.planning.change.protocols import without_protocols
from migrate.planning.model import codes
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding
from migrate.planning.world.differences import differences
from migrate.planning.world.forecast import World


def conversion_findings(now: World, planned: World, found: Conversion) -> Iterator[Finding]:
    """Yield what is found; ``planned`` is the world with the copies and the services converted."""
    services = sorted(found.services, key=lambda ref: ref.place)
    if services:
        text = (
            "written as they are, and so converted to the model form for good: no write takes that "
            f"back, since KServe {now.rules.name} converts at each"
        )
        kept = "" if found.is_late else ", and the copies that give them their images"
        yield finding(codes.CONVERTED, text, f"a rollback keeps them in it{kept}", services)
    yield from _changes(now, planned, services)
    yield from _foreseen(now, planned, found)
    yield from _bad(now, planned, found, services)


def _foreseen(now: World, planned: World, found: Conversion) -> Iterator[Finding]:
    """Tell who gets another image, that of a runtime which was made before the upgrade."""
    groups: dict[tuple[str, str], list[ObjectRef]] = {}
    told = () if found.is_late else found.foreseen
    for ref in sorted(told, key=lambda ref: ref.place):
        pair = (now.shared(ref).image or "none", planned.shared(ref).image or "none")
        if pair[0] != pair[1]:
            groups.setdefault(pair, []).append(ref)
    for (before, after), alike in sorted(groups.items()):
        text = f"runtimes were made for them before the upgrade: {after} in place of {before}"
        fix = "--exclude NAMESPACE/NAME leaves them out; any write gives them that image"
        yield finding(codes.FORESEEN, text, fix, alike)


def _changes(now: World, planned: World, services: Iterable[ObjectRef]) -> Iterator[Finding]:
    """Tell what of their pods changes beside the image: they get new ones for it."""
    for what, alike in pods_changed(now, planned, services).items():
        text = f"new pods by the conversion, with the same image: {what}"
        fix = "--exclude NAMESPACE/NAME leaves them out"
        yield finding(codes.CHANGED_BY_CONVERSION, text, fix, alike)


def pods_changed(
    now: World, planned: World, services: Iterable[ObjectRef]
) -> dict[str, list[ObjectRef]]:
    """Return the services that get other pods with the same image, by what changes of them."""
    pairs: dict[tuple[int, int], str] = {}
    groups: dict[str, list[ObjectRef]] = {}
    for ref in services:
        key = (id(now.shared(ref)), id(planned.shared(ref)))
        if key not in pairs:
            pairs[key] = ", ".join(changed_parts(now.resolved[ref].pod, planned.resolved[ref].pod))
        if pairs[key] and now.shared(ref).image == planned.shared(ref).image:
            groups.setdefault(pairs[key], []).append(ref)
    return dict(sorted(groups.items()))


def changed_parts(before: Pod | None, after: Pod | None) -> list[str]:
    """Return what of a pod changes beside its image: variables, flags, and other fields by name."""
    if before is None or after is None:
        return []
    told = [one.what for one in differences(before, after)]
    named = {what.partition(" ")[0] for what in told}
    fields = sorted({*before.container, *after.container} - {"image"} - named)
    other = [key for key in fields if before.container.get(key) != after.container.get(key)]
    told += ["the order of env" if key == "env" else key for key in other]
    others = ("fields", "labels", "annotations")
    told += [
        f"the pod's {name}" for name in others if getattr(before, name) != getattr(after, name)
    ]
    return told + ["further containers"] * (before.containers[1:] != after.containers[1:])


def _bad(
    now: World, planned: World, found: Conversion, services: Iterable[ObjectRef]
) -> Iterator[Finding]:
    """Find who would not run what it runs now: no copy of a runtime can say it."""
    groups: dict[str, list[ObjectRef]] = {text: list(refs) for text, refs in found.unlike.items()}
    known = {ref for refs in found.unlike.values() for ref in refs}
    for ref in services:
        is_kept = ref not in found.moved and not found.is_late
        reason = _reason(now, planned, ref, is_kept=is_kept) if ref not in known else ""
        if reason:
            groups.setdefault(reason, []).append(ref)
    unlisted = {runtime.ref for runtime, _ in without_protocols(planned)}
    for text, alike in groups.items():
        fix = "leave them out: --exclude NAMESPACE/NAME; they stay in the framework form"
        if (runtime := planned.shared(alike[0]).runtime) and runtime.ref in unlisted:
            fix = f"have {runtime.ref} list its protocols first: kmigrate check has the command"
        yield finding(codes.NOT_CONVERTIBLE, text, fix, alike)


def _reason(now: World, planned: World, ref: ObjectRef, *, is_kept: bool) -> str:
    """Say why a service cannot be converted; empty where it can. ``is_kept``: its image stays."""
    before, after = now.shared(ref), planned.shared(ref)
    if refused := refused_write(admitted(now.shape(ref), now.config), now.config):
        return f"the webhook refuses the write: {refused}"
    if after.image is None or after.runtime is None:
        return f"converted, they would get no image: {after.reason}"
    runtime = after.runtime.ref
    if not is_kept:
        return ""
    if program_of(before) != program_of(after):
        named = " to ".join(map(program_of, (before, after)))
        return f"converted, they would be served by another server: from {named} ({runtime})"
    if before.image != after.image:
        return f"they run {before.image}, and would get {after.image} ({runtime})"
    return ""


def program_of(found: Resolution) -> str:
    """Return the program that a container names; its image's own is told by its flags."""
    container = found.pod.container if found.pod else {}
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    named = words[0] if words and not words[0].startswith("-") else ""
    flag = words[0].partition("=")[0] if words and not named else ""
    return named or (f"one with {flag}" if flag else "one without flags")
