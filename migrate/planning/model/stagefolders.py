"""Folders that keep the order of a plan in what is written for Git."""

from __future__ import annotations

from migrate.objects import ObjectRef
from migrate.planning.model.plan import Plan


def stage_folders(plan: Plan) -> dict[ObjectRef, str]:
    """Return the folder of each object where some are to be there before others are written."""
    writing = [stage for stage in plan.apply if stage.operations]
    if not plan.makes_runtimes or len(writing) == 1:
        return {}
    # kubectl goes through folders by their names: 02 comes before 10, and 2 does not.
    digits = len(str(len(writing)))
    return {
        plan.operations[at].target: f"{number:0{digits}}/"
        for number, stage in enumerate(writing, 1)
        for at in stage.operations
    }
