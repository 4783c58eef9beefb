"""For any cluster: what a plan promises of an upgrade is so, on the objects as it leaves them."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.planning.model.codes import (
    FOLLOWS,
    LOST_BY_UPGRADE,
    LOST_BY_WRITE,
    NO_IMAGE_AFTER,
    NOT_CONVERTIBLE,
    NOT_HELD,
    REGAINED,
    TAKEN,
)
from migrate.planning.world.held import same
from migrate.planning.world.snapshot import Snapshot
from tests.planning.converting import GPU, MLSERVER, REGISTRY, SKLEARN, upgraded
from tests.planning.converting import old as framework
from tests.planning.copies import cluster, isvc
from tests.planning.holding import done, holding, images, later, named, written

WAYS = {
    "0.7.0": ("0.8.0", "0.9.0"),
    "0.8.0": ("0.9.0", "0.10.2"),
    "0.9.0": ("0.10.2", "0.11.2", "0.16.0"),
    "0.15.2": ("0.16.0", "0.20.0"),
}
ENTRIES = {
    "sklearn_v1": SKLEARN,
    "sklearn_v2": MLSERVER,
    "xgboost_v1": "registry.example.com:5000/ml/xgb",
    "tensorflow": f"{REGISTRY}/tf",
    "onnx": f"{REGISTRY}/onnx",
}
FORMATS = ("sklearn", "xgboost", "tensorflow", "pytorch", "onnx", "lightgbm", "triton")
PINS = {"tensorflow": "1.14.0", "pytorch": "0.4.1", "onnx": "v1.0.0", "triton": "21.09-py3"}
EDITED = ("kserve-sklearnserver", "kserve-mlserver", "kserve-xgbserver")
TOLD = (LOST_BY_UPGRADE, LOST_BY_WRITE, NO_IMAGE_AFTER, NOT_HELD, NOT_CONVERTIBLE, TAKEN)


@st.composite
def services(draw: st.DrawFn, *, knows_model: bool, reads: bool) -> list[dict[str, Any]]:
    found = []
    for number in range(draw(st.integers(1, 4))):
        name, format_ = f"s{number}", draw(st.sampled_from(FORMATS))
        more: dict[str, Any] = {}
        if draw(st.booleans()):
            more["image"] = draw(st.sampled_from(("own/x:1", "own/x", f"own/x@sha256:{'b' * 64}")))
        if format_ in ("sklearn", "xgboost") and draw(st.booleans()):
            more |= {"protocolVersion": "v2", "runtimeVersion": "0.2.1"}
        where = draw(st.sampled_from(("team", "other")))
        if not reads or (knows_model and draw(st.booleans())):
            found.append(isvc(name, format_, namespace=where, **more))
            continue
        more.setdefault("runtimeVersion", PINS.get(format_, "v0.7.0"))
        if format_ == "tensorflow" and draw(st.booleans()):
            more |= {"runtimeVersion": f"{more['runtimeVersion']}-gpu", "resources": GPU}
        found.append(framework(name, format_, namespace=where, **more))
    return found


class Drawn(NamedTuple):
    """A cluster in short, and the releases that it is upgraded to."""

    release: str
    services: list[dict[str, Any]]
    entries: set[str]
    edited: set[str]
    way: tuple[str, ...]

    def snapshot(self) -> Snapshot:
        """The cluster, which stands still."""
        edited = {name: f"{REGISTRY}/{name}:ours" for name in self.edited}
        if self.release == "0.15.2":
            return cluster(self.release, *self.services, images=edited)
        entries = {name: ENTRIES[name] for name in self.entries}
        return upgraded(self.release, *self.services, runtimes=edited, **entries)


@st.composite
def clusters(draw: st.DrawFn) -> Drawn:
    release = draw(st.sampled_from(sorted(WAYS)))
    knows_model = release != "0.7.0"
    every = draw(services(knows_model=knows_model, reads=release != "0.15.2"))
    entries = draw(st.sets(st.sampled_from(sorted(ENTRIES))))
    edited = draw(st.sets(st.sampled_from(EDITED))) if knows_model else set()
    way = WAYS[release]
    return Drawn(release, every, entries, edited, way[: draw(st.integers(1, len(way)))])


@settings(max_examples=150, deadline=None)
@given(clusters())
def test_who_is_not_named_keeps_its_image_after_the_upgrade_and_once_written(drawn: Drawn) -> None:
    found, way = drawn.snapshot(), drawn.way
    made = holding(found, way[-1])
    lost, follows, regained = (
        {ref.name for ref in named(made, *codes)} for codes in (TOLD, [FOLLOWS], [REGAINED])
    )
    kept = done(found, made)
    before, now, world = images(later(found)), images(later(kept)), later(kept, *way)
    once = images(written(world))
    for name, image in images(world).items():
        if name in lost or not before[name]:
            continue
        assert image
        assert name in regained or now[name] == before[name]
        assert name in follows or (image == now[name] and same(once[name], image))
