"""Where a model is stored, as far as KServe refuses it.

``addStorageSpecAnnotations`` in ``components/component.go`` and ``ValidateStorageURI`` in
``utils/utils.go``, below ``pkg/controller/v1beta1/inferenceservice``, KServe 0.9 to 0.20.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

import msgspec

from migrate.credentials import hidden_urls
from migrate.kserve import terms
from migrate.kserve.metadata import Metadata
from migrate.kserve.rules import Rules
from migrate.kserve.services import Framework

_SCHEME = re.compile(r"\w+?://", re.ASCII)
# Its dots are any character, in Go too.
_AZURE = re.compile(r"https://(.+?).blob.core.windows.net/(.+)")


class UriFormat(msgspec.Struct, frozen=True, gc=False):
    """URIs by their beginning or by a regular expression (Go's) that is found in them."""

    prefix: str = ""
    regex: str = ""


class StorageSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """``spec`` of a ClusterStorageContainer, as far as it decides."""

    supported_uri_formats: list[UriFormat] | None = None


class StorageContainer(msgspec.Struct, frozen=True, gc=False):
    """A ClusterStorageContainer (0.11 on): it makes more URIs acceptable."""

    API_VERSION: ClassVar[str] = terms.RUNTIME_VERSION
    KIND: ClassVar[str] = "ClusterStorageContainer"

    metadata: Metadata
    spec: StorageSpec = StorageSpec()
    disabled: bool | None = None

    def takes(self, uri: str) -> bool:
        """Tell whether it serves this URI: ``IsStorageUriSupported``."""
        formats = () if self.disabled else self.spec.supported_uri_formats or ()
        return any(
            uri.startswith(f.prefix) if f.prefix else bool(f.regex and re.search(f.regex, uri))
            for f in formats
        )


def refusal(
    spec: Framework, containers: Iterable[StorageContainer] | None, rules: Rules
) -> str | None:
    """Say why KServe takes no model from where this one is; "" where it does.

    None where that cannot be told: ``containers`` were not read, or have an expression that
    only Go understands.
    """
    if not is_foreign(spec, rules):
        return ""
    uri = spec.storage_uri or ""
    if containers is None:
        return None
    try:
        taken = any(container.takes(uri) for container in containers)
    except re.error:
        return None
    return "" if taken else f"KServe {rules.name} takes no storageUri such as {hidden_urls(uri)}"


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
