"""What a check finds about InferenceServices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from migrate.kserve import terms
from migrate.kserve.building import base_or_none
from migrate.kserve.image import ImageFormatError, parse_image
from migrate.kserve.modelform import wish_of
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.resolver import resolve_canaries
from migrate.kserve.rules import Rules
from migrate.kserve.runtimes import Runtimes
from migrate.kserve.selection import select
from migrate.kserve.services import FormKind, InferenceService, form_of
from migrate.kserve.stock import (
    names_the_model,
    server_name,
    servers_that_want_a_name,
    stock_runtimes,
)
from migrate.objects import ObjectRef
from migrate.planning.model import codes
from migrate.planning.model.findings import SET_BEFORE, finding
from migrate.planning.model.plan import Finding
from migrate.planning.world.scene import Scene

Lint = Callable[[Scene], Iterator[Finding]]


def grouped(found: Iterable[tuple[str, ObjectRef]]) -> dict[str, list[ObjectRef]]:
    """Return the objects of which the same is said, together."""
    groups: dict[str, list[ObjectRef]] = {}
    for text, ref in found:
        groups.setdefault(text, []).append(ref)
    return groups


def failing(scene: Scene) -> Iterator[Finding]:
    """Find services that KServe fails to reconcile, or gives an image that nobody can pull."""
    broken = list(scene.with_verdict(Verdict.BROKEN))
    without = [(s, r) for s, r in broken if r.rules[:1] in _WITHOUT]
    for text, refs in grouped((_untold(s, r, scene), s.ref) for s, r in without).items():
        fix = "kmigrate explain NAMESPACE/NAME shows every runtime and why it does not fit"
        yield finding(codes.NO_RUNTIME, text, fix, refs)
    others = [(_failure(r), s) for s, r in broken if r.rules[:1] not in _WITHOUT]
    for text, refs in grouped((text, s.ref) for text, s in others).items():
        is_old = form_of(scene.world.services[refs[0]]).kind is FormKind.FRAMEWORK
        fix = _WRITE if is_old and not scene.rules.predictors_read else _EXPLAIN
        yield finding(codes.FAILING, text, fix, refs)


_EXPLAIN = "kmigrate explain NAMESPACE/NAME"
_WRITE = f"kmigrate plan --to-runtimes --convert writes them; {SET_BEFORE}"


_WITHOUT = (("no-runtime",), ("named: missing",), ("named: unfit",))


def _untold(service: InferenceService, found: Resolution, scene: Scene) -> str:
    """Say what is missing, and when only the way a version is written is in the way."""
    model = service.spec.predictor.model
    if model is None or model.model_format.version is None:
        return found.reason
    wish = wish_of(service, model)
    near = scene.config.runtimes.of(wish.namespace), scene.config.runtimes.of("")
    offered = {
        f.version
        for runtime in (*near[0].values(), *near[1].values())
        for f in runtime.spec.supported_model_formats or ()
        if f.name == wish.format and f.version and not runtime.spec.disabled
    }
    alike = sorted(v for v in offered if _same_number(v, wish.version or ""))
    hint = f"; versions are compared as text, and it is written {alike[0]!r}" if alike else ""
    return f"{found.reason}{hint}"


def _same_number(one: str, other: str) -> bool:
    """Tell whether both say the same number: ``1`` and ``1.0``, but not ``1.1`` and ``1.10``."""
    parts = [[int(part) for part in text.split(".") if part.isdecimal()] for text in (one, other)]
    for numbers in parts:
        while numbers and not numbers[-1]:
            numbers.pop()
    return one != other and bool(parts[0]) and parts[0] == parts[1]


def _failure(found: Resolution) -> str:
    if found.image is None:
        return f"the next reconcile fails: {found.reason}"
    image = repr(found.image) if found.image else "no image at all"
    return f"the next reconcile gives them {image}: {found.reason}"


def canaries(scene: Scene) -> Iterator[Finding]:
    """Find canaries that KServe fails to make."""
    failing_ones = (
        (f"canary {name}: {found.reason}", service.ref)
        for service, _ in scene.resolved
        if service.spec.canary
        for name, found in resolve_canaries(scene.world.services[service.ref], scene.config).items()
        if found.verdict is Verdict.BROKEN
    )
    for text, refs in grouped(failing_ones).items():
        yield finding(codes.FAILING, text, "kmigrate explain NAMESPACE/NAME", refs)


def untold(scene: Scene) -> Iterator[Finding]:
    """Find services of which nothing can be told."""
    cannot = ((r.reason, s.ref) for s, r in scene.with_verdict(Verdict.CANNOT_TELL))
    for reason, refs in grouped(cannot).items():
        yield finding(codes.CANNOT_TELL, reason, objects=refs)


def time_bombs(scene: Scene) -> Iterator[Finding]:
    """Find services whose workload is not what the next reconcile makes of it."""
    workloads = scene.snapshot.workloads
    moved = []
    for service, found in scene.resolved:
        now = workloads.get(scene.world.workload(service.ref, workloads))
        if found.image and now is not None and now.image != found.image:
            text = f"{now.image} becomes {found.image} at their next reconcile"
            moved.append((text, service.ref))
    for text, refs in grouped(moved).items():
        yield finding(codes.CHANGES_ANYWAY, text, "kmigrate explain NAMESPACE/NAME", refs)


def served_as_model(scene: Scene) -> Iterator[Finding]:
    """Find services whose server is not told the name of its model."""
    servers = servers_that_want_a_name(str(scene.release))
    nameless = []
    for service, found in scene.resolved:
        if found.runtime is None or found.pod is None or found.server:
            continue
        if server_name(found.image or "") not in servers:
            continue
        container = found.pod.container
        texts = [*container.get("command", ()), *container.get("args", ())]
        if not any(names_the_model(text) or "--model_name" in text for text in texts):
            nameless.append((str(found.runtime.ref), service.ref))
    for runtime, refs in grouped(nameless).items():
        text = f'{runtime} gives no --model_name: their model is served as "model"'
        yield finding(codes.SERVED_AS_MODEL, text, "add --model_name={{.Name}} to its args", refs)


def mangled(scene: Scene) -> Iterator[Finding]:
    """Find images that a pin or a GPU turns into something that nobody meant."""
    found = ((spoilt(s, r, scene.rules), s.ref) for s, r in scene.resolved)
    for text, refs in grouped((text, ref) for text, ref in found if text).items():
        fix = "take runtimeVersion away, or name the image without port and digest"
        yield finding(codes.MANGLED, text, fix, refs)


def spoilt(service: InferenceService, found: Resolution, rules: Rules) -> str:
    """Say what becomes of the image of a model's runtime that nobody meant; empty for none."""
    model = service.spec.predictor.model
    base = base_or_none(found.runtime, rules) if found.runtime else None
    before = (model.image if model else None) or (base.image if base else None)
    is_spoilt = before and found.image and _is_mangled(before, found)
    return f"{before} becomes {found.image}" if is_spoilt else ""


