"""Containers and what pods hold beside them, as typed records of ``core/v1``."""

from __future__ import annotations

from typing import Any

import msgspec

from migrate.objects import Manifest


class Container(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, rename="camel"):
    """A container, with the fields of ``core/v1`` that KServe merges; all may be null."""

    name: str | None = None
    image: str | None = None
    command: list[str] | None = None
    args: list[str] | None = None
    working_dir: str | None = None
    ports: list[dict[str, Any]] | None = None
    env_from: list[dict[str, Any]] | None = None
    env: list[dict[str, Any]] | None = None
    resources: dict[str, Any] | None = None
    resize_policy: list[dict[str, Any]] | None = None
    restart_policy: str | None = None
    volume_mounts: list[dict[str, Any]] | None = None
    volume_devices: list[dict[str, Any]] | None = None
    liveness_probe: dict[str, Any] | None = None
    readiness_probe: dict[str, Any] | None = None
    startup_probe: dict[str, Any] | None = None
    lifecycle: dict[str, Any] | None = None
    termination_message_path: str | None = None
    termination_message_policy: str | None = None
    image_pull_policy: str | None = None
    security_context: dict[str, Any] | None = None
    stdin: bool | None = None
    stdin_once: bool | None = None
    tty: bool | None = None


class PodFields(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, rename="camel"):
    """What KServe takes from a runtime for a pod, beside its containers."""

    node_selector: dict[str, str] | None = None
    affinity: dict[str, Any] | None = None
    tolerations: list[dict[str, Any]] | None = None
    volumes: list[dict[str, Any]] | None = None
    image_pull_secrets: list[dict[str, Any]] | None = None
    scheduler_name: str | None = None


_CONTAINER = {field.encode_name for field in msgspec.structs.fields(Container)}
_POD = {field.encode_name for field in msgspec.structs.fields(PodFields)}


def container_manifest(spec: Container) -> Manifest:
    """Return the container as Go would write it: what is empty is left out."""
    return _chosen(spec, _CONTAINER)


def pod_manifest(spec: PodFields) -> Manifest:
    """Return the fields of the pod as Go would write them."""
    return _chosen(spec, _POD)


def _chosen(spec: msgspec.Struct, keys: set[str]) -> Manifest:
    found = msgspec.to_builtins(spec)
    chosen: Manifest = lean({key: value for key, value in found.items() if key in keys})
    return chosen


_OPTIONAL_NUMBERS = frozenset(
    (
        *("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold"),
        *("failureThreshold", "hostPort", "stdin", "stdinOnce", "tty", "readOnly"),
    )
)


def lean(value: Any) -> Any:  # noqa: ANN401 -- any JSON
    """Drop what Go's ``omitempty`` drops, so that it does not count as set.

    Empty strings, lists and maps of strings go, zeros and falses of fields that are no
    pointers; an empty object stays, since that may be all there is to say (``emptyDir``).
    """
    if isinstance(value, dict):
        found = {name: lean(item) for name, item in value.items()}
        return {name: item for name, item in found.items() if not _is_empty(name, item)}
    if isinstance(value, list):
        return [lean(item) for item in value]
    return value


_MAPS = frozenset({"limits", "requests", "nodeSelector", "matchLabels"})


def _is_empty(key: str, value: Any) -> bool:  # noqa: ANN401
    if value is None or value in ("", []):
        return True
    if key in _OPTIONAL_NUMBERS:
        return not value
    return key in _MAPS and not value
