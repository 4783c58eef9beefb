"""What a plan that brings former images back tells of services and of its source."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from msgspec import UNSET

from migrate.kserve.shapes import Services
from migrate.planning.model.desired import Selection
from tests.planning.converting import (
    SKLEARN,
    copies,
    found,
    names,
    old,
    upgraded,
)
from tests.planning.copies import SKLEARN as RUNTIME
from tests.planning.copies import cluster, isvc
from tests.planning.formerly import INTO, after_upgrade, brought, former_of, lots, texts


def test_who_had_not_taken_up_what_was_set_is_told() -> None:
    before = upgraded("0.9.0", old("iris"), sklearn_v1=SKLEARN)
    stock = "kserve/sklearnserver:v0.7.0"
    ran = dict.fromkeys(before.services, stock)
    now = after_upgrade(before, "0.9.0")
    made = brought(now, former_of(before, ran=ran))
    assert lots(made) == {"iris": (stock, f"{SKLEARN}:v0.7.0")}
    assert "was set then as well, and had not reached them" in texts(made, "KM533")


def test_who_has_another_runtime_now_is_told_once() -> None:
    """0.8 took a runtime whatever the protocol; 0.9 looks at that, too."""
    before = cluster("0.8.0", isvc("two", protocolVersion="v2"))
    made = brought(after_upgrade(before, "0.9.0"), former_of(before))
    assert names(made, "KM533") == ["two"]
    assert "ClusterServingRuntime kserve-mlserver decides about it" in texts(made, "KM533")
    assert not found(made, "KM534")


def test_who_is_gone_or_new_is_told() -> None:
    before = cluster("0.15.2", isvc("iris", protocolVersion="v1"), isvc("gone"))
    now = after_upgrade(
        cluster("0.15.2", isvc("iris", protocolVersion="v1"), isvc("new")), "0.16.0"
    )
    made = brought(now, former_of(before))
    assert names(made, "KM538") == ["gone", "new"]


@pytest.mark.parametrize("name", ["iris", "{{.Name}}"])
def test_a_service_of_the_same_name_that_was_made_anew_is_told(name: str) -> None:
    """Also one with placeholders: it is kept whole, and shares its shape with no other."""
    before = cluster("0.15.2", isvc("iris", protocolVersion="v1", args=[f"--model={name}"]))
    now = after_upgrade(before, "0.16.0")

    def with_uid(uid: str) -> Services:
        (one,) = before.services.values()
        meta = msgspec.structs.replace(one.metadata, uid=uid)
        return Services([msgspec.structs.replace(one, metadata=meta)])

    was = former_of(replace(before, services=with_uid("1")))
    made = brought(replace(now, services=with_uid("2")), was)
    assert "made anew" in texts(made, "KM538")
    same = brought(replace(now, services=with_uid("1")), was)
    assert not found(same, "KM538")


def test_a_backup_of_another_cluster_is_told() -> None:
    before = cluster("0.15.2", isvc("iris", protocolVersion="v1"))
    now = after_upgrade(before, "0.16.0")
    assert not found(brought(now, former_of(before)), "KM540")
    other = former_of(replace(before, cluster_uid="another"))
    assert "is of another cluster" in texts(brought(now, other), "KM540")
    untold = former_of(replace(before, cluster_uid=""))
    assert "does not tell its cluster" in texts(brought(now, untold), "KM540")


def test_those_outside_the_selection_count_for_nothing() -> None:
    services = [isvc("iris", protocolVersion="v1"), isvc("far", namespace="other")]
    before = cluster("0.15.2", *services)
    now = after_upgrade(before, "0.16.0")
    chosen = Selection(namespaces=("team",))
    made = brought(now, former_of(before), selection=chosen, **INTO)
    assert set(copies(made)) >= {f"team/{RUNTIME}"}
    assert not [name for name in copies(made) if name.startswith("other/")]
    assert lots(made)["far"][0] is UNSET
