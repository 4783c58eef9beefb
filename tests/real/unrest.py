"""Reconciles that nobody planned: pods that die and workloads that are scaled, at random."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from tests.testbed.api import Api, ApiError, Manifest, basic_object

_SECONDS = 0.2
"""Between two of them: each has the controller reconcile a service or two."""


@contextmanager
def unrest(api: Api, namespaces: Iterable[str], seed: int) -> Iterator[list[str]]:
    """Delete pods and scale Deployments for as long as the block runs; yield what was done."""
    done: list[str] = []
    over, dice, names = Event(), random.Random(seed), tuple(namespaces)

    def go_on() -> None:
        while not over.wait(_SECONDS):
            done.extend(_disturb(api, dice, dice.choice(names)))

    thread = Thread(target=go_on)
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()


def _disturb(api: Api, dice: random.Random, namespace: str) -> list[str]:
    act, kind = dice.choice(((_delete_pod, ("v1", "Pod")), (_scale, ("apps/v1", "Deployment"))))
    found = api.list(*kind, namespace)
    if not found:
        return []
    chosen = dice.choice(found)
    try:
        act(api, chosen)
    except ApiError as error:
        # The controllers write at the same time.
        if error.status not in (404, 409):
            raise
        return []
    return [f"{act.__name__} {namespace}/{chosen['metadata']['name']}"]


def _delete_pod(api: Api, pod: Manifest) -> None:
    api.delete(pod)


def _scale(api: Api, deployment: Manifest) -> None:
    meta = deployment["metadata"]
    named = basic_object("apps/v1", "Deployment", meta["name"], meta["namespace"])
    replicas = 1 + deployment["spec"].get("replicas", 1) % 2
    api.patch(named, {"spec": {"replicas": replicas}}, subresource="scale")
