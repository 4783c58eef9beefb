"""What becomes of one service on the way of an upgrade, after a plan that holds images.

The proof is within the plan: the cluster as the plan leaves it, followed through the released
manifests of each release on the way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from migrate.kserve.image import ImageFormatError, parse_image
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.rules import TagRule
from migrate.kserve.services import framework_of
from migrate.objects import ObjectRef
from migrate.planning.change.checks_conversion import program_of
from migrate.planning.hold.takenlater import taker
from migrate.planning.model import codes
from migrate.planning.stock.passing import Stop, is_framework, kin
from migrate.planning.world.closure import settled, used
from migrate.planning.world.forecast import World
from migrate.planning.world.held import pin_of, same

SHOWN = 3
OUT = "leave them out: --exclude NAMESPACE/NAME"


@dataclass(frozen=True)
class Holding:
    """The way of an upgrade without the plan, and ``after`` it: the stops of both.

    ``services`` are those that are selected, ``depending`` those on an image that is set in
    `predictors`, ``copies`` the runtimes that the plan makes or has in namespaces, ``edited`` the
    ClusterServingRuntimes that somebody edited.
    """

    now: World
    planned: World
    without: Sequence[Stop]
    after: Sequence[Stop]
    services: Sequence[ObjectRef]
    depending: Collection[ObjectRef]
    copies: Collection[ObjectRef]
    edited: Collection[ObjectRef]

    def kin(self, ref: ObjectRef) -> tuple[int, int, bool]:
        """Return what services have in common that fare alike, with the plan and without it."""
        return (kin(self.now, ref), kin(self.planned, ref), ref in self.depending)

    def is_chosen(self, ref: ObjectRef) -> bool:
        """Tell whether somebody chose the image of a service: it follows no release."""
        if ref in self.depending:
            return True
        service, runtime = self.planned.shape(ref), used(self.planned, ref)
        spec = service.spec.predictor.model or framework_of(service)
        is_edited = runtime is not None and (bool(runtime.namespace) or runtime in self.edited)
        return is_edited or bool(spec is not None and spec.image)


class Told(NamedTuple):
    """One clause about services that are alike: a finding without its objects."""

    code: str
    text: str
    fix: str
    is_warning: bool = False

    @property
    def is_harmless(self) -> bool:
        """Whether nothing is lost that somebody chose."""
        return self.is_warning or self.code == codes.FOLLOWS


def told_of(found: Holding, ref: ObjectRef) -> Iterator[Told]:
    """Yield what becomes of a service on the way; what is lost once is not told again."""
    start = settled(found.planned, ref)
    is_chosen, last = found.is_chosen(ref), found.after[-1]
    by_write: Told | None = None
    for stop in found.after:
        got = settled(stop.after, ref)
        if told := _trouble(found, stop, ref, (start, got), is_chosen=is_chosen):
            yield told
            return
        if told := _once_written(found, stop, ref, start, is_last=stop is last):
            by_write = told
    if by_write is not None:
        yield by_write
    got = settled(last.after, ref)
    if start.image and got.image and not same(got.image, start.image):
        yield _follows(found, ref, start.image, got.image)


def _once_written(
    found: Holding, stop: Stop, ref: ObjectRef, start: Resolution, *, is_last: bool
) -> Told | None:
    """Return what is lost by the first write under a release; a warning where that is passed."""
    if not stop.is_converted(ref):
        return None
    written = stop.once_written(ref)
    text = f"any write under KServe {stop.release} converts them: "
    reason = _unlike(start, written, is_chosen=found.is_chosen(ref))
    if not reason:
        is_other = bool(start.image) and not same(written.image, start.image)
        told = Told(codes.FOLLOWS, f"{text}{written.image} in place of {start.image}", "", True)
        return told if is_other and is_last else None
    text, fix = f"{text}{reason}", _fix_of_write(stop, start, written)
    copy = taker(stop, ref, found.copies)
    if copy is not None and program_of(start) != program_of(written):
        users = _users(found, copy)
        text, fix = (
            f"{text}; that is {copy}, a copy for {users}",
            _fix_of_taken(found, start, users),
        )
    return Told(codes.LOST_BY_WRITE, text, fix, is_warning=not is_last)


def _trouble(
    found: Holding,
    stop: Stop,
    ref: ObjectRef,
    pair: tuple[Resolution, Resolution],
    *,
    is_chosen: bool,
) -> Told | None:
    """Return what is lost by the manifests of a stop; None where nothing is.

    ``pair`` is what a service gets by the plan, and at the stop.
    """
    start, got = pair
    if start.verdict is Verdict.BROKEN and got.verdict is Verdict.BROKEN:
        return None
    if got.verdict is Verdict.BROKEN or got.image == "":
        text = f"no image after KServe {stop.release}: {got.reason}"
        return Told(codes.NO_IMAGE_AFTER, text, _fix(found, ref))
    if is_framework(stop.after, ref) and not stop.after.rules.predictors_read:
        text = f"KServe {stop.release} gives them their image without arguments and variables"
        return Told(codes.LOST_BY_UPGRADE, text, _fix(found, ref))
    is_stored = is_framework(stop.after, ref)
    if reason := _unlike(start, got, is_chosen=is_chosen, is_stored=is_stored):
        return Told(codes.LOST_BY_UPGRADE, f"KServe {stop.release}: {reason}", OUT)
    return None


def _unlike(start: Resolution, got: Resolution, *, is_chosen: bool, is_stored: bool = True) -> str:
    """Say how what a service gets is not what its owner chose; empty where it is.

    Of one in the framework form the program counts, too: a framework may get another server.
    """
    if not start.image:
        return ""
    if not got.image:
        return f"no image: {got.reason}"
    if is_stored and program_of(start) != program_of(got):
        return f"another server, from {program_of(start)} to {program_of(got)}, with {got.image}"
    if is_chosen and not same(start.image, got.image):
        return f"{got.image} in place of {start.image}"
    return ""


def _fix(found: Holding, ref: ObjectRef) -> str:
    if not is_framework(found.planned, ref):
        return "kmigrate explain NAMESPACE/NAME; " + OUT
    if not found.now.rules.knows_model:
        return (
            "upgrade to 0.9.0 first (kmigrate apply --target 0.9.0), and plan again there: "
            f"--target {found.after[-1].release}"
        )
    if found.planned.shared(ref).verdict is Verdict.EXPLICIT:
        return _fix_of_pin(found.planned.shared(ref))
    return "kmigrate plan --to-runtimes --convert tells why they stay; " + OUT


def _fix_of_pin(start: Resolution) -> str:
    return (
        f"set runtimeVersion in the field of their framework to {pin_of(start.image or '')}, the "
        "tag of their image, with kubectl patch: that write converts them, and their image stays"
    )


def _fix_of_write(stop: Stop, start: Resolution, written: Resolution) -> str:
    if program_of(start) != program_of(written):
        return "serve the model by containers of its own (spec.predictor.containers); " + OUT
    if _is_cut(start, stop.after):
        return "pass KServe 0.8 without a write to them, or take an image without a port"
    return _fix_of_pin(start) if start.verdict is Verdict.EXPLICIT else OUT


def _users(found: Holding, copy: ObjectRef) -> str:
    """Return the services that use a copy by the plan, as `--exclude` takes them."""
    near = (ref for ref in found.now.services if ref.namespace == copy.namespace)
    names = sorted(
        f"{ref.namespace}/{ref.name}" for ref in near if used(found.planned, ref) == copy
    )
    more = [f"{len(names) - SHOWN} more"] if len(names) > SHOWN else []
    return ", ".join([*names[:SHOWN], *more]) or "nobody any more"


def _fix_of_taken(found: Holding, start: Resolution, users: str) -> str:
    """Say how a service gets another runtime than the copy: by a write before the upgrade."""
    if _is_cut(start, found.planned):
        return (
            f"take an image without a port for them; or leave out {users} (--exclude), and bring "
            "their image back after the upgrade: kmigrate apply --from-checkpoint CHECKPOINT"
        )
    return _fix_of_pin(start)


def _is_cut(start: Resolution, world: World) -> bool:
    """Tell whether a write makes KServe cut an image at the port of its registry."""
    registry, slash, _ = (start.image or "").partition("/")
    return bool(slash) and ":" in registry and world.rules.tag_rule is TagRule.FIRST_COLON


def _follows(found: Holding, ref: ObjectRef, before: str, after: str) -> Told:
    """Tell who follows the images that are shipped; under a pin the tag stays."""
    release, pin = found.after[-1].release, found.planned.pin(ref)
    text = f"they follow what KServe {release} ships: {after} in place of {before}"
    if pin is not None and _repository(before) != _repository(after):
        fix = f"their pin {pin} stays: see that {_repository(after)} has that tag"
        return Told(codes.FOLLOWS, text, fix, is_warning=True)
    return Told(codes.FOLLOWS, text, "")


def _repository(image: str) -> str:
    try:
        return parse_image(image).repository
    except ImageFormatError:
        return image
