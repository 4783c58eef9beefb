"""Telling whether the configuration is still the one that a plan was made for."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.errors import StaleError
from migrate.kserve.predictors import decode
from migrate.kserve.releases import parse_release
from migrate.kserve.table import rules_for
from migrate.objects import Manifest, sha256, value_at
from migrate.planning.images import image_rows
from migrate.planning.in_place import text_of
from migrate.planning.plan import MOVING, Plan


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


def refuse_surprises(planned: Plan, fresh: Plan) -> None:
    """Raise StaleError where the same options would do more now than was planned.

    ``fresh`` is the plan made anew. Services that have gone, or moved by themselves to where
    the plan leads, are no surprise; those that came, or follow another pin, are.
    """
    known = _moves(planned)
    new = {name: image for name, image in _moves(fresh).items() if known.get(name) != image}
    targets = {operation.target for operation in planned.operations}
    extra = [str(op.target) for op in fresh.operations if op.target not in targets]
    lines = [f"  {name} would get {image}" for name, image in sorted(new.items())]
    lines += [f"  {target} would be written" for target in extra]
    lines += [f"  {finding.code}: {finding.text}" for finding in fresh.blocking]
    if lines:
        raise StaleError(
            "the plan does not say all that would happen now:\n" + "\n".join(lines),
            "plan again: kmigrate plan",
        )


def _moves(plan: Plan) -> dict[str, str | None]:
    rows = (row for row in plan.forecast if row.outlook in MOVING)
    return {str(row.service): row.after_plan for row in rows}


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
