"""From a runtime and a service to the containers of the pod.

``MergeRuntimeContainers``, ``MergePodSpec`` (``utils/utils.go``) and ``buildPodSpec``
(``components/predictor.go``) below ``controller/v1beta1/inferenceservice``, 0.8 to 0.20.
"""

from __future__ import annotations

from typing import Any

import msgspec

from migrate.kserve import terms
from migrate.kserve.containers import Container, PodFields, container_manifest, pod_manifest
from migrate.kserve.metadata import Metadata
from migrate.kserve.placeholders import fill_in
from migrate.kserve.rules import Overlay, Rules
from migrate.kserve.runtimes import Runtime
from migrate.kserve.services import Predictor
from migrate.kserve.strategic import decode_over, merge
from migrate.objects import Manifest


class BuildError(Exception):
    """KServe cannot make a container of this runtime; the message says why."""


class Pod(msgspec.Struct, frozen=True):
    """What is told of a pod: its containers, the model's first, and some fields beside."""

    containers: tuple[Manifest, ...]
    fields: Manifest = {}
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}

    @property
    def container(self) -> Manifest:
        """The container of the model."""
        return self.containers[0]


def merged_container(
    base: Container, own: Container, rules: Rules, *, called: str = ""
) -> Manifest:
    """Return the container of a runtime with that of a service laid over it.

    ``called`` is a name that it gets whatever the two say.
    """
    below, above = container_manifest(base), container_manifest(own)
    container = _overlaid(below, above, rules)
    args = [*(base.args or ()), *(own.args or ())]
    container["args"] = args
    if not args:
        del container["args"]
    if rules.one_value:
        _keep_one_value(container, above)
    if called:
        container["name"] = called
    return container


def _overlaid(below: Manifest, above: Manifest, rules: Rules) -> Manifest:
    if rules.overlay is Overlay.STRATEGIC:
        merged: Manifest = dict(merge(below, above))
        return merged
    kept = {key: value for key, value in below.items() if key in _FIELDS_0_8}
    merged = dict(decode_over(kept, above))
    env = [*_shared_sources(kept.get("env", []), above.get("env", [])), *above.get("env", [])]
    return {**merged, "env": env} if env else merged


_FIELDS_0_8 = frozenset(
    (
        *("args", "command", "env", "image", "name", "resources", "imagePullPolicy"),
        *("workingDir", "livenessProbe"),
    )
)
"""``type Container`` in ``servingruntime_types.go`` of 0.8.0, and what is copied of it."""


def _shared_sources(below: list[Manifest], above: list[Manifest]) -> list[Manifest]:
    """Return the runtime's variables as 0.8 leaves them.

    It copies the list before it decodes the service's over the original, but both share
    what ``valueFrom`` points to: where two variables at the same place have one, the
    service's is decoded into the runtime's.
    """
    shared = []
    for at, item in enumerate(below):
        over = above[at] if at < len(above) else {}
        both = "valueFrom" in item and "valueFrom" in over
        source = decode_over(item["valueFrom"], over["valueFrom"]) if both else None
        shared.append({**item, "valueFrom": source} if both else item)
    return shared


def _keep_one_value(container: Manifest, above: Manifest) -> None:
    """Drop value or valueFrom where both came together: what the service set stays."""
    ours: dict[str, Any] = {item["name"]: item for item in above.get("env", [])}
    env = []
    for item in container.get("env", []):
        own = ours.get(item["name"], {})
        if "value" in item and "valueFrom" in item and {"value", "valueFrom"} & own.keys():
            drop = "value" if "valueFrom" in own else "valueFrom"
            env.append({key: value for key, value in item.items() if key != drop})
        else:
            env.append(item)
    if env:
        container["env"] = env


def base_container(runtime: Runtime, rules: Rules) -> Container:
    """Return the container that the service's is laid over. Raise BuildError."""
    containers = runtime.spec.containers or []
    if not containers:
        raise BuildError(f"{runtime.ref} has no containers")
    if not rules.base_by_name:
        return containers[0]
    found = next((c for c in containers if c.name == terms.CONTAINER), None)
    if found is None:
        raise BuildError(f"{runtime.ref} has no container named {terms.CONTAINER}")
    return found


def base_or_none(runtime: Runtime, rules: Rules) -> Container | None:
    """Return that container; None where there is none."""
    try:
        return base_container(runtime, rules)
    except BuildError:
        return None


def other_containers(
    runtime: Runtime, predictor: Predictor, meta: Metadata, rules: Rules
) -> list[Manifest]:
    """Return the containers beside the model's, in their order; none up to 0.10."""
    if not rules.base_by_name:
        return []
    sidecars = list(runtime.spec.containers or ())
    if not rules.merges_transformer:
        sidecars.remove(base_container(runtime, rules))
        return [container_manifest(c) for c in sidecars]
    own = predictor.containers or []
    others = [c for c in sidecars if c.name not in (terms.CONTAINER, terms.TRANSFORMER_CONTAINER)]
    others += [c for c in own if c.name != terms.TRANSFORMER_CONTAINER]
    transformer = _transformer(sidecars, own, meta, rules)
    return [*transformer, *(container_manifest(c) for c in others)]


def _transformer(
    sidecars: list[Container], own: list[Container], meta: Metadata, rules: Rules
) -> list[Manifest]:
    found = [_named(containers, terms.TRANSFORMER_CONTAINER) for containers in (sidecars, own)]
    base, over = found
    if base is not None and over is not None:
        container = merged_container(base, over, rules)
    elif base is not None or over is not None:
        container = container_manifest(base or over or Container())
    else:
        return []
    return [fill_in(container, meta)]


def _named(containers: list[Container], name: str) -> Container | None:
    return next((c for c in containers if c.name == name), None)


def merged_fields(base: PodFields, own: PodFields, rules: Rules) -> Manifest:
    """Return what the pod gets beside containers: the runtime's with the service's over it."""
    allowed = set(rules.pod_fields)
    below = {key: value for key, value in pod_manifest(base).items() if key in allowed}
    over = merge if rules.overlay is Overlay.STRATEGIC else decode_over
    merged: Manifest = over(below, pod_manifest(own))
    return merged


def refuse_invalid(pod: Pod) -> None:
    """Raise BuildError for a pod that the API server takes into no Deployment.

    Only what a merge brings about is looked at: a variable with two kinds of value, two
    containers of one name, a mount of a volume that is not there.
    """
    names = [c.get("name") for c in pod.containers]
    if len(set(names)) < len(names):
        raise BuildError(f"two of its containers have one name: {', '.join(map(str, names))}")
    volumes = {volume.get("name") for volume in pod.fields.get("volumes", ())}
    for container in pod.containers:
        for item in container.get("env", ()):
            if "value" in item and "valueFrom" in item:
                raise BuildError(f"the variable {item.get('name')} has a value and a valueFrom")
        for mount in container.get("volumeMounts", ()):
            if mount.get("name") not in volumes:
                raise BuildError(f"there is no volume {mount.get('name')!r} for its mount")
