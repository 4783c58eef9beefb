"""The runtimes that a release ships."""

import copy
import functools

from tests.differential.shapes import CLUSTER_RUNTIME, Manifest
from tests.testbed.modules import documents, module_folder
from tests.testbed.releases import RELEASES

_FILES = ("kserve.yaml", "kserve-runtimes.yaml", "kserve-cluster-resources.yaml")


def stock(release: str) -> list[Manifest]:
    """Return the ClusterServingRuntimes of a release as its install manifests have them."""
    return copy.deepcopy(list(_read(release)))


@functools.cache
def _read(release: str) -> tuple[Manifest, ...]:
    folder = module_folder("github.com/kserve/kserve") / "install" / RELEASES[release].manifests
    found = documents(*(folder / name for name in _FILES if (folder / name).exists()))
    return tuple(manifest for manifest in found if manifest["kind"] == CLUSTER_RUNTIME)
