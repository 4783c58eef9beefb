"""A plan from a snapshot whose lists come in an order of their own: ``SNAPSHOT SEED SET...``."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.snapshot import load
from migrate.commands import making
from migrate.planning.model import planfile
from migrate.planning.model.desired import Options

T = TypeVar("T")


class Shuffled(MemoryCluster):
    """Gives every list in an order that the seed decides."""

    seed = 0

    def list(self, api_version: str, kind: str, into: type[T], **options: Any) -> Iterator[T]:
        found = list(super().list(api_version, kind, into, **options))
        random.Random(self.seed).shuffle(found)
        return iter(found)


def main(snapshot: str, seed: str, *sets: str) -> None:
    cluster = Shuffled(base=load(Path(snapshot)))
    cluster.seed = int(seed)
    options = making.options(sets, "", Options(repin="demo" in snapshot))
    made = making.plan(cluster, "kserve", options)
    sys.stdout.buffer.write(planfile.dump(made))


if __name__ == "__main__":
    main(*sys.argv[1:])
