"""Asking the API server, by a dry run, what a write of a service would store, before it is made.

KServe's webhook changes what is written. What it makes of a pin is predicted; where the server says
otherwise, the pods would be others than the plan says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
from msgspec import UNSET

from migrate.cluster.port import Cluster
from migrate.commands.installed import get_or_none
from migrate.errors import StaleError
from migrate.kserve import terms
from migrate.kserve.admission import admitted
from migrate.kserve.config import Config, read_config
from migrate.kserve.releases import parse_release
from migrate.kserve.runtimes import Runtimes
from migrate.kserve.services import InferenceService
from migrate.kserve.table import rules_for
from migrate.objects import Json, Manifest, ObjectRef, pointer
from migrate.operations.classify import to_make
from migrate.operations.model import Operation, Patch, Wave
from migrate.operations.patching import apply_edits, json_patch
from migrate.planning.plan import Plan

_PROTOCOL = "protocolVersion"
SHOWN = 5


class Rehearsal:
    """The writes of services that were tried; each is tried once, right before its wave.

    Those of the first wave that has any are tried before all else: then nothing was written yet.
    ``open_dry`` opens the cluster so that no write persists.
    """

    def __init__(self, cluster: Cluster, open_dry: Callable[[], Cluster], plan: Plan) -> None:
        self._cluster, self._open_dry, self._plan = cluster, open_dry, plan
        self._dry: Cluster | None = None
        self._config: Config | None = None
        self._tried: set[ObjectRef] = set()

    def __call__(self, wave: Wave, coming: Sequence[Wave]) -> None:
        """Try the writes of a wave. Raise StaleError that names what would be stored otherwise."""
        pins = next(filter(None, map(_pins, (wave, *coming))), [])
        for operation in pins:
            if operation.target not in self._tried:
                self._try(operation)
                self._tried.add(operation.target)

    def _try(self, operation: Operation) -> None:
        live = get_or_none(self._cluster, operation.target)
        assert isinstance(operation.change, Patch)
        edits = to_make(operation.change, live) if live is not None else ()
        if live is None or not edits:
            return
        self._dry = self._dry or self._open_dry()
        answer = self._dry.patch(operation.target, json_patch(edits, live))
        found = list(unlike(stored(apply_edits(edits, live), self._known()), answer))
        if found:
            raise StaleError(
                f"{operation.target}: by a dry run of its write, the API server would store "
                f"something else than was predicted: {'; '.join(found[:SHOWN])}",
                "leave it out: --exclude NAMESPACE/NAME; or write it yourself, and plan again",
            )

    def _known(self) -> Config:
        """Return what the webhook decides by; runtimes are no part of that."""
        if self._config is None:
            rules = rules_for(parse_release(self._plan.release))
            assert rules is not None
            place = self._plan.kserve_namespace
            ref = ObjectRef("v1", "ConfigMap", terms.CONFIG_MAP, place)
            data = (get_or_none(self._cluster, ref) or {}).get("data") or {}
            self._config = read_config(data, rules, Runtimes())
        return self._config


def _pins(wave: Wave) -> list[Operation]:
    return [
        operation
        for operation in wave.operations
        if operation.target.kind == terms.INFERENCE_SERVICE and isinstance(operation.change, Patch)
    ]


def stored(written: Manifest, config: Config) -> Manifest:
    """Return what is stored of a service in the model form that is written: what is predicted."""
    service = admitted(msgspec.convert(written, InferenceService), config)
    meta, model = service.metadata, service.spec.predictor.model
    told = {**written["metadata"], "labels": meta.labels, "annotations": meta.annotations}
    predictor = written["spec"]["predictor"]
    if model is not None and model.protocol_version is not None:
        field = {**predictor["model"], _PROTOCOL: model.protocol_version}
        predictor = {**predictor, "model": field}
    spec = {**written["spec"], "predictor": predictor}
    return {**written, "metadata": told, "spec": spec}


def unlike(expected: Manifest, found: Manifest) -> Iterator[str]:
    """Yield the fields in which what would be stored is not as expected.

    Looked at are the spec, the labels and the annotations: the rest is the server's own.
    """
    for path in (("spec",), ("metadata", "labels"), ("metadata", "annotations")):
        sides = [_within(one, path) or {} for one in (expected, found)]
        yield from _differences(sides[0], sides[1], pointer(*path))


def _within(manifest: Manifest, path: Sequence[str]) -> Json:
    value: Json = manifest
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _differences(expected: Json, found: Json, at: str) -> Iterator[str]:
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for key in sorted(expected.keys() | found.keys()):
            yield from _differences(
                expected.get(key, UNSET), found.get(key, UNSET), at + pointer(key)
            )
    elif expected != found:
        yield f"{at}: expected {_shown(expected)}, found {_shown(found)}"


def _shown(value: Json) -> str:
    return "nothing" if value is UNSET else msgspec.json.encode(value).decode()
