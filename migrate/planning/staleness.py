"""Telling whether the configuration is still the one that a plan was made for."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.errors import StaleError
from migrate.kserve.predictors import decode
from migrate.kserve.releases import parse_release, rules_for
from migrate.objects import Manifest, sha256, value_at
from migrate.planning.images import image_rows
from migrate.planning.in_place import text_of
from migrate.planning.plan import Plan


def refuse_stale(plan: Plan, config: Manifest) -> None:
    """Raise StaleError, with the difference, where a sealed field is not what it was.

    A restart makes everybody follow the whole of `predictors`, so an edit of another leaf
    makes the forecast wrong as well. Other keys of the ConfigMap do not matter.
    """
    for seal in plan.seals:
        if sha256(str(value_at(config, seal.path))) != seal.before:
            raise StaleError(
                f"{seal.target} {seal.path}: somebody changed it since the plan was made:\n"
                + "\n".join(_difference(plan, config)),
                "plan again: kmigrate plan",
            )


def _difference(plan: Plan, config: Manifest) -> Iterator[str]:
    from deepdiff import DeepDiff  # noqa: PLC0415 -- slow to import, and seldom needed

    release = parse_release(plan.release)
    rules = rules_for(release)
    assert rules is not None
    rows = image_rows(decode(text_of(config), rules), release, {})
    planned = {row.entry: row.image for row in plan.images}
    found = {row.entry: row.image for row in rows}
    told = DeepDiff(planned, found, verbose_level=2).pretty()
    yield from (f"  {line}" for line in told.splitlines())
    if not told:
        yield "  the images are the same; something else in it was edited"
