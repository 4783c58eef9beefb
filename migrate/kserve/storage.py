"""Where a model is stored, as far as KServe refuses it.

``addStorageSpecAnnotations`` in ``components/component.go`` and ``ValidateStorageURI`` in
``utils/utils.go``, below ``pkg/controller/v1beta1/inferenceservice``, KServe 0.9 to 0.20.
"""

from __future__ import annotations

import re

from migrate.kserve.rules import Rules
from migrate.kserve.services import Framework

_SCHEME = re.compile(r"\w+?://", re.ASCII)
_AZURE = re.compile(r"https://(.+?)\.blob\.core\.windows\.net/(.+)")


def named_twice(spec: Framework) -> bool:
    """Tell whether the model is both at a URI and at a path of a storage: KServe refuses that."""
    return spec.storage_uri is not None and (spec.storage or {}).get("path") is not None


def is_foreign(spec: Framework, rules: Rules) -> bool:
    """Tell whether only a ClusterStorageContainer can make this URI acceptable (0.11 on)."""
    uri = spec.storage_uri
    if uri is None or not _SCHEME.search(uri):
        return False
    if "blob.core.windows.net" in uri:
        return not _AZURE.search(uri)
    return not uri.startswith(rules.storage_prefixes)
