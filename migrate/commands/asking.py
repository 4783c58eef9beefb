"""Asking the cluster that a file is about, where there is one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

from migrate.cluster.port import Cluster
from migrate.commands.target import Target
from migrate.errors import ApiError, Exit, UsageError

T = TypeVar("T")


def answered(target: Target | None, ask: Callable[[Cluster], T]) -> tuple[T | None, int]:
    """Return the answer and the exit code; None without a target, and where there is no cluster.

    A cluster that cannot be asked is told, with the exit code of its error. Raise UsageError
    where one was named that is not there.
    """
    if target is None:
        return None, Exit.OK
    try:
        cluster = target.open()
    except UsageError as error:
        if target != Target():
            raise
        print(f"no cluster is asked: {error.message}", file=sys.stderr)
        return None, Exit.OK
    try:
        return ask(cluster), Exit.OK
    except ApiError as error:
        print(f"error: {cluster.name} cannot be asked: {error.message}", file=sys.stderr)
        return None, error.code
