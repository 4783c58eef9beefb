"""The ClusterServingRuntimes that a very release ships, also where the testbed has another's."""

from __future__ import annotations

import json

from tests.catalog.released import NotReleasedError, manifest
from tests.testbed.api import Manifest
from tests.testbed.releases import RELEASES


def shipped_runtimes(release: str) -> list[Manifest]:
    """Return the runtimes of a release's manifests.

    0.10.2 has charts alone; these have the runtimes of 0.10.1 with the tags of 0.10.2.
    """
    try:
        found = manifest(release, None)
    except NotReleasedError:
        former = RELEASES[release].manifests
        text = json.dumps(manifest(former.removeprefix("v"), None))
        found = json.loads(text.replace(f"server:{former}", f"server:v{release}"))
    return [each for each in found if each["kind"] == "ClusterServingRuntime"]
