"""The ConfigMap inferenceservice-config of the live cluster, changed for one generated cluster."""

import json

from tests.differential.probes import Probes
from tests.testbed.api import Api, basic_object
from tests.testbed.manifests import NAMESPACE

# What somebody who predicts could need.
_TOLD = ("predictors", "deploy", "inferenceService", "security")
_CONFIG = basic_object("v1", "ConfigMap", "inferenceservice-config", NAMESPACE)


class Settings:
    """The ConfigMap as it was installed, and as it is now."""

    def __init__(self, api: Api) -> None:
        self._api = api
        live = api.get_same(_CONFIG)
        if live is None:
            raise RuntimeError("KServe is not installed")
        self._installed: dict[str, str] = live["data"]
        self._present: dict[str, str] = {}
        self._number = 0

    def put(self, changes: dict[str, str], probes: Probes) -> None:
        """Have the manager see the installed ConfigMap with ``changes``."""
        if changes == self._present:
            return
        mark = f"reg.example:5000/probe/config-{self._number}"
        data = self._installed | changes
        if probes.caches_config:
            data |= {"explainers": _explainers(mark)}
        gone = dict.fromkeys(set(self._present) - set(data))
        self._api.patch(_CONFIG, {"data": data | gone})
        self._present, self._number = changes, self._number + 1
        if probes.caches_config:
            probes.wait_config_seen(mark)

    def told(self) -> dict[str, str | None]:
        """The keys that matter, as they are now."""
        data = self._installed | self._present
        return {key: data.get(key) for key in _TOLD}


def _explainers(image: str) -> str:
    art = {"image": image, "defaultImageVersion": "1"}
    return json.dumps({"art": art})
