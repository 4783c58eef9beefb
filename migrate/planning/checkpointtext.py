"""A checkpoint as JSON, written manifest by manifest: none is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from migrate.kserve import terms
from migrate.objects import Json, Manifest, canonical
from migrate.planning.checkpoint import Checkpoint, Meaning

_STREAMED = ("services", "runtimes", "meanings")


def kept(manifest: Manifest) -> Manifest:
    """Return a manifest as a checkpoint keeps it: all of it but for managedFields."""
    meta = {key: value for key, value in manifest["metadata"].items() if key != "managedFields"}
    return {**manifest, "metadata": meta}


class CheckpointText:
    """Hands the text of a checkpoint to ``add``, and counts what is in it.

    Services are written as they come; runtimes, which are few, with the rest.
    """

    def __init__(self, add: Callable[[bytes], None]) -> None:
        self.services = self.unresolved = 0
        self._add = add
        self._runtimes: list[bytes] = []
        add(b'{"services":[')

    @property
    def runtimes(self) -> int:
        """Count the runtimes so far."""
        return len(self._runtimes)

    def keep(self, manifest: Json) -> None:
        """Take a service or a runtime."""
        raw = canonical(kept(manifest))
        if manifest["kind"] != terms.INFERENCE_SERVICE:
            self._runtimes.append(raw)
            return
        self._add(b"," + raw if self.services else raw)
        self.services += 1

    def end(self, rest: Checkpoint, meanings: Iterable[Meaning]) -> None:
        """Write the meanings, and of ``rest`` what was not written yet."""
        self._add(b'],"runtimes":[' + b",".join(self._runtimes) + b'],"meanings":[')
        for number, one in enumerate(meanings):
            raw = canonical(one)
            self._add(b"," + raw if number else raw)
            self.unresolved += one.resolved is None
        fields = [each for each in msgspec.structs.fields(rest) if each.name not in _STREAMED]
        others = {each.encode_name: getattr(rest, each.name) for each in fields}
        self._add(b"]," + canonical(others)[1:])
