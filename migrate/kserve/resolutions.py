"""What many services get: resolved once for each shape, and filled in for each service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec
from msgspec.structs import replace

from migrate.kserve.config import Config
from migrate.kserve.legacy import is_unmarked
from migrate.kserve.marks import count_marks
from migrate.kserve.refusals import specs_of
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.resolver import resolve
from migrate.kserve.runtimes import Runtime
from migrate.kserve.shapes import Own, Services, Shape, filled
from migrate.kserve.storage import is_foreign
from migrate.objects import ObjectRef

_PLAIN = re.compile(rb"\{\{ *\.(?:Name|Namespace|Labels\.(?:modelClass|serviceEnvelope)) *\}\}")


class Resolutions(Mapping[ObjectRef, Resolution]):
    """What each service gets under a configuration; filled in when it is asked for."""

    def __init__(self, services: Services, config: Config) -> None:
        self.services, self._config = services, config
        # By the number of a shape, and the namespace where that has runtimes of its own.
        self._shared: dict[tuple[int, str], Resolution | None] = {}
        self._found: dict[ObjectRef, Resolution] = {}
        self._alone: set[ObjectRef] = set()
        self._plain: dict[ObjectRef, bool] = {}

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
                found = resolve(self.services[ref], self._config)
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
        namespace = ref.namespace if self._config.runtimes.of(ref.namespace) else ""
        variety = (shape.number, namespace)
        if variety not in self._shared:
            self._shared[variety] = self._resolved(shape, namespace)
        return self._shared[variety]

    def _resolved(self, shape: Shape, namespace: str) -> Resolution | None:
        service = shape.in_namespace(namespace)
        if any(is_foreign(spec, self._config.rules) for spec in specs_of(service.spec.predictor)):
            return None  # its storageUri is judged as a whole
        found = resolve(service, self._config)
        if found.runtime is not None:
            return found if self._is_plain(found.runtime) else None
        # A runtime may have failed, and was not named; a framework field asks none.
        asks = service.spec.predictor.model is not None or is_unmarked(service)
        is_hidden = asks and found.verdict is Verdict.BROKEN
        hidden = self._config.runtimes.everywhere if is_hidden else ()
        return found if all(map(self._is_plain, hidden)) else None

    def _is_plain(self, runtime: Runtime) -> bool:
        if runtime.ref not in self._plain:
            self._plain[runtime.ref] = is_plain(runtime)
        return self._plain[runtime.ref]


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
