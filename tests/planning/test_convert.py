"""Services that 0.7 stored, converted under 0.8 and 0.9: their images stay, or it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.kserve.image import parse_image
from migrate.operations.model import Holds
from migrate.planning.model.desired import Selection
from migrate.planning.model.plan import Outlook
from tests.planning.converting import (
    GPU,
    MLSERVER,
    REGISTRY,
    RELEASES,
    SKLEARN,
    blocked,
    converted,
    converting,
    copies,
    found,
    names,
    old,
    upgraded,
)
from tests.planning.copies import plan


@pytest.mark.parametrize("release", RELEASES)
def test_a_converted_service_keeps_its_image_and_its_pods(release: str) -> None:
    made = converting(upgraded(release, old("iris", protocolVersion="v1"), sklearn_v1=SKLEARN))
    (row,) = made.forecast
    images = {row.now, row.after_reconcile, row.after_plan, row.after_rollback}
    assert images == {f"{SKLEARN}:v0.7.0"}
    assert (row.outlook, row.restarts) == (Outlook.UNCHANGED, False)
    assert [parse_image(image).repository for image in copies(made).values()] == [SKLEARN]
    assert converted(made) == ["iris"]
    assert blocked(made) == set()
    assert names(made, "KM240") == ["iris"]
    assert not found(made, "KM241")


def test_each_pin_keeps_its_tag() -> None:
    services = [old("iris"), old("wine", runtimeVersion="v0.6.1"), old("far", namespace="other")]
    made = converting(upgraded("0.9.0", *services, sklearn_v1=SKLEARN))
    assert {row.service.name: row.after_plan for row in made.forecast} == {
        "iris": f"{SKLEARN}:v0.7.0",
        "wine": f"{SKLEARN}:v0.6.1",
        "far": f"{SKLEARN}:v0.7.0",
    }
    assert set(copies(made)) == {"team/kserve-sklearnserver", "other/kserve-sklearnserver"}
    assert blocked(made) == set()


@pytest.mark.parametrize("release", RELEASES)
def test_a_gpu_service_keeps_the_tag_that_it_is_pinned_to(release: str) -> None:
    one = old("flow", "tensorflow", runtimeVersion="1.14.0-gpu", resources=GPU)
    made = converting(upgraded(release, one, tensorflow=f"{REGISTRY}/tf"))
    (row,) = made.forecast
    assert {row.now, row.after_plan} == {f"{REGISTRY}/tf:1.14.0-gpu"}
    assert row.settings == ("args --rest_api_timeout_in_ms",)
    assert [one.text for one in found(made, "KM241")] == [
        "new pods by the conversion, with the same image: args --rest_api_timeout_in_ms"
    ]


@pytest.mark.parametrize("release", RELEASES)
def test_mlserver_gets_its_variables_in_another_order_and_that_is_awaited(release: str) -> None:
    made = converting(upgraded(release, old("two", protocolVersion="v2"), sklearn_v2=MLSERVER))
    (row,) = made.forecast
    assert (row.after_plan, row.outlook, row.restarts) == (
        f"{MLSERVER}:v0.7.0",
        Outlook.CHANGES,
        True,
    )
    assert "the order of env" in found(made, "KM241")[0].text
    awaited = [c for stage in made.apply for c in stage.conditions if isinstance(c, Holds)]
    paths = [one.path for one in awaited]
    assert paths[0] == "/spec/predictor/model/modelFormat/name"
    assert any("/env/" in path and path.endswith("/name") for path in paths)


def test_own_variables_and_flags_stay() -> None:
    own: dict[str, Any] = {"env": [{"name": "A", "value": "b"}], "args": ["--x=1"]}
    made = converting(upgraded("0.9.0", old("iris", **own), sklearn_v1=SKLEARN))
    assert [(row.outlook, row.settings) for row in made.forecast] == [(Outlook.UNCHANGED, ())]


def test_workers_of_the_framework_form_are_told_where_a_runtime_does_not_set_them() -> None:
    one = old("iris", predictor={"containerConcurrency": 3})
    made = converting(upgraded("0.9.0", one, sklearn_v1=SKLEARN))
    assert [row.settings for row in made.forecast] == [("args --workers",)]


def test_copies_come_before_the_services_are_converted() -> None:
    services = [old(f"iris{number:02}") for number in range(12)]
    made = converting(upgraded("0.9.0", *services, sklearn_v1=SKLEARN))
    writes = [bool(stage.operations) for stage in made.apply]
    counts = [len(stage.activations) for stage in made.apply]
    assert (writes, counts) == ([True, False, False], [0, 10, 2])


def test_who_depends_on_what_the_release_ships_is_left_alone() -> None:
    made = converting(upgraded("0.9.0", old("iris"), old("wine", "xgboost"), sklearn_v1=SKLEARN))
    assert converted(made) == ["iris"]
    (one,) = found(made, "KM234")
    assert [ref.name for ref in one.objects] == ["wine"]
    assert "they stay in the framework form" in one.text
    assert "--convert" not in one.fix


def test_an_image_of_its_own_depends_on_nothing() -> None:
    made = converting(upgraded("0.9.0", old("iris", image="own/x:1"), sklearn_v1=SKLEARN))
    assert (converted(made), made.operations) == ([], ())


def test_only_who_is_selected_is_converted() -> None:
    services = [old("iris"), old("far", namespace="other")]
    cluster_now = upgraded("0.9.0", *services, sklearn_v1=SKLEARN)
    made = converting(cluster_now, selection=Selection(namespaces=("other",)))
    assert (converted(made), set(copies(made))) == (["far"], {"other/kserve-sklearnserver"})
    assert blocked(made) == set()


def test_without_the_flag_nobody_is_converted_and_the_flag_is_named() -> None:
    made = plan(upgraded("0.9.0", old("iris"), sklearn_v1=SKLEARN))
    assert (converted(made), copies(made)) == ([], {})
    (one,) = found(made, "KM234")
    assert "--convert" in one.fix
