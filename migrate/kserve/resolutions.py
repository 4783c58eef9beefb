"""What many services get: resolved once for each shape, and filled in for each service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec
from msgspec.structs import replace

from migrate.kserve.config import Config
from migrate.kserve.cutting import Own, filled
from migrate.kserve.kinds import Kinds
from migrate.kserve.legacy import is_unmarked
from migrate.kserve.marks import NAMESPACE, count_marks, has_marks
from migrate.kserve.refusals import specs_of
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.resolver import resolve
from migrate.kserve.runtimes import Runtime
from migrate.kserve.services import InferenceService
from migrate.kserve.shapes import Services, Shape
from migrate.kserve.storage import is_foreign
from migrate.objects import ObjectRef

_PLAIN = re.compile(rb"\{\{ *\.(?:Name|Namespace|Labels\.(?:modelClass|serviceEnvelope)) *\}\}")


class Resolutions(Mapping[ObjectRef, Resolution]):
    """What each service gets under a configuration; filled in when it is asked for."""

    def __init__(self, services: Services, config: Config) -> None:
        self.services, self.config = services, config
        # By the number of a shape, and the namespace where that has runtimes of its own.
        self._shared: dict[tuple[int, str], Resolution | None] = {}
        self._kinds = Kinds(config)
        self._of_kind: dict[tuple[int, bytes], Resolution | None] = {}
        self._found: dict[ObjectRef, Resolution] = {}
        self._alone: set[ObjectRef] = set()
        # By identity: the configurations keep them all.
        self._plain: dict[int, bool] = {}

    def __getitem__(self, ref: ObjectRef) -> Resolution:
        """Return what the service gets, all of it."""
        found = self.shared(ref)
        return found if ref in self._alone else _filled(found, self.services.own(ref))

    def __iter__(self) -> Iterator[ObjectRef]:
        """Yield the references of the services."""
        return iter(self.services)

    def __len__(self) -> int:
        """Count the services."""
        return len(self.services)

    def shared(self, ref: ObjectRef) -> Resolution:
        """Return what the service gets, at once: in its pods there may be marks.

        Services that are alike have one and the same. No image, reason or runtime has marks.
        """
        found = self._found.get(ref)
        if found is None:
            found = self._of_variety(ref)
            if found is None:
                found = resolve(self.services[ref], self.config)
                self._alone.add(ref)
            self._found[ref] = found
        return found

    def is_alone(self, ref: ObjectRef) -> bool:
        """Tell whether the service is resolved by itself: no mark may stand in what is read."""
        self.shared(ref)
        return ref in self._alone

    def _of_variety(self, ref: ObjectRef) -> Resolution | None:
        """Return what all get that are alike; None where each is to be resolved by itself."""
        shape = self.services.shape(ref)
        namespace = ref.namespace if self.config.runtimes.of(ref.namespace) else ""
        variety = (shape.number, namespace)
        if variety not in self._shared:
            is_marked = shape.service.metadata.namespace == NAMESPACE
            resolved = self._in_namespace if namespace and is_marked else self._in_any
            self._shared[variety] = resolved(shape, namespace)
        return self._shared[variety]

    def _in_any(self, shape: Shape, namespace: str) -> Resolution | None:
        return self._resolved(shape.in_namespace(namespace), self.config)

    def _in_namespace(self, shape: Shape, namespace: str) -> Resolution | None:
        """Return it for a namespace with runtimes: those with like ones are asked about once."""
        kind = self._kinds.of(namespace)
        key = (shape.number, kind)
        if key not in self._of_kind:
            self._of_kind[key] = self._resolved(shape.service, self._kinds.configs[kind])
        found = self._of_kind[key]
        if found is None:
            return None
        reason = found.reason.replace(NAMESPACE, namespace)
        if any(map(has_marks, (reason, *found.rules))):
            return self._in_any(shape, namespace)
        own = self.config.runtimes.of(namespace)
        used, seen = (_own(runtime, own) for runtime in (found.runtime, found.reported))
        return replace(found, reason=reason, runtime=used, reported=seen)

    def _resolved(self, service: InferenceService, config: Config) -> Resolution | None:
        if any(is_foreign(spec, config.rules) for spec in specs_of(service.spec.predictor)):
            return None  # its storageUri is judged as a whole
        found = resolve(service, config)
        if found.runtime is not None:
            return found if self._is_plain(found.runtime) else None
        # A runtime may have failed, and was not named; a framework field asks none.
        asks = service.spec.predictor.model is not None or is_unmarked(service)
        is_hidden = asks and found.verdict is Verdict.BROKEN
        hidden = self.config.runtimes.everywhere if is_hidden else ()
        return found if all(map(self._is_plain, hidden)) else None

    def _is_plain(self, runtime: Runtime) -> bool:
        if id(runtime) not in self._plain:
            self._plain[id(runtime)] = is_plain(runtime)
        return self._plain[id(runtime)]


def _own(runtime: Runtime | None, own: Mapping[str, Runtime]) -> Runtime | None:
    """Return the runtime of the namespace where it is that of all of its kind."""
    is_one = runtime is not None and runtime.metadata.namespace == NAMESPACE
    return own[runtime.name] if runtime is not None and is_one else runtime


def is_plain(runtime: Runtime) -> bool:
    """Tell whether placeholders put nothing but names into texts that decide nothing.

    These are arguments, commands and the values of variables. The labels that KServe itself
    sets for its servers are in the shape of a service.
    """
    containers = runtime.spec.containers or ()
    texts = [text for c in containers for text in (*(c.args or ()), *(c.command or ()))]
    texts += [item.get("value") for c in containers for item in c.env or ()]
    whole, parts = msgspec.json.encode(runtime.spec), msgspec.json.encode(texts)
    is_named = whole.count(b"{{") == len(_PLAIN.findall(parts))
    return is_named and b"{{{" not in whole and not count_marks(whole)


def _filled(found: Resolution, own: Own) -> Resolution:
    pods = {"pod": filled(found.pod, own), "workers": filled(found.workers, own)}
    return replace(found, **pods, held=filled(found.held, own))
