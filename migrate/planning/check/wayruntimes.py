"""What is found about runtimes, and about workloads, at one step of an upgrade."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from migrate.kserve import terms
from migrate.kserve.modes import mode_of
from migrate.kserve.refusals import sets_pythonpath
from migrate.kserve.rules import Rules
from migrate.kserve.runtimerefusals import refused_runtime
from migrate.kserve.runtimes import Runtimes
from migrate.objects import ObjectRef
from migrate.planning.check.lint_runtimes import lost_defaults
from migrate.planning.check.way import Step
from migrate.planning.model import codes
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding
from migrate.planning.world.copies import SOURCE_DIGEST, digest_of_source, is_ours
from migrate.planning.world.forecast import World
from migrate.planning.world.scene import Scene
from migrate.planning.world.snapshot import Snapshot


def runtime_findings(step: Step, namespace: str) -> Iterator[Finding]:
    """Yield what is found about runtimes of one namespace and of the cluster, or of all ("")."""
    yield from _refused_from_here(step, namespace)
    yield from _copies_behind(step, namespace)
    yield from _defaults_lost_here(step, namespace)
    yield from _other_mode(step, namespace)


def _refused_from_here(step: Step, namespace: str) -> Iterator[Finding]:
    """Find runtimes to which the webhook refuses any write from this step on."""
    before, after = (dict(_refused(w.config.runtimes, w.rules)) for w in step.worlds)
    new = {ref: text for ref, text in after.items() if ref not in before}
    shown = [ref for ref in new if not namespace or ref.namespace in ("", namespace)]
    if shown:
        first = min(shown, key=lambda ref: ref.place)
        said = f"the webhook of KServe {step.target} refuses any write to them: {first}, since "
        fix = "before this step give them priorities that differ: kubectl edit"
        yield finding(codes.REFUSED_FROM_HERE, f"{said}{new[first]}", fix, shown)


def _refused(runtimes: Runtimes, rules: Rules) -> Iterator[tuple[ObjectRef, str]]:
    """Yield who is refused, and why; that PYTHONPATH is, is told of the whole cluster."""
    for runtime in runtimes.everywhere:
        others = runtimes.of(runtime.metadata.namespace).values()
        reason = refused_runtime(runtime, others, rules)
        if reason and not any(map(sets_pythonpath, runtime.spec.containers or ())):
            yield runtime.ref, reason


def _copies_behind(step: Step, namespace: str) -> Iterator[Finding]:
    """Find copies of ours whose source is another one after the step."""
    former, later = (_digests(one) for one in step.snapshots)
    ours = (r for r in step.worlds[1].config.runtimes.everywhere if is_ours(r) and not r.is_cluster)
    behind = [
        copy.ref
        for copy in ours
        if namespace in ("", copy.metadata.namespace)
        and former.get(copy.name) == copy.metadata.annotation(SOURCE_DIGEST)
        and former.get(copy.name) != later.get(copy.name)
    ]
    if behind:
        text = f"copies of ours stay as they are, and KServe {step.target} ships other ones"
        fix = "after this step: kmigrate plan --to-runtimes --set runtime/NAME=IMAGE"
        yield finding(codes.COPY_BEHIND, text, fix, behind)


def _digests(snapshot: Snapshot) -> dict[str, str]:
    clusters = {ref: one for ref, one in snapshot.originals.items() if not ref.namespace}
    whole = {ref.name: one for ref, one in clusters.items() if isinstance(one.get("spec"), dict)}
    return {name: digest_of_source(one) for name, one in whole.items()}


def _defaults_lost_here(step: Step, namespace: str) -> Iterator[Finding]:
    """Find runtimes for which KServe sets no defaults of a server from this step on."""
    before, after = (list(lost_defaults(scene)) for scene in _scenes(step, namespace))
    known = {ref for one in before for ref in one.objects}
    yield from (one for one in after if not known.issuperset(one.objects))


def _scenes(step: Step, namespace: str) -> Iterator[Scene]:
    for snapshot, world in zip(step.snapshots, step.worlds, strict=True):
        assert snapshot.release is not None
        yield Scene(snapshot, world, snapshot.release, namespace)


def _other_mode(step: Step, namespace: str) -> Iterator[Finding]:
    """Find services whose Deployments nobody maintains any more: their status has an old word."""
    before, after = (_modes(world) for world in step.worlds)
    refs = (ref for ref in step.worlds[0].services if namespace in ("", ref.namespace))
    moved = ((before(ref), after(ref), ref) for ref in refs)
    lost = [ref for old, new, ref in moved if (old, new) == (terms.STANDARD, terms.KNATIVE)]
    if lost:
        text = f"KServe {step.target} takes {terms.RAW_DEPLOYMENT} in their status for Knative"
        yield finding(codes.STALE_MODE, text, _MODE, lost)


def _modes(world: World) -> Callable[[ObjectRef], str]:
    """Return what tells the mode of a service: the same for all that are alike."""
    config, services = world.config, world.services
    known = {one.number: mode_of(one.service, config.mode, world.rules) for one in services.shapes}
    return lambda ref: known[services.shape(ref).number]


_MODE = (
    "right after this step: kubectl patch inferenceservice -n NAMESPACE NAME --subresource=status "
    f'--type=merge -p \'{{"status":{{"deploymentMode":"{terms.STANDARD}"}}}}\', which rolls them '
    "out; on 0.16 the annotation needs the new word, too"
)
