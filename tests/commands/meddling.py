"""Somebody else who edits a cluster in memory: between plan, question, read and write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import pytest

from migrate.__main__ import main
from migrate.cluster.memory import MemoryCluster
from migrate.cluster.port import Cluster, JsonPatch
from migrate.commands.target import Target
from migrate.objects import Manifest, ObjectRef, ref_of

T = TypeVar("T")
Edit = Callable[[MemoryCluster], None]


class Moment(Enum):
    """When the edit is made."""

    BETWEEN_PLAN_AND_APPLY = "between plan and apply"
    AT_THE_PROMPT = "while the prompt is open"
    BETWEEN_READ_AND_WRITE = "between read and write"


class Around:
    """A cluster, of whatever kind, in which somebody edits just before the first write to ``at``.

    With ``controllers_act`` and ``name`` as it has them.
    """

    def __init__(self, inner: Cluster, at: ObjectRef, edit: Callable[[], None]) -> None:
        self.inner, self.at, self.edit, self.is_done = inner, at, edit, False
        self.controllers_act, self.name = inner.controllers_act, inner.name

    def apart(self) -> Cluster | None:
        return self.inner.apart()

    def get(self, ref: ObjectRef) -> Manifest:
        return self.inner.get(ref)

    def list(self, api_version: str, kind: str, into: type[T], **options: Any) -> Iterator[T]:
        return self.inner.list(api_version, kind, into, **options)

    def logs(self, pod: ObjectRef, container: str, *, lines: int) -> str:
        return self.inner.logs(pod, container, lines=lines)

    def create(self, manifest: Manifest) -> Manifest:
        if "metadata" in manifest:
            self._meddle(ref_of(manifest))
        return self.inner.create(manifest)

    def patch(
        self, ref: ObjectRef, patch: JsonPatch | Manifest, *, subresource: str = ""
    ) -> Manifest:
        self._meddle(ref)
        return self.inner.patch(ref, patch, subresource=subresource)

    def would_patch(self, ref: ObjectRef, patch: JsonPatch | Manifest) -> Manifest | None:
        return self.inner.would_patch(ref, patch)

    def would_create(self, manifest: Manifest) -> Manifest | None:
        return self.inner.would_create(manifest)

    def delete(self, ref: ObjectRef, *, uid: str, resource_version: str) -> None:
        self.inner.delete(ref, uid=uid, resource_version=resource_version)

    def _meddle(self, ref: ObjectRef) -> None:
        if ref == self.at and not self.is_done:
            self.is_done = True
            self.edit()


class Terminal:
    """A person who sees to something before answering yes."""

    def __init__(self, before_answering: Callable[[], None]) -> None:
        self.before_answering = before_answering

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        self.before_answering()
        return "yes\n"


class Beside:
    """Runs verbs on one cluster in memory, and an edit at a moment of the apply."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, base: Cluster, target: ObjectRef) -> None:
        self.target, self.monkeypatch = target, monkeypatch
        self.cluster = MemoryCluster(base=base, name="meddled")
        self._works_on(self.cluster)

    def _works_on(self, cluster: Cluster) -> None:
        self.monkeypatch.setattr(Target, "open", lambda *_: cluster)

    def apply(self, file: Path, wanted: tuple[str, ...], moment: Moment, edit: Edit) -> int:
        """Apply what is wanted, with the edit at that moment; return the exit code."""
        if moment is Moment.BETWEEN_PLAN_AND_APPLY:
            assert main(["plan", *wanted, "--out", str(file)]) == 0
            edit(self.cluster)
            return main(["apply", str(file)])
        if moment is Moment.AT_THE_PROMPT:
            terminal = Terminal(lambda: edit(self.cluster))
            self.monkeypatch.setattr("sys.stdin", terminal)
            return main(["apply", *wanted])
        around = Around(self.cluster, self.target, lambda: edit(self.cluster))
        self._works_on(around)
        code = main(["apply", "--yes", *wanted])
        assert around.is_done
        return code


def merged(ref: ObjectRef, **patch: Any) -> Edit:
    """An edit that is a merge patch."""

    def edit(cluster: MemoryCluster) -> None:
        cluster.patch(ref, patch)

    return edit


def there_and_back(ref: ObjectRef, there: Edit) -> Edit:
    """An edit that is taken back at once; the object has another resourceVersion then."""

    def edit(cluster: MemoryCluster) -> None:
        before = cluster.get(ref)
        there(cluster)
        former = {key: before[key] for key in ("data", "spec") if key in before}
        ops = [{"op": "replace", "path": f"/{key}", "value": v} for key, v in former.items()]
        after = cluster.patch(ref, ops)
        assert after["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]

    return edit
