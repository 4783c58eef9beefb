"""What a check finds about runtimes and the ConfigMap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from migrate.kserve import terms
from migrate.kserve.containers import Container
from migrate.kserve.predictors import Predictors
from migrate.kserve.problems import Problem, ProblemKind
from migrate.kserve.refusals import sets_pythonpath
from migrate.kserve.resolution import Resolution
from migrate.kserve.rules import Rules, ServerBy
from migrate.kserve.runtimes import Runtime
from migrate.kserve.servers import server_of
from migrate.kserve.services import form_of
from migrate.kserve.stock import server_name, stock_runtimes
from migrate.kserve.tags import is_gpu, server_for_tag, server_named
from migrate.objects import ObjectRef, canonical
from migrate.planning.change.protocols import without_protocols
from migrate.planning.check.checks_installed import uncertain
from migrate.planning.check.lint_services import grouped
from migrate.planning.check.lint_writes import secrets_of
from migrate.planning.model import codes
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding
from migrate.planning.world.scene import Scene

Lint = Callable[[Scene], Iterator[Finding]]


def release(scene: Scene) -> Iterator[Finding]:
    """Find that the release is only assumed."""
    found = uncertain(scene.snapshot)
    if found is not None:
        yield found


def predictors(scene: Scene) -> Iterator[Finding]:
    """Find parts of predictors that are not read, or make the release fail.

    What a release ships wrong itself is an error only where a service meets it.
    """
    found = scene.config.predictors
    if not isinstance(found, Predictors):
        yield finding(codes.BROKEN_PART, found.message, "kubectl edit configmap")
        return
    for problem in found.problems:
        if not problem.pointer and problem.kind is ProblemKind.UNREAD:
            fix = "set the image in a runtime, then take the key away"
            yield finding(codes.LEFT_OVER, problem.text, fix, [scene.snapshot.config_ref])
        else:
            yield _problem(problem, scene)


def _problem(problem: Problem, scene: Scene) -> Finding:
    where = f"predictors {problem.pointer}: {problem.text}"
    harmless = problem.kind in (ProblemKind.UNKNOWN, ProblemKind.UNREAD)
    users = [s.ref for s, _ in scene.resolved if form_of(s).format == problem.format]
    if harmless or not users:
        return finding(codes.UNREAD_PART, where, "it is without effect")
    return finding(codes.BROKEN_PART, where, "kmigrate explain NAMESPACE/NAME", users)


def equal_priorities(scene: Scene) -> Iterator[Finding]:
    """Find runtimes of one scope that nothing but age puts in an order."""
    if not scene.rules.orders_by_priority:
        return
    scopes: dict[str, list[Runtime]] = {}
    for runtime in scene.runtimes:
        scopes.setdefault(runtime.metadata.namespace, []).append(runtime)
    for runtimes in scopes.values():
        for refs, format_ in _clashes(runtimes).items():
            text = f"selected for {format_} with no different priority: the newest wins"
            fix = "give them different priorities: later releases refuse equal ones"
            yield finding(codes.EQUAL_PRIORITY, text, fix, refs)


def _clashes(runtimes: Iterable[Runtime]) -> dict[tuple[ObjectRef, ...], str]:
    """Return the formats that runtimes clash about; each set of runtimes once."""
    rivals: dict[tuple[Any, ...], list[Runtime]] = {}
    for runtime in runtimes:
        if not runtime.spec.disabled and not runtime.spec.multi_model:
            for each in sorted(_priorities(runtime)):
                rivals.setdefault((*each, runtime.spec.worker_spec is None), []).append(runtime)
    clashes: dict[tuple[ObjectRef, ...], str] = {}
    for ((name, version), *_), several in rivals.items():
        for clashing in _of_one_protocol(several):
            refs = tuple(r.ref for r in clashing)
            clashes.setdefault(refs, f"{name} {version}".strip())
    return clashes


def _of_one_protocol(runtimes: list[Runtime]) -> list[list[Runtime]]:
    """Return the groups of runtimes that serve a protocol; who names none serves each."""
    named = dict.fromkeys(p for r in runtimes for p in r.spec.protocol_versions or ())
    groups = [
        [r for r in runtimes if not r.spec.protocol_versions or each in r.spec.protocol_versions]
        for each in named or ("",)
    ]
    return [group for group in groups if len(group) > 1]


def _priorities(runtime: Runtime) -> set[tuple[tuple[str, str], int]]:
    """Return formats with their priority; -1 stands for none."""
    formats = runtime.spec.supported_model_formats or ()
    return {
        ((f.name, f.version or ""), -1 if f.priority is None else f.priority)
        for f in formats
        if f.auto_select
    }


def any_protocol(scene: Scene) -> Iterator[Finding]:
    """Find runtimes of namespaces that take models of any protocol, as those of 0.8 do."""
    names: dict[tuple[str, tuple[str, ...]], list[ObjectRef]] = {}
    shown = {runtime.ref for runtime in scene.runtimes}
    for runtime, protocols in without_protocols(scene.world):
        formats = runtime.spec.supported_model_formats or ()
        if runtime.ref in shown and any(each.auto_select for each in formats):
            names.setdefault((runtime.name, protocols), []).append(runtime.ref)
    for (name, protocols), refs in sorted(names.items()):
        listed = ", ".join(protocols)
        text = f"without protocolVersions it takes models of any; the cluster's has {listed}"
        spec = canonical({"spec": {"protocolVersions": list(protocols)}}).decode()
        fix = f"kubectl patch servingruntime {name} -n NAMESPACE --type=merge -p '{spec}'"
        yield finding(codes.ANY_PROTOCOL, text, fix, refs)


def unused(scene: Scene) -> Iterator[Finding]:
    """Find runtimes that nobody uses, the stock ones of the cluster left out."""
    shipped = stock_runtimes(str(scene.release))
    idle = [
        r.ref
        for r in scene.runtimes
        if r.ref not in scene.used and not (r.is_cluster and r.name in shipped)
    ]
    if idle and scene.rules.knows_model:
        yield finding(codes.UNUSED_RUNTIME, "no InferenceService uses them", objects=idle)


def lost_defaults(scene: Scene) -> Iterator[Finding]:
    """Find runtimes that ask for labels which only MLServer and TorchServe by name get."""
    for runtime in scene.runtimes:
        base = scene.base(runtime)
        asked = _asked_labels(base) if base is not None else []
        if asked and not _is_served(runtime, scene.rules):
            by = scene.rules.server_by.value
            text = f"{runtime.ref} asks for {', '.join(asked)}: KServe sets it by {by}"
            fix = "call it as the stock runtime is called, or write the value out"
            yield finding(codes.LOST_DEFAULTS, text, fix, [runtime.ref])


def lost_suffix(scene: Scene) -> Iterator[Finding]:
    """Find services with a GPU that get no -gpu image, as their runtime is a renamed copy."""
    rules = scene.rules
    named = {
        server_name(container.image or ""): name
        for name, runtime in stock_runtimes(str(scene.release)).items()
        if server_named(name) in rules.gpu_suffix
        for container in runtime.spec.containers or ()
    }
    lost = []
    for service, found in scene.resolved:
        runtime, image = found.runtime, found.image or ""
        original = named.get(server_name(image))
        if runtime is None or original is None or _keeps_suffix(runtime, found, rules):
            continue
        text = f"{runtime.ref} gives a GPU {image}: KServe appends -gpu only under {original}"
        lost.append((text, service.ref))
    for text, refs in grouped(lost).items():
        fix = "call it as the stock runtime is called, or name the image for GPUs"
        yield finding(codes.LOST_DEFAULTS, text, fix, refs)


def _keeps_suffix(runtime: Runtime, found: Resolution, rules: Rules) -> bool:
    """Tell whether nothing is lost: no GPU, a name that counts, or an image for GPUs anyway."""
    container = found.pod.container if found.pod is not None else {}
    if not is_gpu((container.get("resources") or {}).get("limits") or {}, rules):
        return True
    named = server_for_tag(runtime.name, runtime.server_type, rules)
    return named in rules.gpu_suffix or "gpu" in (found.image or "").rpartition(":")[2]


def _is_served(runtime: Runtime, rules: Rules) -> bool:
    if rules.server_by is ServerBy.WEBHOOK:
        return bool(server_named(runtime.name))
    return bool(server_of(runtime.name, runtime.server_type, rules))


def _asked_labels(base: Container) -> list[str]:
    text = canonical([*(base.args or ()), *(base.command or ()), *(base.env or ())]).decode()
    return [name for name in ("modelClass", "serviceEnvelope") if f".Labels.{name}" in text]


def malformed(scene: Scene) -> Iterator[Finding]:
    """Find runtimes whose containers are not what the release looks for."""
    for runtime in scene.runtimes:
        containers = runtime.spec.containers or []
        if runtime.spec.disabled or runtime.spec.multi_model:
            continue
        if not containers:
            text = f"{runtime.ref} has no containers"
        elif scene.base(runtime) is None:
            text = f"{runtime.ref} has no container named {terms.CONTAINER}"
        elif not scene.rules.base_by_name and len(containers) > 1:
            text = f"{runtime.ref}: only the first of its containers is used"
        else:
            continue
        yield finding(codes.BAD_RUNTIME, text, objects=[runtime.ref])


def runtime_variables(scene: Scene) -> Iterator[Finding]:
    """Find credentials in runtimes, and variables that the release refuses."""
    for runtime in scene.runtimes:
        containers = runtime.spec.containers or []
        if names := [name for one in containers for name in secrets_of(one)]:
            text = f"in plain text, and looks like a credential: {', '.join(names)}"
            fix = "keep it in a Secret: valueFrom.secretKeyRef"
            yield finding(codes.CREDENTIAL, text, fix, [runtime.ref])
        if scene.rules.refuses_pythonpath and any(map(sets_pythonpath, containers)):
            text = f"{runtime.ref} sets PYTHONPATH: this release refuses any write to it"
            yield finding(codes.PYTHONPATH, text, "build it into the image", [runtime.ref])


RUNTIMES: tuple[Lint, ...] = (
    release,
    predictors,
    equal_priorities,
    any_protocol,
    unused,
    lost_defaults,
    lost_suffix,
    malformed,
    runtime_variables,
)