def _is_mangled(before: str, found: Resolution) -> bool:
    try:
        meant = parse_image(before)
    except ImageFormatError:
        return False
    if meant.digest:
        return found.image != before
    try:
        got = parse_image(found.image or "")
    except ImageFormatError:
        return True
    return got.repository not in (meant.repository, f"{meant.repository}{terms.CPU_SUFFIX}")


def suffixed(scene: Scene) -> Iterator[Finding]:
    """Find images of somebody's own that get -gpu or -cpu appended: that variant must exist."""
    stock = {
        server_name(container.image or "")
        for runtime in stock_runtimes(str(scene.release)).values()
        for container in runtime.spec.containers or ()
        if (container.image or "").partition("/")[0] in ("kserve", "vllm", "tensorflow", "pytorch")
    }
    own = []
    for service, found in scene.resolved:
        image = found.image or ""
        is_suffixed = {"image: gpu-suffix", "image: cpu-repository"} & set(found.rules)
        is_stock = image.count("/") == 1 and server_name(image).removesuffix("-cpu") in stock
        if is_suffixed and not is_stock:
            own.append((f"KServe makes {image} of its runtime's image: it must exist", service.ref))
    for text, refs in grouped(own).items():
        yield finding(codes.SUFFIXED, text, "push that variant, or rename the runtime", refs)


def pinned(scene: Scene) -> Iterator[Finding]:
    """Find services whose pin wins over the tag of their runtime."""
    over = []
    for service, found in scene.resolved:
        model = service.spec.predictor.model
        base = scene.base(found.runtime) if found.runtime else None
        if model is None or base is None or model.image or model.runtime_version is None:
            continue
        if found.image and base.image and found.image != base.image:
            text = f"runtimeVersion makes {found.image} of {base.image}"
            over.append((f"{found.runtime.ref if found.runtime else ''}: {text}", service.ref))
    fix = "keep it where that tag is meant; without runtimeVersion they get the runtime's image"
    for text, refs in grouped(over).items():
        yield finding(codes.PIN_OVER_RUNTIME, text, fix, refs)


def captured(scene: Scene) -> Iterator[Finding]:
    """Find services that a namespace's runtime takes from another one of the cluster.

    A copy of a stock runtime is meant for the services of that very runtime.
    """
    cluster = Runtimes(scene.config.runtimes.of("").values())
    taken = []
    for service, found in scene.resolved:
        model, runtime = service.spec.predictor.model, found.runtime
        if model is None or model.runtime is not None or runtime is None or runtime.is_cluster:
            continue
        without = select(wish_of(service, model), cluster, scene.rules).runtime
        is_copy = runtime.name in scene.config.runtimes.of("")
        if is_copy and without is not None and without.name != runtime.name:
            taken.append((f"{runtime.ref} takes them from {without.ref}", service.ref))
    for text, refs in grouped(taken).items():
        fix = "copy that runtime into the namespace, too, or turn autoSelect off in the copy"
        yield finding(codes.CAPTURED, text, fix, refs)


SERVICES: tuple[Lint, ...] = (
    failing,
    canaries,
    untold,
    time_bombs,
    served_as_model,
    mangled,
    suffixed,
    pinned,
    captured,
)
