"""What a model's workload runs now: compact, since there may be fifty thousand.

Workloads of services that are alike differ in names and in memory. Both are taken out, and what
is left is kept once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from migrate.kserve.budgets import Budget, selects
from migrate.kserve.containers import Container, container_manifest
from migrate.kserve.likeness import FIELDS, is_same_amount, texts
from migrate.kserve.marks import NAME, can_be_equal, is_ordinary
from migrate.kserve.rollouts import MEMORY, Rollout, facts, rollout_of
from migrate.kserve.workloads import Workload, serving_container
from migrate.objects import Manifest, ObjectRef

_NAME = NAME.encode()
_SUFFIXES = ("-predictor-default", "-predictor")


class Written(msgspec.Struct, frozen=True):
    """A container in the fields of likeness.FIELDS; a mark stands for the name of its service.

    ``memory`` is the limit on it, which is in no text; empty where there is none.
    """

    texts: tuple[bytes, ...]
    memory: str = ""

    def named(self, name: str) -> Written:
        """Return the same with the name in the place of its marks."""
        filled = (text.replace(_NAME, name.encode()) for text in self.texts)
        return Written(tuple(filled), self.memory)


class Running(msgspec.Struct, frozen=True):
    """The container that serves the model, and what it takes to replace its pods.

    ``image`` is empty where it has none, ``written`` is None where nothing but the image is known.
    ``budgets`` are the PodDisruptionBudgets of its pods.
    """

    image: str
    written: Written | None = None
    rollout: Rollout | None = None
    budgets: tuple[ObjectRef, ...] = ()


class Records:
    """Makes the records of workloads, and only one of those that are equal."""

    def __init__(self) -> None:
        self._texts: dict[bytes, tuple[bytes, ...]] = {}
        self._rollouts: dict[bytes, Rollout] = {}
        self._records: dict[tuple[int, int, str, tuple[ObjectRef, ...]], Running] = {}

    def running(self, workload: Workload, budgets: Iterable[Budget] = ()) -> Running | None:
        """Return what a workload runs; None where no container of it serves a model.

        ``budgets`` are those of its namespace. KServe 0.10 and later write Knative Services
        without an image for services in the framework form: they are there all the same.
        """
        container = serving_container(workload)
        if container is None:
            return None
        parts, memory = _parts(container, service_name(workload.metadata.name))
        known = self._known(container, parts)
        rollout = self._rollout(workload)
        labels = workload.spec.template.metadata.labels or {}
        heeded = tuple(one.ref for one in budgets if selects(one, labels))
        # Texts and rollouts are kept as long as the records: their ids stay theirs.
        key = (id(known), id(rollout), memory, heeded)
        if key not in self._records:
            written = Written(known, memory)
            self._records[key] = Running(container.image or "", written, rollout, heeded)
        return self._records[key]

    def _known(self, container: Container, parts: _Parts) -> tuple[bytes, ...]:
        key = _encoder.encode((container.image, container.env_from, container.working_dir, parts))
        if key not in self._texts:
            changes = {"command": parts.command, "args": parts.args, "env": parts.env}
            changed = replace(container, **changes, resources={"limits": parts.limits})
            self._texts[key] = texts(container_manifest(changed))
        return self._texts[key]

    def _rollout(self, workload: Workload) -> Rollout:
        key = _encoder.encode(facts(workload))
        if key not in self._rollouts:
            self._rollouts[key] = rollout_of(workload)
        return self._rollouts[key]


_encoder = msgspec.msgpack.Encoder()


class _Parts(msgspec.Struct, frozen=True, gc=False):
    """The fields of a container in which there are marks, and the limits."""

    command: list[str] | None
    args: list[str] | None
    env: list[dict[str, Any]] | None
    limits: dict[str, Any]


def _parts(container: Container, name: str) -> tuple[_Parts, str]:
    """Return the parts, and the limit on memory, which is not in them."""
    limits, memory = _without_memory(container.resources)
    command, args = (_marked(values, name) for values in (container.command, container.args))
    return _Parts(command, args, _marked_env(container.env, name), limits), memory


def _without_memory(resources: dict[str, Any] | None) -> tuple[dict[str, Any], str]:
    limits = dict((resources or {}).get("limits") or {})
    memory = limits.pop(MEMORY, None)
    return limits, "" if memory is None else str(memory)


def _marked(values: list[str] | None, name: str) -> list[str] | None:
    return [value.replace(name, NAME) for value in values] if values and name else values


def _marked_env(env: list[dict[str, Any]] | None, name: str) -> list[dict[str, Any]] | None:
    return [_marked_item(item, name) for item in env] if env and name else env


def _marked_item(item: dict[str, Any], name: str) -> dict[str, Any]:
    value = item.get("value")
    return {**item, "value": value.replace(name, NAME)} if isinstance(value, str) else item


def service_name(workload: str) -> str:
    """Return the name of the service by that of its workload; "" where it is out of the way."""
    found = next((workload.removesuffix(s) for s in _SUFFIXES if workload.endswith(s)), workload)
    return found if is_ordinary(found) else ""


def is_named_after(workload: str, service: str) -> bool:
    """Tell whether the marks of what a workload runs stand for the name of this service."""
    return workload.startswith(service) and workload[len(service) :] in _SUFFIXES


def written_of(container: Manifest) -> Written:
    """Return what KServe would write; marks stay as they are."""
    limits, memory = _without_memory(container.get("resources"))
    return Written(texts({**container, "resources": {"limits": limits}}), memory)


def differing(found: Written, wanted: Written) -> tuple[str, ...]:
    """Return the fields in which two containers without marks differ, by likeness.FIELDS."""
    return _fields(
        is_same_amount(found.memory, wanted.memory)
        if field == "limits" and one == other
        else one == other
        for field, one, other in zip(FIELDS, found.texts, wanted.texts, strict=True)
    )


def _fields(alike: Iterable[bool]) -> tuple[str, ...]:
    return tuple(field for field, is_same in zip(FIELDS, alike, strict=True) if not is_same)


def differing_always(found: Sequence[bytes], wanted: Sequence[bytes]) -> tuple[str, ...] | None:
    """Return the fields that differ whatever the marks stand for, memory left out.

    None where that depends on what they stand for. ``found`` has marks for the name alone.
    """
    differ = []
    for field, one, other in zip(FIELDS, found, wanted, strict=True):
        if one != other:
            if can_be_equal(msgspec.json.decode(one), msgspec.json.decode(other)):
                return None
            differ.append(field)
    return tuple(differ)
