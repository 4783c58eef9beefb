"""The smallest cluster that still shows what a larger one showed."""

import difflib
import json
from collections.abc import Callable
from typing import Any

from tests.differential.shapes import Cluster, key_of

# What makes a manifest, and a cluster, what it is: not to be taken away by itself.
_NEEDED = frozenset({"apiVersion", "kind", "metadata", "name", "namespace", "spec", "predictor"})
_PARTS = ("services", "runtimes", "namespaces", "config")
_WHOLE = 2  # a list of manifests, or a list of waves of them
_DEEP = 100

Test = Callable[[Any], bool]


def shrink(cluster: Cluster, still_wrong: Callable[[Cluster], bool]) -> Cluster:
    """Take away services, runtimes, namespaces and settings, then fields, while it stays wrong.

    ``still_wrong`` is asked about each smaller cluster; the answer for ``cluster`` itself must be
    yes. Returns one from which nothing more can be taken, by itself, without the fault going.
    """
    cluster = _pass(cluster, still_wrong, _WHOLE)
    smaller = _pass(cluster, still_wrong, _DEEP)
    while smaller != cluster:
        cluster, smaller = smaller, _pass(smaller, still_wrong, _DEEP)
    return smaller


def readable_diff(predicted: Any, found: Any) -> str:
    """The lines in which two values differ, as a person would want them."""
    told, real = (_lines(value) for value in (predicted, found))
    return "\n".join(difflib.unified_diff(told, real, "predicted", "found", lineterm="", n=2))


def _pass(cluster: Cluster, still_wrong: Callable[[Cluster], bool], depth: int) -> Cluster:
    for part in _PARTS:

        def is_wrong_with(value: Any, part: str = part, whole: Cluster = cluster) -> bool:
            return still_wrong(_consistent(whole | {part: value}))

        cluster = _consistent(cluster | {part: _pruned(cluster[part], is_wrong_with, depth)})
    return cluster


def _consistent(cluster: Cluster) -> Cluster:
    """Without what is in a namespace that is gone, and without empty waves."""
    names = set(cluster["namespaces"])
    services = [s for s in cluster["services"] if s["metadata"]["namespace"] in names]
    kept = [[r for r in wave if _is_in(r, names)] for wave in cluster["runtimes"]]
    present = {key_of(service) for service in services}
    return cluster | {
        "services": services,
        "runtimes": [wave for wave in kept if wave],
        "unadmitted": [key for key in cluster["unadmitted"] if key in present],
    }


def _is_in(runtime: Any, namespaces: set[str]) -> bool:
    return runtime["metadata"].get("namespace") in {None, *namespaces}


def _pruned(node: Any, test: Test, depth: int) -> Any:
    """The node without the entries it can do without, at every level down to ``depth``."""
    if not depth or not isinstance(node, dict | list):
        return node
    keys = list(node) if isinstance(node, dict) else list(range(len(node)))
    needed = [key for key in keys if key in _NEEDED]
    free = [key for key in keys if key not in _NEEDED]
    kept = _fewest(free, lambda some: test(_only(node, [*needed, *some])))
    smaller = _only(node, [key for key in keys if key in needed or key in kept])
    for at in list(smaller) if isinstance(smaller, dict) else range(len(smaller)):
        smaller = _with(smaller, at, _pruned(smaller[at], _inside(smaller, at, test), depth - 1))
    return smaller


def _inside(node: Any, at: Any, test: Test) -> Test:
    return lambda value: test(_with(node, at, value))


def _only(node: Any, keys: list[Any]) -> Any:
    if isinstance(node, dict):
        return {key: value for key, value in node.items() if key in keys}
    return [node[at] for at in sorted(keys)]


def _with(node: Any, at: Any, value: Any) -> Any:
    if isinstance(node, dict):
        return node | {at: value}
    return [*node[:at], value, *node[at + 1 :]]


def _fewest(items: list[Any], test: Callable[[list[Any]], bool]) -> list[Any]:
    """Take away ever smaller pieces, first all of it at once, in the end one by one."""
    size = len(items)
    while size:
        at = 0
        while at < len(items):
            rest = items[:at] + items[at + size :]
            if test(rest):
                items = rest
            else:
                at += size
        size //= 2
    return items


def _lines(value: Any) -> list[str]:
    try:
        text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    except TypeError:
        text = str(value)
    return text.splitlines()
