"""Somebody else who edits a cluster in memory: between plan, question, read and write."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from migrate.__main__ import main
from migrate.cluster.memory import MemoryCluster
from migrate.cluster.port import Cluster, JsonPatch
from migrate.commands.flags import DryRun
from migrate.commands.target import Target
from migrate.objects import Manifest, ObjectRef

Edit = Callable[[MemoryCluster], None]


class Moment(Enum):
    """When the edit is made."""

    BETWEEN_PLAN_AND_APPLY = "between plan and apply"
    AT_THE_PROMPT = "while the prompt is open"
    BETWEEN_READ_AND_WRITE = "between read and write"


class Meddled(MemoryCluster):
    """A copy of a snapshot in which somebody edits just before the first write to ``at``."""

    def __init__(self, base: Cluster) -> None:
        super().__init__(base=base, name="meddled")
        self.at: ObjectRef | None = None
        self.edit: Edit | None = None

    def patch(
        self, ref: ObjectRef, patch: JsonPatch | Manifest, *, subresource: str = ""
    ) -> Manifest:
        if ref == self.at and self.edit is not None:
            edit, self.edit = self.edit, None
            edit(self)
        return super().patch(ref, patch, subresource=subresource)


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
        self.cluster, self.target, self.monkeypatch = Meddled(base), target, monkeypatch
        monkeypatch.setattr(Target, "open", self._open)

    def _open(self, _dry_run: DryRun = DryRun.CLIENT) -> Cluster:
        return self.cluster

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
        self.cluster.at, self.cluster.edit = self.target, edit
        return main(["apply", "--yes", *wanted])


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
