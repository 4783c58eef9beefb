"""Going the way: upgrade, have everybody reconciled, let people make and set what they do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.upgrades.field import Field
from tests.upgrades.images import Images
from tests.upgrades.walk import Step

Hook = Callable[[Field, Step], None]


@dataclass(frozen=True)
class Passed:
    """One step as it went: what everybody ran before it, after it, and when people were done."""

    origin: str
    release: str
    before: Images
    after: Images


def nothing(_field: Field, _step: Step) -> None:
    """Do nothing: an upgrade without kmigrate."""


def walk(
    field: Field, way: Iterable[Step], before: Hook = nothing, after: Hook = nothing
) -> Iterator[Passed]:
    """Go the way on a cluster that has the first release; yield each step once it is passed.

    ``before`` is called before each upgrade, ``after`` once everybody was reconciled after it;
    then people make and set what they do under that release.
    """
    first, *steps = way
    field.people(first)
    for origin, step in zip([first, *steps], steps, strict=False):
        was = field.settle()
        before(field, step)
        field.upgrade(step.release)
        passed = Passed(origin.release, step.release, was, field.settle())
        after(field, step)
        yield passed
        field.people(step)
