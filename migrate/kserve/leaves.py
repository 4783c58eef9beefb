"""Where in the text of ``predictors`` an image is set, and how to set another one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from migrate.kserve import terms
from migrate.kserve.image import ImageRef
from migrate.kserve.predictors import PROTOCOLS, Path, Predictors, pointer_to
from migrate.kserve.problems import unfit
from migrate.kserve.rules import Rules


class TargetError(ValueError):
    """A release does not read what should be set, or cannot hold it; the message says why."""


class Leaf(msgspec.Struct, frozen=True):
    """A string in ``predictors``: where it is, or where it would be.

    ``pointer`` uses the keys found in the text as far as it has them, then KServe's own.
    ``value`` is what the release reads there now, "" where there is nothing. ``path`` is
    the same place under KServe's own names.
    """

    pointer: str
    present: bool
    value: str
    path: tuple[str, ...]


def leaf_pointers(
    predictors: Predictors, format_: str, protocol: str = "", *, gpu: bool = False
) -> tuple[Leaf, Leaf]:
    """Return the two leaves of ``FORMAT[/v1|/v2][/gpu]``: of the image and of its version.

    The version's leaf is ``defaultGpuImageVersion`` for ``gpu``, else
    ``defaultImageVersion``. Where 0.8 or 0.9 find pytorch nested, the leaves are those
    that these releases do read: beside ``v1`` and ``v2``.

    Raise TargetError where the release reads no such entry.
    """
    check_target(predictors.rules, format_, protocol, gpu=gpu)
    entry = (format_, protocol) if protocol else (format_,)
    version = terms.GPU_VERSION if gpu else terms.VERSION
    return _leaf(predictors, (*entry, terms.IMAGE)), _leaf(predictors, (*entry, version))


def check_target(rules: Rules, format_: str, protocol: str = "", *, gpu: bool = False) -> None:
    """Raise TargetError where this release reads no such entry of ``predictors``."""
    who = f"KServe {rules.name}"
    if not rules.predictors_read:
        raise TargetError(rules.instead)
    if format_ not in terms.FORMATS:
        raise TargetError(f"{who} has no predictors entry {format_!r}")
    if format_ in rules.nested and protocol not in PROTOCOLS:
        raise TargetError(f"{who} has two images for {format_}: say {format_}/v1 or {format_}/v2")
    if format_ not in rules.nested and protocol:
        raise TargetError(f"{who} has one image for {format_}: say {format_}, without {protocol}")
    if gpu and format_ not in terms.GPU_FORMATS:
        raise TargetError(f"{who} knows no image for GPUs for {format_}")


def settings(
    predictors: Predictors, format_: str, protocol: str, image: ImageRef, *, gpu: bool = False
) -> tuple[tuple[Leaf, str], ...]:
    """Return the leaves that must change for this image, each with its new value.

    Raise TargetError as ``leaf_pointers`` does, and for an image without a tag or with a
    digest: KServe joins repository and version with a colon, whatever they are.
    """
    leaves = leaf_pointers(predictors, format_, protocol, gpu=gpu)
    if image.digest or not image.tag:
        raise TargetError(f"{image}: expected REPOSITORY:TAG, {unfit(str(image)) or 'no tag'}")
    wanted = zip(leaves, (image.repository, image.tag), strict=True)
    return tuple((leaf, value) for leaf, value in wanted if leaf.value != value)


def fold_edits(
    predictors: Predictors, changes: Iterable[tuple[Leaf, str]]
) -> dict[str, str | dict[str, Any]]:
    """Return the new JSON value for each pointer, such that the parents of all are there.

    A leaf whose parent is there stands for itself. Missing parents, and those that are
    null, are made: one object for all leaves below the same one.
    """
    edits: dict[str, Any] = {}
    for leaf, value in changes:
        depth = _depth(predictors, leaf.path)
        at = pointer_to(predictors.found, leaf.path[:depth])
        if depth == len(leaf.path):
            edits[at] = value
        else:
            _put(edits.setdefault(at, {}), leaf.path[depth:], value)
    return edits


def _leaf(predictors: Predictors, path: Path) -> Leaf:
    entry = predictors.entry(path[0], "".join(path[1:-1]))
    value = "" if entry is None else entry.setting(path[-1])
    return Leaf(pointer_to(predictors.found, path), path in predictors.found, value, path)


def _depth(predictors: Predictors, path: Path) -> int:
    """Return how much of the path stands in an object that is there."""
    for depth in range(len(path), 0, -1):
        parent = predictors.found.get(path[: depth - 1])
        if parent is not None and parent.is_object:
            return depth
    return 0


def _put(holder: dict[str, Any], path: Path, value: str) -> None:
    *parents, last = path
    for name in parents:
        holder = holder.setdefault(name, {})
    holder[last] = value
