"""What somebody else changed, in the same words wherever a plan is refused because of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

import msgspec
from msgspec import UNSET

from migrate.errors import StaleError
from migrate.objects import Json, Manifest, ObjectRef, canonical, parts_of, pointer, sha256
from migrate.operations.fieldmanagers import Writer, writer_of

SHOWN = 20
"""How many differences an error names."""
AGAIN = "read the difference, then plan again: kmigrate plan"
NONE = "(none)"
OTHER_LAYOUT = ("as it was laid out", "the same values, laid out in another way")
HIDDEN = frozenset(("env", "args", "command"))


class Place(msgspec.Struct, frozen=True, rename="camel"):
    """A field by its JSON Pointer, and who last wrote it, where that can be told."""

    target: ObjectRef
    path: str
    writer: Writer | None = None


class Difference(msgspec.Struct, frozen=True, rename="camel"):
    """A thing that is not as it was when the plan was made, or compared.

    ``where`` names the field, and what in it, as people read it; ``planned`` and ``found`` are
    the values as text; ``why`` tells why it matters. ``places`` are the fields that decide about
    it: one of them was written.
    """

    target: ObjectRef
    where: str
    planned: str
    found: str
    why: str = ""
    places: tuple[Place, ...] = ()


Look = Callable[[ObjectRef], Manifest | None]
"""Returns an object as it is, None where there is none or it may not be read."""


def signed(found: Sequence[Difference], look: Look) -> tuple[Difference, ...]:
    """Return the differences with who wrote those that are shown."""
    shown = [
        msgspec.structs.replace(one, places=tuple(_signed(place, look) for place in one.places))
        for one in found[:SHOWN]
    ]
    return (*shown, *found[SHOWN:])


def _signed(place: Place, look: Look) -> Place:
    manifest = look(place.target)
    if manifest is None:
        return place
    return msgspec.structs.replace(place, writer=writer_of(manifest, place.path))


def refusal(found: Sequence[Difference]) -> StaleError:
    """Return the error that tells the differences."""
    lines = [line for one in found[:SHOWN] for line in difference_lines(one)]
    if len(found) > SHOWN:
        lines.append(f"  and {len(found) - SHOWN} more")
    return StaleError(
        "the cluster has changed since the plan was made:\n" + "\n".join(lines), AGAIN
    )


def difference_lines(one: Difference) -> Iterator[str]:
    """Yield the object, the field, what was planned from, what is found, by whom, and why."""
    yield f"  {one.target}"
    if one.where:
        yield f"    {one.where}"
    yield f"    - {one.planned}    (planned from)"
    yield f"    + {one.found}    (found)"
    for place in one.places:
        if place.writer is not None:
            of = "" if place.target == one.target else f"{place.target} "
            yield f"    {of}{place.path} last written by {place.writer}"
    if one.why:
        yield f"    matters: {one.why}"


def leaves_of(value: Json) -> dict[str, str]:
    """Return the JSON text of each leaf of a value, by its pointer.

    A text that holds a JSON document is looked into. Of variables, arguments and commands there
    is a digest alone: they may hold credentials.
    """
    return {path: _kept(path, leaf) for path, leaf in _leaves(_parsed(value))}


def field_differences(
    place: Place, before: Mapping[str, str], found: Json, why: str
) -> Iterator[Difference]:
    """Yield what differs in a field; ``before`` are the leaves of its former value.

    To be called for one that differs: by no leaf, where it is laid out in another way.
    """
    leaves = list(_changed_leaves(before, leaves_of(found)))
    for within, was, now in leaves:
        where = f"{place.path} {within}".rstrip()
        yield Difference(place.target, where, was, now, why, (place,))
    if not leaves:
        yield Difference(place.target, place.path, *OTHER_LAYOUT, why, (place,))


def _changed_leaves(
    before: Mapping[str, str], after: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """Yield pointer, former and present text of each leaf that differs."""
    for path in dict.fromkeys((*before, *after)):
        was, now = before.get(path, NONE), after.get(path, NONE)
        if was != now:
            yield path, shown_leaf(was), shown_leaf(now)


def _kept(path: str, leaf: Json) -> str:
    text = canonical(leaf).decode()
    return sha256(text) if HIDDEN.intersection(parts_of(path)) else text


def shown_leaf(text: str) -> str:
    """Return the text of a leaf as people read it; of a digest its beginning."""
    return f"(not shown, {text[:15]})" if text.startswith("sha256:") else text


def _parsed(value: Json) -> Json:
    if isinstance(value, str):
        with suppress(ValueError, RecursionError):
            return json.loads(value)
    return value


def _leaves(value: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, path + pointer(key))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}/{index}")
    elif value is not UNSET:
        yield path, value
