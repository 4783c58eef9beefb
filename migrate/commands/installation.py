"""Reading what is installed of KServe: its controllers, and what is of another release."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from migrate.cluster.port import Cluster
from migrate.commands.installed import crds_of, get_or_none, listed
from migrate.errors import ForbiddenError
from migrate.kserve import terms
from migrate.kserve.controllers import Controllers, manager_images, pods_of
from migrate.kserve.detection import Detected
from migrate.kserve.installation import (
    JUDGES_FROM,
    RUNTIME_WEBHOOKS,
    Installation,
    Manager,
    parts_of,
)
from migrate.kserve.releases import Release
from migrate.kserve.workloads import Pod, Workload
from migrate.objects import Manifest, ObjectRef, ref_of


def installation_of(
    cluster: Cluster, config: Manifest, controllers: Controllers, detected: Detected
) -> Installation:
    """Return what is installed; what may not be read is passed over.

    Where the release is told by the same facts, these are not held against it once more.
    """
    managers = managers_of(cluster, controllers)
    if detected.release is None or detected.doubts:
        return Installation(managers)
    data, ref = config.get("data") or {}, ref_of(config)
    webhooks = list(_webhooks(cluster, detected.release))
    return Installation(managers, parts_of(detected.release, crds_of(cluster), data, ref, webhooks))


def managers_of(cluster: Cluster, controllers: Controllers) -> tuple[Manager, ...]:
    """Return the controllers that run, each with the images of its pods."""
    return tuple(_manager(cluster, workload) for workload in controllers.running)


def _manager(cluster: Cluster, workload: Workload) -> Manager:
    """Return a controller; while its pods are replaced, they are asked as well."""
    images = manager_images(workload)
    if not workload.is_rolled_out:
        with suppress(ForbiddenError):
            pods = listed(cluster, Pod, workload.metadata.namespace)
            images += [image for pod in pods_of(workload, pods) for image in manager_images(pod)]
    return Manager(workload.ref, tuple(dict.fromkeys(images)))


def _webhooks(cluster: Cluster, release: Release) -> Iterator[ObjectRef]:
    """Yield the webhooks of runtimes that are there, for releases that answer none."""
    names: Iterable[str] = RUNTIME_WEBHOOKS if release.minor < JUDGES_FROM else ()
    for name in names:
        version, kind = terms.ADMISSION_VERSION, terms.VALIDATING_WEBHOOKS
        ref = ObjectRef(version, kind, name)
        with suppress(ForbiddenError):
            if get_or_none(cluster, ref) is not None:
                yield ref
