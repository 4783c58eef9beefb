"""What services ran before an upgrade, and what of it was set globally."""

from __future__ import annotations

from typing import Any

from migrate.planning.former.former import Former, FormerService, Source
from migrate.planning.former.history import Ran, Told, from_history
from migrate.planning.former.moments import Moment
from migrate.planning.world.worlds import world_of
from tests.planning.converting import old
from tests.planning.copies import cluster, isvc

GPU = {"resources": {"limits": {"nvidia.com/gpu": "1"}}}
IMAGE = "registry.example.com/ml/serving:1"
MOMENT = Moment("2026-11-01T10:00:00Z", "it is known")


def history(images: dict[str, str], *services: dict[str, Any]) -> Former:
    """What services of a cluster of today tell, that ran these images."""
    found = cluster("0.16.0", *services, images={})
    assert found.rules is not None
    source = Source("2026-11-01T08:00:00Z", "ReplicaSets")
    ran = {
        ref: FormerService(service=ref, image=images[ref.name], source=source)
        for ref in found.services
        if ref.name in images
    }
    return from_history(world_of(found, found.rules), MOMENT, Ran(ran), (), ())


def flow(name: str, **more: Any) -> dict[str, Any]:
    return isvc(name, "tensorflow", protocolVersion="v1", **more)


def inferred(found: Former) -> dict[str, tuple[str, int]]:
    return {one.entry: (one.image, one.inferred) for one in found.images}


def test_the_ending_that_kserve_adds_for_gpus_is_not_inferred() -> None:
    found = history({"a": f"{IMAGE}-gpu"}, flow("a", **GPU))
    assert inferred(found) == {"runtime/kserve-tensorflow-serving": (IMAGE, 1)}
    (one,) = found.services
    assert (one.image, one.entry, one.is_set) == (f"{IMAGE}-gpu", found.images[0].entry, True)


def test_services_without_a_gpu_decide_where_there_are_some() -> None:
    ran = {"a": f"{IMAGE}-gpu", "b": IMAGE, "c": IMAGE}
    found = history(ran, flow("a", **GPU), flow("b"), flow("c"))
    assert inferred(found) == {"runtime/kserve-tensorflow-serving": (IMAGE, 2)}
    assert all(one.is_set for one in found.services)


def test_who_names_its_image_itself_tells_nothing_of_what_was_set() -> None:
    found = history({"a": "own/image:1"}, flow("a", image="own/image:1"))
    assert inferred(found) == {}
    assert [(one.entry, one.is_set) for one in found.services] == [("", False)]


def test_of_whom_nothing_is_kept_is_a_gap() -> None:
    found = history({}, *(flow(name) for name in "abcde"))
    assert found.gaps == (
        "what 5 services ran before is not told: team/a, team/b, team/c and 2 more",
    )


def test_an_image_without_a_repository_was_run_by_nobody_whoever_tells_it() -> None:
    """As a run of kmigrate recorded it, of a service that its `predictors` gave no name."""
    found = cluster("0.9.0", old("flow", "tensorflow"), images={})
    assert found.rules is not None
    (ref,) = found.services
    source = Source("2026-11-01T08:00:00Z", "a run")
    ran = FormerService(service=ref, image=":1.14.0", source=source)
    told = Told(Former(release="0.8.0", sources=(source,), services=(ran,)), is_seen=True)
    made = from_history(world_of(found, found.rules), MOMENT, Ran({}), (told,), ())
    assert (made.images, made.services) == ((), ())
    assert made.gaps == ("what 1 service ran before is not told: team/flow",)
