"""What is found about former images: who gets them back, who does not, and by what it is told."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import UNSET

from migrate.kserve.image import has_name
from migrate.objects import ObjectRef, count
from migrate.planning.former.former import Former, FormerService, Way
from migrate.planning.former.inferring import is_shipped, repository_of
from migrate.planning.model import codes
from migrate.planning.model.findings import as_warning, finding
from migrate.planning.model.plan import Finding, Forecast, Outlook, Plan
from migrate.planning.stock.reach import bare
from migrate.planning.world.snapshot import Snapshot

_OTHERWISE = "what is wanted in its place comes after this: kmigrate plan --set NAME=IMAGE"
_NARROWER = "--to-runtimes reaches no namespace but those that need it"
_OWN_IMAGE = f"give them an image of their own; or --accept {codes.NEVER_RAN} moves them, too"
CONVERT = "--to-runtimes --convert has them written, and so does any write to them"


class Lot(NamedTuple):
    """A service then and now; ``why`` says why it does not get its former image, if so."""

    was: FormerService
    row: Forecast
    why: str


def findings_of(
    former: Former,
    ways: Sequence[Way],
    made: Plan,
    snapshot: Snapshot,
    lots: Mapping[ObjectRef, Lot],
) -> list[Finding]:
    """Return all that is found, the sources first."""
    without = _without_image(made, snapshot)
    return [
        *_sources(former, made),
        *_ways(ways, without),
        *_until_written(without),
        *_kept_off(lots.values(), without),
        *_moved(former, lots.values()),
        *_never_ran(lots.values(), made),
        *_gone(former, made, snapshot),
        *_other_edits(former),
    ]


def _without_image(made: Plan, snapshot: Snapshot) -> Sequence[ObjectRef]:
    """Return who has no image until it is written, also of those of whom no source tells."""
    if snapshot.rules is None or snapshot.rules.predictors_read:
        return ()
    rows = (row for row in made.forecast if row.outlook is Outlook.BROKEN and not row.outside)
    return [r.service for r in rows if r.form.startswith("framework") and not r.after_plan]


def _until_written(services: Sequence[ObjectRef]) -> Iterator[Finding]:
    if services:
        text = "KServe gives them no image until they are written"
        yield finding(codes.NO_IMAGE_UNTIL_WRITTEN, text, CONVERT, services)


def _sources(former: Former, made: Plan) -> Iterator[Finding]:
    told = "; ".join(map(str, former.sources)) or "nothing"
    rows = [row for row in made.forecast if row.former is not UNSET]
    back = sum(row.former == row.after_plan for row in rows)
    text = f"{back:,} of {count(len(rows), 'service')} with an image that was set run it after this"
    text = text if rows else "of no service is known that it ran an image that was set"
    yield finding(codes.FORMER_SOURCES, f"{text}; told by: {told}")
    for doubt in former.doubts:
        yield finding(codes.AMBIGUOUS, doubt, _OTHERWISE)
    for gap in former.gaps:
        yield finding(codes.FORMER_GAP, gap)
    if former.cluster_uid != made.cluster_uid:
        what = "is of another cluster" if former.cluster_uid else "does not tell its cluster"
        yield finding(codes.OTHER_CLUSTER, f"the backup {what}: see that it is the right one")


def _ways(ways: Iterable[Way], without: Collection[ObjectRef]) -> Iterator[Finding]:
    for way in ways:
        was, where = way.former, f"{way.former.entry} was {way.former.told}"
        is_now = f", is {way.now or '(none)'}" if way.now != was.image else ""
        if way.wishes:
            wishes = ", ".join(dict.fromkeys(map(str, way.wishes)))
            reached = [ref for ref in way.services if ref not in without]
            late = len(way.services) - len(reached)
            until = f", for {count(late, 'service')} once written" if late else ""
            text = f"{where}{is_now}: it comes back as {wishes}{until}; told by {was.source}"
            yield finding(codes.LOST, text, objects=reached)
        if way.why:
            part = "in part " if way.wishes else ""
            text = f"{where}{is_now}: it does not come back {part}since {way.why}"
            yield finding(codes.NOT_BACK, text, _OTHERWISE, way.services)
        if was.inferred:
            services = count(was.inferred, "service")
            text = f"{where}: inferred from {services} that ran it, no source tells it"
            yield finding(codes.INFERRED, text, "compare with what you know before you apply")


def _kept_off(lots: Iterable[Lot], without: Collection[ObjectRef]) -> Iterator[Finding]:
    """Tell who does not get its image back, by the reason."""
    groups: dict[str, list[ObjectRef]] = {}
    for was, row, why in lots:
        if row.former is not UNSET and why and row.service not in without:
            text = f"they ran {was.image}, and get {row.after_plan or 'none'}: {why}"
            groups.setdefault(text, []).append(row.service)
    for text, services in sorted(groups.items()):
        yield finding(codes.KEEPS_OTHER, text, "", services)


def why_not(was: FormerService, row: Forecast, way: Way | None, made: Plan) -> str:
    """Say why a service does not get its former image; empty where it does."""
    if row.after_plan == was.image:
        return ""
    if row.outlook not in (Outlook.BROKEN, Outlook.NOT_AFFECTED, Outlook.CANNOT_TELL):
        if way is not None and way.why and not way.wishes:
            return way.why
        return next(_reasons(was, row, made), row.reason)
    return row.reason


def _reasons(was: FormerService, row: Forecast, made: Plan) -> Iterator[str]:
    after, runtime = row.after_plan or "", row.runtime_after_plan
    if after == was.due:
        yield "that was set then as well, and had not reached them"
    if bare(after) == bare(was.image):
        yield "it asks for a GPU, or asked for one"
    if after.rpartition(":")[0] == was.image.rpartition(":")[0]:
        yield f"another tag, {row.reason}"
    if runtime is None and not made.options.convert:
        yield f"it is in the framework form: {row.reason}"
    if runtime is not None and runtime.namespace and runtime not in _made(made):
        yield f"{runtime} decides about it"
    if was.entry.startswith("runtime/") and runtime and f"runtime/{runtime.name}" != was.entry:
        yield f"{runtime} decides about it, and {was.entry} did"


def _made(made: Plan) -> set[ObjectRef]:
    return {operation.target for operation in made.operations}


def _moved(former: Former, lots: Collection[Lot]) -> Iterator[Finding]:
    """Tell who followed what is shipped, and has what the release ships now.

    Who ran what no release ships, and no source tells why, may lose what somebody set.
    """
    every = {was.image for was, _, _ in lots}
    own = {image for image in every if not is_shipped([repository_of(image)])}
    groups: dict[tuple[str, str, bool], list[ObjectRef]] = {}
    for was, row, _ in lots:
        after = row.after_plan or ""
        is_still = row.after_reconcile == row.after_plan
        is_told = row.former is not UNSET or row.outlook is Outlook.BROKEN
        if was.entry and after not in ("", was.image) and is_still and not is_told:
            is_untold = was.image in own and was.entry not in former.by_entry
            groups.setdefault((was.image, after, is_untold), []).append(row.service)
    for (before, after, is_untold), services in sorted(groups.items()):
        if is_untold:
            text = f"they ran {before}, and get {after}: no source tells what was set"
            yield finding(codes.KEEPS_OTHER, text, "--set says which one is wanted", services)
        else:
            text = f"no image was set for them, and the release ships {after} in place of {before}"
            yield finding(codes.MOVED_STOCK, text, "--with-stock brings that back, too", services)


def _never_ran(lots: Iterable[Lot], made: Plan) -> Iterator[Finding]:
    """Find who would get an image that it did not run before, by a wish for others."""
    groups: dict[tuple[str, str], list[ObjectRef]] = {}
    for was, row, _ in lots:
        is_moved = row.after_plan != row.after_reconcile
        is_other = has_name(was.image) and row.after_plan not in (None, "", was.image)
        if row.former is UNSET and is_moved and is_other:
            groups.setdefault((was.image, row.after_plan or ""), []).append(row.service)
    for (before, after), services in sorted(groups.items()):
        text = f"they ran {before}, and would get {after}, which others had, for the same runtime"
        fix = _OWN_IMAGE if made.makes_runtimes else f"{_NARROWER}; or {_OWN_IMAGE}"
        yield finding(codes.NEVER_RAN, text, fix, services)


def _gone(former: Former, made: Plan, snapshot: Snapshot) -> Iterator[Finding]:
    known = former.by_service
    gone = [ref for ref, one in known.items() if ref not in snapshot.services and one.is_set]
    if gone:
        yield finding(codes.GONE_OR_NEW, "they ran an image that was set, and are gone", "", gone)
    again = [ref for ref, one in known.items() if _is_another(ref, one, snapshot)]
    if again:
        text = "they were deleted since and made anew under the same name"
        yield finding(codes.GONE_OR_NEW, text, "", again)
    new = [
        row.service
        for row in made.forecast
        if row.service not in known and row.after_plan != row.after_reconcile
    ]
    if new:
        text = "they came since, or what they ran is not known, and get another image by this"
        told = finding(codes.GONE_OR_NEW, text, "--exclude NAMESPACE/NAME leaves them out", new)
        yield told if known else as_warning(told)


def _other_edits(former: Former) -> Iterator[Finding]:
    """Tell what else of a runtime was edited: no wish can say that, set an image or not."""
    for was in former.images:
        if was.others:
            text = f"{was.entry}: further edits of it do not come back: {', '.join(was.others)}"
            yield finding(codes.NOT_BACK, text, f"kubectl edit clusterservingruntime {was.runtime}")


def _is_another(ref: ObjectRef, one: FormerService, snapshot: Snapshot) -> bool:
    found = snapshot.services.uid(ref) if ref in snapshot.services else ""
    return bool(one.uid and found and one.uid != found)
