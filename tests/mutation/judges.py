"""Who notices that a module is not as it should be: recorded verdicts first, then the tests.

``migrate.kserve`` must not be imported before the process that tries a mutant was forked.
"""

from __future__ import annotations

import gzip
import importlib
import importlib.machinery
import importlib.util
import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import hypothesis
import pytest

# Loaded once for all trials, since it takes long and has nothing to do with the room.
import tests.conftest  # noqa: F401
from tests.mutation.mutants import ROOM, Mutant

VERDICTS = Path(__file__).parents[2] / "fixtures" / "verdicts"
UNIT = Path(__file__).parents[1] / "kserve"
_CASES = 200
_FEW = 100
_PREDICTION = "tests.differential.prediction"
_QUIET = (
    *("-x", "-q", "-p", "no:cacheprovider", "-p", "no:faulthandler"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)

Recorded = tuple[Any, Any]
"""A cluster, and what a real controller made of it."""


class Judge(IntEnum):
    """Who noticed the mutant."""

    NOBODY = 0
    VERDICT = 2
    TEST = 3
    IMPORT = 4


def recorded() -> list[Recorded]:
    """All recorded verdicts, mixed well: any stretch of them has every release in it."""
    found = [entry for path in sorted(VERDICTS.glob("*.jsonl.gz")) for entry in _entries(path)]
    random.Random(0).shuffle(found)
    return found


def _entries(path: Path) -> Iterator[Recorded]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        next(file)
        for line in file:
            entry = json.loads(line)
            yield entry["cluster"], entry["verdict"]


def is_predicted(one: Recorded) -> bool:
    """Whether a recorded verdict is what is predicted."""
    return not importlib.import_module(_PREDICTION).mismatches(*one)


def trial(mutant: Mutant | None, verdicts: Sequence[Recorded]) -> Judge:
    """Put the mutant in the place of its module, and ask all judges."""
    if mutant is not None:
        sys.meta_path.insert(0, _Finder(f"migrate.kserve.{mutant.name}", mutant.code))
    try:
        importlib.import_module(_PREDICTION)
    except Exception:  # noqa: BLE001 -- whatever a mutant does
        return Judge.IMPORT
    near, far = _parted(mutant.name if mutant is not None else "")
    # Who is quick and likely to notice comes first.
    judges: list[tuple[Judge, Callable[[], bool]]] = [
        (Judge.VERDICT, lambda: _is_wrong(verdicts[:_FEW])),
        (Judge.TEST, lambda: _fails(near)),
        (Judge.VERDICT, lambda: _is_wrong(verdicts[_FEW:])),
        (Judge.TEST, lambda: _fails(far)),
    ]
    return next((judge for judge, notices in judges if notices()), Judge.NOBODY)


def _is_wrong(verdicts: Sequence[Recorded]) -> bool:
    try:
        return not all(map(is_predicted, verdicts))
    except Exception:  # noqa: BLE001 -- whatever a mutant does
        return True


def _parted(name: str) -> tuple[list[Path], list[Path]]:
    """The files with tests: those that import the module themselves, and the others."""
    parts: tuple[list[Path], list[Path]] = [], []
    for path in sorted(UNIT.glob("test_*.py")):
        is_near = f"migrate.kserve.{name} import" in path.read_text(encoding="utf-8")
        parts[0 if is_near else 1].append(path)
    return parts


def _fails(files: Sequence[Path]) -> bool:
    if not files:
        return False
    # The same examples for all mutants, and none kept for the next run.
    hypothesis.settings.register_profile("mutation", derandomize=True, database=None)
    hypothesis.settings.load_profile("mutation")
    passed = pytest.main([*_QUIET, *map(str, files)], plugins=[_Few()]) == pytest.ExitCode.OK
    return not passed


class _Few:
    """Of a test with thousands of cases, some that lie far apart do."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        tests: dict[str, list[pytest.Item]] = {}
        for item in items:
            tests.setdefault(item.nodeid.partition("[")[0], []).append(item)
        items[:] = [case for cases in tests.values() for case in cases[:: 1 + len(cases) // _CASES]]


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a text in the place of a file's."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(name, str(ROOM / f"{name.rpartition('.')[2]}.py"))
        self._text = text

    def get_code(self, _: str) -> CodeType:
        return compile(self._text, self.path, "exec")


class _Finder:
    """Finds one module before all others do."""

    def __init__(self, name: str, text: str) -> None:
        self._name, self._text = name, text

    def find_spec(
        self, name: str, _: object = None, __: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._name:
            return None
        return importlib.util.spec_from_loader(name, _Loader(name, self._text))
