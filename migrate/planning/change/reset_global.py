"""The global setting back to what the installed distribution ships, or to what is given."""

from __future__ import annotations

from dataclasses import replace

from migrate.planning.change.checks_reset import doubtful
from migrate.planning.change.in_place import course_of, edits_with
from migrate.planning.model.desired import Options
from migrate.planning.model.targets import targets_of
from migrate.planning.model.wanted import understand
from migrate.planning.stock.reset import reset_of
from migrate.planning.world.course import Course
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot


def reset_global(snapshot: Snapshot, now: World, options: Options) -> Course:
    """Return the course that sets it back. Raise UsageError or BlockedError."""
    given = understand(options.images, now.rules)
    targets = targets_of(options.images, now.config)
    reset = reset_of(snapshot, now.predictors, given, targets)
    edits = edits_with(snapshot, now, reset.edits, reset.wanted)
    course = course_of(snapshot, now, options, edits)
    return replace(course, findings=tuple(doubtful(reset.doubts)))
