"""In which fields the pods that a service gets on one runtime are not those it gets on another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from migrate.kserve.building import Pod
from migrate.kserve.resolution import Resolution
from migrate.objects import Json, Manifest


def differing(expected: Resolution, found: Resolution) -> tuple[str, ...]:
    """Return the fields in words, as ``env MLSERVER_MODEL_NAME`` and ``label modelClass``.

    None of them means that no pod is another one, nor the protocol by which the model is asked.
    """
    if found.pod is None or expected.pod is None:
        return () if found.pod is expected.pod else (found.reason,)
    return tuple(_fields(expected, found, expected.pod, found.pod))


def _fields(expected: Resolution, found: Resolution, before: Pod, after: Pod) -> Iterator[str]:
    if expected.image != found.image:
        yield "image"
    nothing: Manifest = {}
    for old, new in zip_longest(before.containers, after.containers, fillvalue=nothing):
        yield from _container(old, new)
    yield from (f"label {key}" for key in _keys(before.labels, after.labels))
    yield from (f"annotation {key}" for key in _keys(before.annotations, after.annotations))
    yield from _keys(before.fields, after.fields)
    if expected.workers != found.workers:
        yield "workers"
    if _protocol(expected) != _protocol(found):
        yield "protocolVersion"


def _container(before: Manifest, after: Manifest) -> Iterator[str]:
    for key in _keys(before, after):
        if key != "env":
            yield key
            continue
        env = [_named(one.get("env") or ()) for one in (before, after)]
        names = _keys(*env)
        yield from (f"env {name}" for name in names) if names else ("the order of env",)


def _named(env: Sequence[Manifest]) -> dict[str, Json]:
    return {str(item.get("name")): item for item in env}


def _keys(before: Mapping[str, Json], after: Mapping[str, Json]) -> list[str]:
    both = sorted(before.keys() | after.keys())
    return [key for key in both if key != "image" and before.get(key) != after.get(key)]


def _protocol(found: Resolution) -> str | None:
    model = found.held.spec.predictor.model if found.held else None
    return model.protocol_version if model else None
