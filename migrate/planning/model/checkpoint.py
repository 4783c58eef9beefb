"""A checkpoint: the global configuration, every service and runtime, and what they meant then."""

from __future__ import annotations

from typing import Final

import msgspec

from migrate.kserve.shapes import Services
from migrate.objects import Manifest, ObjectRef
from migrate.planning.model.plan import API_VERSION, ImageRow

FORMAT: Final = 1


class Meaning(msgspec.Struct, frozen=True, rename="camel"):
    """What one InferenceService came to when the checkpoint was made.

    ``image`` is what its ``workload`` ran, ``resolved`` what its next reconcile would have given;
    each is None where that could not be told. ``runtime`` decided, where one did, and ``entry`` of
    `predictors` (as in `--set`) where that did. ``ready`` is its condition Ready, None without one.
    """

    service: ObjectRef
    uid: str
    form: str
    image: str | None = None
    resolved: str | None = None
    runtime: ObjectRef | None = None
    entry: str = ""
    workload: ObjectRef | None = None
    ready: bool | None = None


class Contents(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All of a checkpoint but the services themselves.

    ``config`` is the ConfigMap inferenceservice-config; ``runtimes`` are ServingRuntimes and
    ClusterServingRuntimes, each a whole manifest as stored but for ``metadata.managedFields``.
    ``images`` are those that were set globally, with what the release ships. ``created`` is
    RFC 3339 in UTC, by the clock of who made it; ``release`` is X.Y.Z, ``cluster_uid`` the uid of
    namespace kube-system. ``unfinished`` is the id of a run that was under way then, so that half
    of its change is in here; empty where there was none.
    """

    api_version: str = API_VERSION
    kind: str = "Checkpoint"
    format: int = FORMAT
    name: str
    created: str
    operator: str
    version: str
    cluster_uid: str
    kserve_namespace: str
    release: str
    config: Manifest
    runtimes: tuple[Manifest, ...] = ()
    images: tuple[ImageRow, ...] = ()
    meanings: tuple[Meaning, ...] = ()
    unfinished: str = ""


class Checkpoint(Contents, frozen=True, kw_only=True):
    """All of it that is read back. In its text ``services`` are manifests, whole as the runtimes.

    Here they are as much of these as KServe decides by: fifty thousand fit into memory.
    """

    services: Services = msgspec.field(default_factory=Services)
