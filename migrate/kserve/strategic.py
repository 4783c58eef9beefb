"""Laying one object over another as Kubernetes and Go do it.

``merge`` is a strategic merge patch without directives, as KServe applies it to containers
and pods (``k8s.io/apimachinery/pkg/util/strategicpatch/patch.go``, the same from 0.19 to
0.34): objects merge, lists with a merge key merge item by item, other lists are replaced.
``decode_over`` is ``json.Unmarshal`` into a struct that holds values already (KServe 0.8).
Neither changes what it is given.
"""

from __future__ import annotations

from typing import Any

from migrate.objects import Json

MERGE_KEYS = {
    "ports": "containerPort",
    "env": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "volumes": "name",
    "imagePullSecrets": "name",
}
"""Lists that merge, and by which key: the ``patchMergeKey`` tags of ``core/v1``."""

Items = list[dict[str, Any]]


class MergeError(Exception):
    """An item of a list has not the key by which it merges; the message says which."""


def merge(base: Json, patch: Json) -> Json:
    """Return ``base`` with ``patch`` laid over it."""
    if not isinstance(base, dict) or not isinstance(patch, dict):
        return patch
    merged = dict(base)
    for key, value in patch.items():
        merged[key] = _member(key, merged[key], value) if key in merged else value
    return merged


def _member(key: str, base: Json, patch: Json) -> Json:
    if key in MERGE_KEYS and isinstance(base, list) and isinstance(patch, list):
        return _merge_items(base, patch, MERGE_KEYS[key])
    return merge(base, patch)


def _merge_items(base: Items, patch: Items, by: str) -> Items:
    """Merge item by item; the order is that of the patch, with the rest woven in.

    ``mergeSliceWithoutSpecialElements`` and ``normalizeElementOrder``. An item that is there
    twice is found at its first place only.
    """
    if any(by not in item for item in (*base, *patch)):
        raise MergeError(f"an item has no {by}")
    merged = list(base)
    for item in patch:
        at = _index(merged, item[by], by)
        if at < 0:
            merged.append(item)
        else:
            merged[at] = merge(merged[at], item)
    named = {item[by] for item in patch}
    ours = _sorted([item for item in merged if item[by] in named], patch, by)
    others = _sorted([item for item in merged if item[by] not in named], base, by)
    return _woven(others, ours, base, by)


def _sorted(items: Items, order: Items, by: str) -> Items:
    return sorted(items, key=lambda item: _index(order, item[by], by))


def _woven(others: Items, ours: Items, base: Items, by: str) -> Items:
    """Merge two ordered lists: one of the others goes first only where the base says so."""
    woven: Items = []
    others, ours = list(others), list(ours)
    while others and ours:
        left, right = _index(base, others[0][by], by), _index(base, ours[0][by], by)
        woven.append((others if 0 <= left < right else ours).pop(0))
    return woven + ours + others


def _index(items: Items, value: object, by: str) -> int:
    return next((at for at, item in enumerate(items) if item[by] == value), -1)


def decode_over(base: Json, patch: Json) -> Json:
    """Return what Go holds after decoding ``patch`` into a value that holds ``base``.

    Members of objects are set one by one, and so are the fields of a list's items as far
    as both lists reach: what an item of the patch does not name survives from the base.
    """
    if isinstance(base, dict) and isinstance(patch, dict):
        return {**base, **{k: decode_over(base.get(k), v) for k, v in patch.items()}}
    if isinstance(base, list) and isinstance(patch, list):
        former = [*base, *[None] * len(patch)]
        return [decode_over(former[at], item) for at, item in enumerate(patch)]
    return patch
