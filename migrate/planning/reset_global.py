"""The global setting back to what the installed distribution ships, or to what is given."""

from __future__ import annotations

from dataclasses import replace

from migrate.planning.checks_reset import doubtful
from migrate.planning.course import Course
from migrate.planning.desired import Options
from migrate.planning.forecast import World
from migrate.planning.in_place import course_of, edits_with
from migrate.planning.reset import reset_of
from migrate.planning.snapshot import Snapshot
from migrate.planning.targets import targets_of
from migrate.planning.wanted import understand


def reset_global(snapshot: Snapshot, now: World, options: Options) -> Course:
    """Return the course that sets it back. Raise UsageError or BlockedError."""
    given = understand(options.images, now.rules)
    targets = targets_of(options.images, now.config)
    reset = reset_of(snapshot, now.predictors, given, targets)
    edits = edits_with(snapshot, now, reset.edits, reset.wanted)
    course = course_of(snapshot, now, options, edits)
    return replace(course, findings=tuple(doubtful(reset.doubts)))
