"""Namespaces whose runtimes are alike: to whoever is resolved they are one namespace.

A move into namespaces makes the same copies in hundreds of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec
from msgspec.structs import replace

from migrate.kserve.config import Config
from migrate.kserve.marks import NAMESPACE
from migrate.kserve.runtimes import Runtime, Runtimes


class Kinds:
    """The kinds of namespaces under a configuration, each told by what its runtimes say.

    ``configs`` are the configurations by kind: the namespace of its runtimes is the mark for
    any namespace.
    """

    def __init__(self, config: Config) -> None:
        self.configs: dict[bytes, Config] = {}
        self._config = config
        self._known: dict[str, bytes] = {}

    def of(self, namespace: str) -> bytes:
        """Return the kind of a namespace."""
        if namespace not in self._known:
            runtimes = self._config.runtimes
            own = list(_anonymous(runtimes.of(namespace).values()))
            kind = self._known[namespace] = msgspec.msgpack.encode(own)
            if kind not in self.configs:
                near = Runtimes([*runtimes.of("").values(), *own])
                self.configs[kind] = replace(self._config, runtimes=near)
        return self._known[namespace]


def _anonymous(runtimes: Collection[Runtime]) -> Iterator[Runtime]:
    """Yield runtimes without what tells one namespace from another.

    Of their age the order is left, by no more KServe goes (``sortServingRuntimeList`` in
    ``predictor_model.go``, 0.9 to 0.20), and the order in which they were read: 0.8 has no other.
    """
    ages = {runtime.metadata.creation_timestamp for runtime in runtimes}
    ranks = {age: f"{at:06}" for at, age in enumerate(sorted(age for age in ages if age))}
    for runtime in runtimes:
        age = runtime.metadata.creation_timestamp
        meta = replace(
            runtime.metadata,
            namespace=NAMESPACE,
            uid="",
            resource_version="",
            generation=0,
            creation_timestamp=ranks[age] if age else age,
            owner_references=None,
        )
        yield replace(runtime, metadata=meta)
