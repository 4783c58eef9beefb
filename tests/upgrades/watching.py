"""Every image that a service was given while somebody looked: a watch of what KServe writes."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import urllib3

from tests.real.world import CONFIG
from tests.testbed.api import Api, ApiError, Manifest
from tests.testbed.kserve import KNATIVE, KServe
from tests.upgrades.images import service_of, workload_of

_KINDS = ((KNATIVE, "Service"), ("apps/v1", "Deployment"), ("v1", "ConfigMap"))
_SECONDS = 600


@dataclass
class Seen:
    """What was seen: images by service, texts of `predictors` (None where there is no such key).

    ``ended`` are the kinds whose watch broke off: what came after it was not seen.
    """

    images: dict[str, set[str]] = field(default_factory=dict)
    predictors: set[str | None] = field(default_factory=set)
    ended: list[str] = field(default_factory=list)

    def note(self, manifest: Manifest) -> None:
        """Note one object as it is at a moment."""
        if manifest["metadata"] | CONFIG["metadata"] == manifest["metadata"]:
            self.predictors.add(manifest.get("data", {}).get("predictors"))
        elif manifest["kind"] != CONFIG["kind"] and (name := service_of(manifest)):
            self.images.setdefault(name, set()).add(workload_of(manifest).image)


@contextmanager
def watched(kserve: KServe) -> Iterator[Seen]:
    """Look at a cluster, from what there is on, until the end of the block."""
    seen, stop, api = Seen(), threading.Event(), Api(kserve.admin)
    for api_version, kind in _KINDS:
        events = api.watch(api_version, kind, "", "", _SECONDS)
        arguments = (kind, events, seen, stop)
        threading.Thread(target=_look, args=arguments, daemon=True).start()
    try:
        yield seen
    finally:
        stop.set()
        api.close()
    assert not seen.ended


def _look(kind: str, events: Generator[Manifest], seen: Seen, stop: threading.Event) -> None:
    try:
        for event in events:
            if stop.is_set():
                return
            if event["type"] in ("ADDED", "MODIFIED"):
                seen.note({"kind": kind, **event["object"]})
    except (urllib3.exceptions.HTTPError, OSError, ApiError, ValueError):
        pass
    if not stop.is_set():
        seen.ended.append(kind)
