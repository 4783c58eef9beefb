"""What a container is taken for is right for every container that a real controller wrote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from migrate.kserve.containers import Container, container_manifest
from migrate.kserve.likeness import FIELDS, texts
from migrate.kserve.resolution import Verdict
from migrate.kserve.resolver import resolve
from tests.differential.prediction import Case, service_of
from tests.differential.record import load
from tests.differential.test_verdicts import RELEASES

Json = Any


def _pairs(release: str) -> Iterator[tuple[str, Json, Json]]:
    for cluster, verdict in load(release):
        if "crashed" in verdict:
            continue
        case = Case(cluster, verdict)
        for name, _, one in case.services():
            if one["denied"] is not None or one["failed"]:
                continue
            service = service_of(one["stored"])
            told = resolve(service, case.config)
            workloads = {item["name"]: item for item in one["workloads"]}
            found = workloads.get(case.workload_name(service))
            if found and told.pod is not None and told.verdict is not Verdict.CANNOT_TELL:
                yield name, told.pod.container, found["spec"]["containers"][0]


@pytest.mark.parametrize("release", RELEASES)
def test_what_was_just_reconciled_is_alike(release: str) -> None:
    count = 0
    for name, told, found in _pairs(release):
        record = msgspec.convert(found, Container)
        ours, theirs = texts(told), texts(container_manifest(record))
        differing = [f for f, a, b in zip(FIELDS, ours, theirs, strict=True) if a != b]
        assert not differing, (name, differing, ours, theirs)
        count += 1
    assert count
