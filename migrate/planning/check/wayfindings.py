"""What is found about the services at one step of an upgrade, each with what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from migrate.kserve.resolution import Verdict
from migrate.kserve.services import format_of, framework_of
from migrate.objects import ObjectRef, canonical
from migrate.planning.check.way import Step
from migrate.planning.check.waychanges import Change, Why
from migrate.planning.model import codes
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding
from migrate.planning.stock.loading import breaks

Told = tuple[str, str, str]
"""A code, a text, and what to do."""
Group = tuple[Change, Sequence[ObjectRef]]


def service_findings(step: Step, namespace: str) -> Iterator[Finding]:
    """Yield what is found about the services of one namespace, or of all ("").

    Services of which the same is said are in one finding.
    """
    told: dict[Told, list[ObjectRef]] = {}
    for group in step.within(namespace).items():
        for one, refs in _told(step, group):
            told.setdefault(one, []).extend(refs)
    for (code, text, fix), refs in told.items():
        yield finding(code, text, fix, refs)


def _told(step: Step, group: Group) -> Iterator[tuple[Told, Sequence[ObjectRef]]]:
    change, refs = group
    if (say := SAY.get(change.why)) is not None:
        yield say(step, group), refs
    elif change.other_pods and change.verdict is not Verdict.BROKEN:
        yield _other_pods(change), refs
    if change.is_other_protocol and change.why is not Why.OTHER_RUNTIME:
        yield _other_protocol(change), refs
    if change.is_other_image:
        yield from _loading(step, change, refs)


def _lost_override(step: Step, group: Group) -> Told:
    text = f"the manifests put predictors back: {_images(group[0])}"
    return codes.LOST_OVERRIDE, text, _before(step)


def _lost_edit(step: Step, group: Group) -> Told:
    change = group[0]
    text = f"the manifests put {change.runtime_before} back: {_images(change)}{_with(change)}"
    return codes.LOST_EDIT, text, _before(step)


def _before(step: Step) -> str:
    return f"before this step: kmigrate plan --target {step.target}"


def _no_image(step: Step, group: Group) -> Told:
    change, refs = group
    image = change.image_after
    had = f"{image!r} in place of {change.image_before}, " if image else ""
    what = "no image is written" if change.image_after is None else "they have no image"
    text = f"{what}: {had}{change.reason}"
    return codes.NO_IMAGE, text, _rescue(step, change, refs[0])


def _rescue(step: Step, change: Change, ref: ObjectRef) -> str:
    """Say what gives a service an image: a framework field needs to be converted before 0.10."""
    before, after = (world.rules for world in step.worlds)
    if framework_of(step.worlds[0].shape(ref)) is None:
        return _named(change)
    if after.predictors_read:
        return (
            f"{_before(step)}; or put an entry that KServe {step.target} reads into predictors of "
            "the manifests"
        )
    if before.converts_on_write:
        return _before(step)
    return (
        f"stop at 0.9.0 and convert them there: kmigrate check --target {step.target} --via 0.9.0, "
        f"then kmigrate plan --target {step.target} on 0.9.0"
    )


def _named(change: Change) -> str:
    """Say how a service stays on its runtime: what is named is not looked for."""
    if change.runtime_before is None:
        return _explain("every runtime, and why it does not fit")
    model = {"runtime": change.runtime_before.name}
    model |= {"protocolVersion": change.protocol_before} if change.protocol_before else {}
    patch = canonical({"spec": {"predictor": {"model": model}}}).decode()
    return (
        "before this step: kubectl patch inferenceservice -n NAMESPACE NAME --type=merge "
        f"-p '{patch}'"
    )


def _bare(step: Step, group: Group) -> Told:
    change, refs = group
    text = f"KServe {step.target} puts nothing into the container of a framework field any more"
    lost = f": they lose {', '.join(change.settings)}" if change.settings else ""
    return codes.BARE, f"{text}{lost}", _rescue(step, change, refs[0])


def _spoilt(_step: Step, group: Group) -> Told:
    text = f"their image is none that anybody meant: {_images(group[0])}"
    return codes.SPOILT, text, _explain("take runtimeVersion away, or name another image")


def _explain(text: str) -> str:
    return f"{text}: kmigrate explain NAMESPACE/NAME"


def _other_runtime(_step: Step, group: Group) -> Told:
    change = group[0]
    parts = [f"{change.runtime_after} in place of {change.runtime_before}"]
    parts += [_images(change)] if change.is_other_image else []
    parts += [_protocols(change)] if change.is_other_protocol else []
    return codes.OTHER_RUNTIME, "; ".join(parts), f"to stay on it, {_named(change)}"


def _other_protocol(change: Change) -> Told:
    fix = "name the protocol in the service: spec.predictor.model.protocolVersion"
    return codes.OTHER_RUNTIME, _protocols(change), fix


def _protocols(change: Change) -> str:
    return f"protocol {change.protocol_before} becomes {change.protocol_after}"


def _pin(_step: Step, group: Group) -> Told:
    text = f"runtimeVersion puts a tag of the former server behind another: {_images(group[0])}"
    return codes.PIN_BEHIND, text, _explain("see that this image exists, or move the pin")


def _released(_step: Step, group: Group) -> Told:
    return codes.RELEASED, f"as released: {_images(group[0])}", ""


def _by_rules(step: Step, group: Group) -> Told:
    return codes.RELEASED, f"by the rules of KServe {step.target}: {_images(group[0])}", ""


def _again(_step: Step, group: Group) -> Told:
    return codes.RELEASED, f"they have an image again: {group[0].image_after}", ""


def _untold(_step: Step, group: Group) -> Told:
    return codes.CANNOT_TELL, group[0].reason, ""


SAY: dict[Why, Callable[[Step, Group], Told]] = {
    Why.LOST_OVERRIDE: _lost_override,
    Why.LOST_EDIT: _lost_edit,
    Why.NO_IMAGE: _no_image,
    Why.BARE: _bare,
    Why.MANGLED: _spoilt,
    Why.OTHER_RUNTIME: _other_runtime,
    Why.PIN: _pin,
    Why.RELEASED: _released,
    Why.RULES: _by_rules,
    Why.AGAIN: _again,
    Why.UNTOLD: _untold,
}
"""What is said for each word."""


def _images(change: Change) -> str:
    if not change.is_other_image:
        return f"{change.image_after} stays"
    return f"{change.image_before or 'no image'} becomes {change.image_after}"


def _with(change: Change) -> str:
    return f"; {', '.join(change.settings)}" if change.settings else ""


def _other_pods(change: Change) -> Told:
    what = ", ".join(change.settings) or "more than variables and flags"
    return codes.OTHER_PODS, f"other pods with the same image: {what}", ""


def _kept(change: Change) -> str:
    """Say how the image of now is kept: a runtime of the namespace has it."""
    if change.runtime_before is None:
        return ""
    wanted = f"runtime/{change.runtime_before.name}=IMAGE"
    return f"; or keep that of now: kmigrate plan --to-runtimes --set {wanted}"


def _loading(
    step: Step, change: Change, refs: Sequence[ObjectRef]
) -> Iterator[tuple[Told, Sequence[ObjectRef]]]:
    """Yield what may keep their models from loading: it depends on the format."""
    formats: dict[str, list[ObjectRef]] = {}
    for ref in refs:
        formats.setdefault(format_of(step.worlds[0].shape(ref)), []).append(ref)
    for format_, alike in formats.items():
        for one in breaks(change.image_before or "", change.image_after or "", format_):
            text = f"{one.text} (source: {one.source})" if one.source else one.text
            fix = f"try one model with the new image first{_kept(change)}"
            yield (codes.OTHER_LIBRARY, text, fix), alike
