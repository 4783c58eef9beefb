"""Reading what Helm recorded of former revisions of a release: Secrets, and only when asked to.

A record is JSON, gzipped and in base64, in a Secret ``sh.helm.release.v1.NAME.vN``
(``pkg/storage/driver/secrets.go`` and ``util.go`` of Helm 3 and 4). Its ``manifest`` is what was
applied: hooks and what the chart has in ``crds/`` are not in it.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import zlib
from collections.abc import Iterator
from typing import Any

import msgspec

from migrate.cluster.port import Cluster
from migrate.cluster.resources import HELM_RECORD
from migrate.kserve import terms
from migrate.kserve.releases import Release, ReleaseFormatError, parse_release
from migrate.objects import Manifest
from migrate.planning.former.moments import Moment

KINDS = (terms.CLUSTER_RUNTIME, "ConfigMap")


class HelmRecord(msgspec.Struct, frozen=True):
    """A revision of a Helm release: the version of the app that its chart names, its objects.

    ``at`` is when it was deployed, RFC 3339; ``status`` is Helm's word for it.
    """

    name: str
    revision: int
    app_version: str
    status: str
    at: str
    objects: tuple[Manifest, ...]

    @property
    def release(self) -> Release | None:
        """The release of KServe that its chart names; None where it names none."""
        try:
            return parse_release(self.app_version)
        except ReleaseFormatError:
            return None


def is_former(one: HelmRecord, moment: Moment, running: Release | None) -> bool:
    """Tell whether a revision is from before the upgrade, and not the upgrade itself.

    Helm notes when it began (``prepareUpgrade`` in ``pkg/action/upgrade.go`` of Helm 3 and 4): that
    is a little before the controller's new ReplicaSet, and before the write to the ConfigMap.
    """
    if not (moment.at and one.at):
        return one.status == "superseded"
    told, former = one.release, moment.release
    came = told is not None and (told > former if former else told == running)
    return one.at < moment.at and not came


class _Info(msgspec.Struct, frozen=True):
    last_deployed: str = ""
    status: str = ""


class _ChartMetadata(msgspec.Struct, frozen=True, rename="camel"):
    app_version: str = ""
    version: str = ""


class _Chart(msgspec.Struct, frozen=True):
    metadata: _ChartMetadata = _ChartMetadata()


class _Release(msgspec.Struct, frozen=True):
    name: str = ""
    version: int = 0
    manifest: str = ""
    info: _Info = _Info()
    chart: _Chart = _Chart()


class _Secret(msgspec.Struct, frozen=True):
    metadata: dict[str, Any]
    type: str = ""
    data: dict[str, str] | None = None


def records(cluster: Cluster, namespace: str) -> Iterator[HelmRecord]:
    """Yield the records that have KServe's ConfigMap or runtimes, of one that cannot be read none.

    Raise ForbiddenError where Secrets may not be listed.
    """
    for secret in cluster.list("v1", "Secret", _Secret, namespace=namespace, selector="owner=helm"):
        if secret.type == HELM_RECORD and (found := _read((secret.data or {}).get("release", ""))):
            objects = tuple(_objects(found.manifest, namespace))
            told = found.chart.metadata.app_version or found.chart.metadata.version
            if objects:
                info = found.info
                place = (found.name, found.version, told, info.status)
                yield HelmRecord(*place, _second(info.last_deployed), objects)


def _read(text: str) -> _Release | None:
    try:
        packed = base64.b64decode(base64.b64decode(text))
        return msgspec.json.decode(gzip.decompress(packed), type=_Release)
    except (binascii.Error, OSError, EOFError, zlib.error, msgspec.MsgspecError, ValueError):
        return None


def _second(text: str) -> str:
    """Return a time of Helm, which has parts of seconds and a zone, as others are written."""
    from datetime import UTC, datetime  # noqa: PLC0415

    try:
        return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return ""


def _objects(manifest: str, namespace: str) -> Iterator[Manifest]:
    import yaml  # noqa: PLC0415 -- slow to import

    from migrate.cluster.yamltext import documents  # noqa: PLC0415

    try:
        found = list(documents(manifest.encode()))
    except (yaml.YAMLError, ValueError):
        return
    for one in found:
        if not isinstance(one, dict) or one.get("kind") not in KINDS:
            continue
        meta = one.get("metadata") or {}
        if one["kind"] == terms.CLUSTER_RUNTIME:
            yield one
        elif meta.get("name") == terms.CONFIG_MAP:
            yield {**one, "metadata": {**meta, "namespace": namespace}}
