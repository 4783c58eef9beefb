"""Short names of namespaces made unique for the live cluster, and back."""

import copy
import json
import uuid
from typing import Any

from tests.differential.shapes import Manifest


class Names:
    """One cluster's names: each namespace gets the same prefix, which occurs nowhere else."""

    def __init__(self) -> None:
        self.prefix = f"n{uuid.uuid4().hex[:8]}-"

    def live(self, namespace: str) -> str:
        """The namespace on the live cluster."""
        return self.prefix + namespace

    def put(self, manifest: Manifest) -> Manifest:
        """The manifest as it is sent."""
        sent = copy.deepcopy(manifest)
        if "namespace" in sent["metadata"]:
            sent["metadata"]["namespace"] = self.live(sent["metadata"]["namespace"])
        return sent

    def back(self, content: Any) -> Any:
        """Anything found, with short names wherever a namespace is spelt out."""
        return json.loads(json.dumps(content).replace(self.prefix, ""))
