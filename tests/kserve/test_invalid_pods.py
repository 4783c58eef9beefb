"""Pods that the API server takes into no Deployment: what a merge may bring about."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.kserve.building import BuildError, Pod, refuse_invalid

SECRET = {"secretKeyRef": {"name": "s", "key": "k"}}


def pod(*containers: dict[str, Any], **fields: Any) -> Pod:
    return Pod(containers, fields)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (pod({"name": "a"}, {"name": "a"}), "one name: a, a"),
        (
            pod({"name": "a", "env": [{"name": "V", "value": "1", "valueFrom": SECRET}]}),
            "variable V has a value and a valueFrom",
        ),
        (pod({"name": "a", "volumeMounts": [{"name": "v"}]}), "no volume 'v'"),
        (pod({"name": "a", "volumeMounts": [{"name": "v"}]}, volumes=[{"name": "w"}]), "'v'"),
    ],
)
def test_these_are_refused(made: Pod, reason: str) -> None:
    with pytest.raises(BuildError, match=reason):
        refuse_invalid(made)


def test_these_are_not() -> None:
    env = [{"name": "V", "value": "1"}, {"name": "W", "valueFrom": SECRET}]
    mounted = {"name": "b", "env": env, "volumeMounts": [{"name": "v"}]}
    refuse_invalid(pod({"name": "a"}, mounted, volumes=[{"name": "v"}]))
