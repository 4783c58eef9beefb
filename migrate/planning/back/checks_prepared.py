"""What a rollback takes of a run that held images across an upgrade, once that is through. Pure.

Before the upgrade the services go back to the setting that they had their images from. The upgrade
has replaced it, so what the run made is all that gives them these images.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby

from migrate.kserve import terms
from migrate.objects import ObjectRef
from migrate.planning.model import codes
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding, Forecast, Plan
from migrate.planning.model.strategy import Strategy
from migrate.planning.world.closure import settled
from migrate.planning.world.forecast import World


def losing(plan: Plan, now: World, rows: Iterable[Forecast]) -> dict[ObjectRef, str]:
    """Return who has an image by the run, and loses it by the rollback, with that image.

    ``now`` is the cluster of another release than the run's, ``rows`` tell where the rollback
    leads. What is taken back already is not lost once more.
    """
    if plan.options.strategy is not Strategy.HOLD:
        return {}
    images = {row.service: settled(now, row.service).image for row in rows}
    after = {row.service: row.after_plan for row in rows}
    return {
        ref: image for ref, image in images.items() if image and after[ref] not in (None, image)
    }


def lost_findings(
    plan: Plan, release: str, lost: Mapping[ObjectRef, str], rows: Iterable[Forecast]
) -> Iterator[Finding]:
    """Tell who loses which image, what each gets in its place, and what to type instead."""
    mine = [row for row in rows if row.service in lost]
    by_runtime: dict[ObjectRef | None, set[str]] = {}
    for row in mine:
        by_runtime.setdefault(row.runtime_after_plan, set()).add(lost[row.service])

    def told(row: Forecast) -> tuple[str, str]:
        text = (
            f"they run {lost[row.service]} by what the run made for the upgrade to KServe "
            f"{plan.options.target}; taken back under {release}, they get "
            f"{row.after_plan or 'no image'}"
        )
        return text, _way(row.runtime_after_plan, by_runtime[row.runtime_after_plan])

    for (text, fix), alike in groupby(sorted(mine, key=told), key=told):
        yield finding(codes.HELD_NO_MORE, text, fix, [row.service for row in alike])


def _way(runtime: ObjectRef | None, images: Collection[str]) -> str:
    """Return what to do: nothing, or first to set the one image where the services go back to."""
    stay = "leave the run as it is"
    if runtime is None or runtime.kind != terms.CLUSTER_RUNTIME or len(images) > 1:
        return stay
    [image] = images
    return f"{stay}; or kmigrate apply --set runtime/{runtime.name}={image}, then this again"
