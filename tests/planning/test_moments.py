"""When an upgrade was, by the ReplicaSets of KServe's controller; also one that was given up."""

from __future__ import annotations

import pytest

from migrate.kserve.releases import parse_release
from migrate.kserve.replicas import Kept
from migrate.planning.former.moments import Moment, moment_of

CONFIG = {
    "metadata": {
        "managedFields": [
            {"time": "2026-11-09T00:00:00Z", "fieldsV1": {"f:data": {"f:deploy": {}}}},
            {"time": "2026-11-10T00:00:00Z", "fieldsV1": {"f:metadata": {}}},
        ]
    }
}


def controllers(told: str) -> list[Kept]:
    """The ReplicaSets told by release and numbers; each made on the day of its first number."""
    return [_kept(*one.split(":")) for one in told.split()]


def _kept(release: str, numbers: str) -> Kept:
    known = tuple(sorted(map(int, numbers.split(","))))
    image, owner = f"kserve/kserve-controller:v{release}", "kserve-controller-manager"
    made = f"2026-11-{known[0]:02}T00:00:00Z"
    return Kept("Deployment", "kserve", owner, f"number-{known[0]}", made, known, image)


def found(running: str, told: str) -> Moment:
    return moment_of(controllers(told), parse_release(running), CONFIG)


@pytest.mark.parametrize(
    ("told", "first"),
    [
        ("0.9.0:1 0.10.2:2", 2),
        ("0.9.0:1 0.10.2:2 0.10.2:3", 2),
        ("0.8.0:1 0.9.0:2 0.10.2:3", 3),
        ("0.9.0:1 0.10.2:2 0.9.0:3 0.10.2:4", 4),
    ],
    ids=["plainly", "restarted since", "the last of two", "again after it was given up"],
)
def test_the_first_with_the_release_that_runs_tells_when_it_came(told: str, first: int) -> None:
    moment = found("0.10.2", told)
    assert str(moment.release) == "0.9.0"
    assert moment.by == f"number-{first} is the controller's first ReplicaSet with KServe 0.10.2"
    assert moment.at == f"2026-11-{first:02}T00:00:00Z"


@pytest.mark.parametrize(
    "told",
    [
        "0.9.0:1 0.10.2:2 0.9.0:3",
        "0.9.0:1,3 0.10.2:2",
        "0.9.0:1,4 0.10.2:2 0.10.2:3",
        "0.9.0:1 0.10.2:2 0.11.2:3 0.9.0:4 0.9.0:5",
        "0.9.0:1,3,5 0.10.2:2,4",
    ],
    ids=["another ReplicaSet", "the same one again", "restarted", "two newer ones", "tried twice"],
)
def test_of_an_upgrade_that_was_given_up_it_is_when_that_began(told: str) -> None:
    """What it left is not what was before it."""
    moment = found("0.9.0", told)
    assert str(moment.release) == "0.9.0"
    assert moment.at == "2026-11-02T00:00:00Z"
    assert moment.by.endswith("first ReplicaSet with KServe 0.10.2, which was given up")


def test_an_older_release_that_was_not_there_before_is_no_upgrade_given_up() -> None:
    moment = found("0.9.0", "0.10.2:1 0.9.0:2")
    assert (str(moment.release), moment.at) == ("0.10.2", "2026-11-02T00:00:00Z")
    assert "given up" not in moment.by


@pytest.mark.parametrize("told", ["", "0.9.0:1 0.9.0:2"])
def test_where_there_is_no_other_release_the_configmap_tells(told: str) -> None:
    moment = found("0.9.0", told)
    assert (moment.at, moment.release) == ("2026-11-09T00:00:00Z", None)


def test_a_controller_that_is_replaced_just_now_tells_nothing_yet() -> None:
    """The newest ReplicaSet is not of the release that runs: its rollout has not come that far."""
    assert found("0.9.0", "0.9.0:1 0.10.2:2").at == "2026-11-09T00:00:00Z"
