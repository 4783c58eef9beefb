"""What is found about KServe itself: its release, its controller, and what it ships."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.planning.check.checks_mixed import doubled, mixed
from migrate.planning.model import codes
from migrate.planning.model.desired import Options
from migrate.planning.model.findings import as_warning, finding
from migrate.planning.model.plan import Finding
from migrate.planning.world.case import Case
from migrate.planning.world.snapshot import Snapshot


def unknown_release(snapshot: Snapshot, options: Options) -> Finding:
    """Return the finding for a release that is not known: nothing can be planned for it.

    Who only looks is told; who wants a change is refused.
    """
    found = str(snapshot.release or "no tag that names a release")
    says = f"the controller's image says {found}"
    if not snapshot.controllers and snapshot.release is None:
        says = f"in namespace {snapshot.namespace} no controller runs whose image would tell"
    text = f"the release of KServe is not known: {says}"
    told = finding(codes.UNKNOWN_RELEASE, text, "give --kserve-version X.Y.Z")
    return told if options.asks else as_warning(told)


def release(case: Case, options: Options) -> Iterator[Finding]:
    """Find a release that is only guessed."""
    found = uncertain(case.snapshot)
    if found is not None:
        yield found if options.asks else as_warning(found)


def uncertain(snapshot: Snapshot) -> Finding | None:
    """Return the finding for a release that is only guessed: an error; None where it is told."""
    if not snapshot.doubts:
        return None
    text = f"KServe {snapshot.release} is not certain: {'; '.join(snapshot.doubts)}"
    return finding(codes.UNCERTAIN_RELEASE, text, "give --kserve-version X.Y.Z")


def controller(case: Case, options: Options) -> Iterator[Finding]:
    """Find that no controller runs that would act on a change."""
    if options.asks and not case.snapshot.controllers:
        text = f"expected one running controller in {case.snapshot.namespace}, found none"
        fix = "scale it up, or name its namespace: --kserve-namespace NS"
        yield finding(codes.NO_CONTROLLER, text, fix)


def not_of_one_release(case: Case, options: Options) -> Iterator[Finding]:
    """Find two controllers, and what is not of the release that runs: see checks_mixed."""
    for found in (*doubled(case.snapshot), *mixed(case.snapshot)):
        yield found if options.asks else as_warning(found)


def unfit(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield what speaks against a write to this cluster, whatever is written."""
    found = uncertain(snapshot)
    yield from (found,) if found else ()
    yield from doubled(snapshot)
    yield from mixed(snapshot)


def no_runtimes(case: Case, _options: Options) -> Iterator[Finding]:
    """Find that what the release ships is missing."""
    needs_them = case.rules.knows_model and not case.rules.predictors_read
    if needs_them and case.rows and not case.snapshot.runtimes.of(""):
        text = f"there is no ClusterServingRuntime, and KServe {case.rules.name} ships some"
        fix = "of a snapshot: kubectl get -o yaml clusterservingruntimes is missing in it"
        yield finding(codes.NO_CLUSTER_RUNTIMES, text, fix)
