"""What differs between two pods of a service beside the image, and by which field to tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

import msgspec

from migrate.kserve.building import Pod
from migrate.objects import Json, Manifest, pointer


class Difference(msgspec.Struct, frozen=True):
    """A variable or flags that differ: ``what`` says it in words, as ``env PREDICT_PROBA``.

    Below the container, the field at ``path`` has ``value`` in the later pod, and another one
    in the former; None means that it is not there.
    """

    what: str
    path: str
    value: Json


def differences(before: Pod | None, after: Pod | None) -> tuple[Difference, ...]:
    """Return how the model's container of the later pod differs in its variables and flags.

    The fields that tell are such as the API server leaves alone: texts, no objects, since
    those get defaults.
    """
    if before is None or after is None or before is after:
        return ()
    former, later = before.container, after.container
    env = _env(former.get("env") or (), later.get("env") or ())
    return (*env, *_args(former.get("args") or (), later.get("args") or ()))


def _env(before: Sequence[Manifest], after: Sequence[Manifest]) -> Iterator[Difference]:
    if before == after:
        return
    former, later = _first(before), _first(after)
    for name in sorted(former.keys() | later.keys()):
        leaf = _telling(former.get(name, {}), later.get(name, {}))
        if leaf is not None:
            yield Difference(f"env {name}", pointer("env", f"name={name}") + leaf[0], leaf[1])


def _first(env: Sequence[Manifest]) -> dict[str, Manifest]:
    """Return the variables by name: of two alike the first, as a path finds them."""
    return {str(item.get("name")): item for item in reversed(env)}


def _telling(before: Manifest, after: Manifest) -> tuple[str, Json] | None:
    old, new = (dict(_leaves(item)) for item in (before, after))
    told = [(path, value) for path, value in new.items() if old.get(path) != value]
    gone = [(path, None) for path in old if path not in new]
    # A value says more than that the variable has a name.
    return min((*told, *gone), key=lambda leaf: (leaf[1] is None, leaf[0] == "/name"), default=None)


def _leaves(value: Mapping[str, Json], at: str = "") -> Iterator[tuple[str, Json]]:
    for key, item in value.items():
        if isinstance(item, Mapping):
            yield from _leaves(item, at + pointer(key))
        elif item not in ("", None) and key != "apiVersion":  # the API server writes that itself
            yield at + pointer(key), item


def _args(before: Sequence[str], after: Sequence[str]) -> Iterator[Difference]:
    if before == after:
        return
    pairs = list(zip_longest(before, after))
    at = next(index for index, (old, new) in enumerate(pairs) if old != new)
    changed = [*(set(before) ^ set(after))]
    flags = sorted({arg.partition("=")[0] for arg in changed if arg.startswith("-")})
    path, value = pointer("args", str(at)), pairs[at][1]
    yield Difference(f"args {', '.join(flags)}".strip(), path, value)
