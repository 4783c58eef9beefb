"""What people edit in a cluster before there is a plan, so that services differ already."""

from collections.abc import Callable, Sequence

from tests.differential.dice import Dice
from tests.differential.shapes import (
    CLUSTER_RUNTIME,
    SERVING_ALPHA,
    WITHOUT_RUNTIMES,
    Manifest,
    key_of,
)
from tests.forecasts.generator import edited_runtime, hiding
from tests.testbed.api import Api, ApiError

MARKER = "marker-"
"""How the names of the probes' own runtimes begin."""


def cluster_runtimes(api: Api, release: str) -> list[Manifest]:
    """Those of the cluster itself, without the markers of the probes."""
    if release == WITHOUT_RUNTIMES:
        return []
    found = api.list(SERVING_ALPHA, CLUSTER_RUNTIME)
    return [one for one in found if not one["metadata"]["name"].startswith(MARKER)]


def edit_runtimes(
    dice: Dice, api: Api, runtimes: Sequence[Manifest], *, always: bool = False
) -> list[str]:
    """Give up to two runtimes another image, variable or argument; ``always`` at least one."""
    chosen = dice.some(runtimes, int(always), 2) if always or dice.chance(60) else []
    return [
        f"{CLUSTER_RUNTIME} {one['metadata']['name']}" for one in chosen if _edit(dice, api, one)
    ]


def hide_runtime(
    dice: Dice, api: Api, runtimes: Sequence[Manifest], namespaces: Sequence[str]
) -> list[str]:
    """Put an edited copy of a runtime into a namespace."""
    if not runtimes or not dice.chance(70):
        return []
    made = hiding(dice, dice.pick(runtimes), dice.pick(namespaces))
    is_made = _is_taken(lambda: api.create(made))
    return [f"ServingRuntime {key_of(made)}"] if is_made else []


def in_use(runtimes: Sequence[Manifest], images: set[str]) -> list[Manifest]:
    """Those of which some image runs, twice: to be picked before others."""
    used = [one for one in runtimes if images & set(_images(one))]
    return [*used, *used, *runtimes]


def _images(runtime: Manifest) -> list[str]:
    return [container.get("image", "") for container in runtime["spec"]["containers"]]


def _edit(dice: Dice, api: Api, runtime: Manifest) -> bool:
    containers = edited_runtime(dice, runtime)
    return _is_taken(lambda: api.patch(runtime, {"spec": {"containers": containers}}))


def _is_taken(write: Callable[[], object]) -> bool:
    """Whether the webhook takes a write; some runtimes cannot be edited as they are."""
    try:
        write()
    except ApiError as error:
        if error.status not in (400, 403, 409, 422):
            raise
        return False
    return True
