"""The stock runtimes of a release, as runtimes."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import msgspec

from migrate.catalog.runtimes import releases, stock
from migrate.kserve.image import ImageFormatError, parse_image
from migrate.kserve.releases import parse_release
from migrate.kserve.runtimes import Runtime

_NAME_ARGUMENTS = ("--model_name", "--model-name")


@functools.lru_cache(maxsize=4)
def stock_runtimes(release: str) -> Mapping[str, Runtime]:
    """Return what the manifests of a release ship, by name; the chart's where they do not.

    A release newer than those known ships what the newest of them does, as far as we know.
    """
    found = {}
    for one in stock(release) or (stock(releases()[-1]) if _is_newer(release) else ()):
        shipped = next((o for o in one.origins if o.origin == "manifest"), one.origins[0])
        meta = {"name": one.name, "annotations": shipped.annotations}
        found[one.name] = msgspec.convert({"metadata": meta, "spec": shipped.spec}, Runtime)
    return found


def _is_newer(release: str) -> bool:
    return parse_release(release) > parse_release(releases()[-1])


def server_name(image: str) -> str:
    """Return the last part of an image's repository, by which people know the server."""
    try:
        return parse_image(image).repository.rpartition("/")[2]
    except ImageFormatError:
        return ""


@functools.lru_cache(maxsize=4)
def servers_that_want_a_name(release: str) -> frozenset[str]:
    """Return the servers that serve every model as "model" where no argument names it.

    They are KServe's own whose stock runtime gives ``--model_name={{.Name}}``: for a foreign one
    the last part of its repository says too little.
    """
    containers = [
        container
        for runtime in stock_runtimes(release).values()
        for container in runtime.spec.containers or ()
        if any(names_the_model(arg) for arg in container.args or ())
        and (container.image or "").startswith("kserve/")
    ]
    return frozenset(server_name(container.image or "") for container in containers) - {""}


def names_the_model(argument: str) -> bool:
    """Tell whether an argument gives the model its name."""
    return argument.startswith(_NAME_ARGUMENTS)
