"""Asking the API server, by a dry run, what a write of a service would store, before it is made.

KServe's webhook changes what is written. What it makes of a pin is predicted; where the server says
otherwise, the pods would be others than the plan says.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from migrate.cluster.lookup import read_or_none
from migrate.cluster.port import Cluster
from migrate.errors import StaleError
from migrate.execute.trial import Trial
from migrate.kserve import terms
from migrate.kserve.config import Config, read_config
from migrate.kserve.conversion import Unlike, stored, unlike
from migrate.kserve.releases import parse_release
from migrate.kserve.runtimes import Runtimes
from migrate.kserve.table import rules_for
from migrate.objects import Json, ObjectRef
from migrate.operations.classify import to_make
from migrate.operations.model import Operation, Patch, Wave
from migrate.operations.patching import apply_edits, json_patch
from migrate.planning.model.plan import Plan

SPEC = "/spec"
SHOWN = 5


class Rehearsal:
    """The writes of services that are tried; each is tried once, right before its wave.

    Those of the first wave that has any are tried before all else: then nothing was written yet.
    """

    def __init__(self, cluster: Cluster, plan: Plan) -> None:
        self._cluster, self._plan = cluster, plan
        self._config: Config | None = None
        self._tried: set[ObjectRef] = set()

    def __call__(self, wave: Wave, coming: Sequence[Wave]) -> list[Trial]:
        """Return the trials; they raise StaleError that names what would be stored otherwise."""
        pins = next(filter(None, map(_pins, (wave, *coming))), [])
        new = [operation for operation in pins if operation.target not in self._tried]
        self._tried |= {operation.target for operation in new}
        return [Trial(operation.target, partial(self._try, operation)) for operation in new]

    def _try(self, operation: Operation) -> None:
        live = read_or_none(self._cluster, operation.target)
        assert isinstance(operation.change, Patch)
        edits = to_make(operation.change, live) if live is not None else ()
        if live is None or not edits:
            return
        answer = self._cluster.would_patch(operation.target, json_patch(edits, live))
        if answer is None:
            return
        expected = stored(apply_edits(edits, live), self._known())
        if found := unlike(expected, answer, SPEC):
            raise StaleError(
                f"{operation.target}: by a dry run of its write, the API server would store "
                f"something else than was predicted: {'; '.join(map(_told, found[:SHOWN]))}",
                "leave it out: --exclude NAMESPACE/NAME; or write it yourself, and plan again",
            )

    def _known(self) -> Config:
        """Return what the webhook decides by; runtimes are no part of that."""
        if self._config is None:
            rules = rules_for(parse_release(self._plan.release))
            assert rules is not None
            place = self._plan.kserve_namespace
            ref = ObjectRef("v1", "ConfigMap", terms.CONFIG_MAP, place)
            data = (read_or_none(self._cluster, ref) or {}).get("data") or {}
            self._config = read_config(data, rules, Runtimes())
        return self._config


def _pins(wave: Wave) -> list[Operation]:
    return [
        operation
        for operation in wave.operations
        if operation.target.kind == terms.INFERENCE_SERVICE and isinstance(operation.change, Patch)
    ]


def _told(one: Unlike) -> str:
    return f"{one.path}: expected {_shown(one.expected)}, found {_shown(one.found)}"


def _shown(value: Json) -> str:
    return "nothing" if value is None else msgspec.json.encode(value).decode()
